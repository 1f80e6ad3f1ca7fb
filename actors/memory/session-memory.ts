import type { Clock } from '../../machines/clock.ts';
import { type ErrorRecord, errorRecord, ParleyError } from '../../machines/errors.ts';
import type { KernelEvent } from '../../machines/kernel.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { MemoryEvent } from '../../machines/session/events.ts';
import { together } from '../../machines/session/memory/known.ts';
import type { MemoryPort } from '../ports/memory.ts';
import { similarity } from './similarity.ts';

/** The memory of a session; undefined if there is none for it. `emit` is not called before this returns. */
export function sessionMemory(
  {
    memory,
    clock,
    parameters,
  }: {
    readonly memory?: MemoryPort | undefined;
    readonly clock: Clock;
    readonly parameters: Pick<SessionParameters, 'deadlines'>;
  },
  { session, user }: { readonly session: string; readonly user?: string },
  emit: (event: MemoryEvent) => void,
): SessionMemory | undefined {
  if (!memory || (memory.usersOnly && user === undefined)) return undefined;
  const { memoryMs: timeoutMs } = parameters.deadlines;
  const made = new SessionMemory({ memory, session, user, clock, timeoutMs, emit });
  made.prefetch();
  return made;
}

export interface SessionMemoryDeps {
  readonly memory: MemoryPort;
  readonly session: string;
  readonly user?: string | undefined;
  readonly clock: Clock;
  /** Time limit of a request, ms. */
  readonly timeoutMs: number;
  /** Receives what comes outside of a recall. */
  readonly emit: (event: MemoryEvent) => void;
}

interface Request {
  readonly text: string;
  readonly facts: Promise<readonly string[]>;
  /** No reply waits for it: its facts are emitted. */
  late: boolean;
}

/** Words that are as alike as this have the same answer. */
const SAME = 0.9;
/** Words so far that are worth a request, in UTF-16 units: two Chinese words, or one of another language. */
const FEW_CHARS = 4;
/** Bounds of what a memory may answer: facts, and characters of each. */
const MAX_FACTS = 20;
const MAX_FACT_CHARS = 500;

/**
 * The memory of one session. No reply waits for it longer than it wants to: a request goes on when no reply waits for it,
 * and its facts are emitted as an event. Requests begin before they are needed: at the onset of speech with what is known
 * of the user anyway, and with the words so far.
 */
export class SessionMemory {
  readonly #deps: SessionMemoryDeps;
  readonly #running = new Set<Request>();
  readonly #over = new AbortController();
  #emitted: readonly string[] = [];

  constructor(deps: SessionMemoryDeps) {
    this.#deps = deps;
  }

  /** Begins requests that an event makes likely. */
  foresee(event: KernelEvent): void {
    if (event.type === 'speech.start') this.prefetch();
    else if (event.type === 'transcript.partial' && event.text.length >= FEW_CHARS) this.#warm(event.text);
  }

  /** Asks for what is known of the user whatever they say, and emits what is new in it. */
  prefetch(): void {
    if (this.#deps.user === undefined || [...this.#running].some(({ text }) => text === '')) return;
    this.#emitLater(this.#request(''));
  }

  /** Has what is recalled for these words in the cache, which only users have. */
  #warm(text: string): void {
    const busy = [...this.#running].some((one) => one.text !== '');
    if (this.#deps.user !== undefined && !busy) this.#request(text);
  }

  /** Facts for `text`. After `withinMs` none, and once `signal` aborts CANCELLED: then they are emitted when they come. */
  recall(text: string, signal: AbortSignal, withinMs?: number): Promise<readonly string[]> {
    const request =
      [...this.#running].find((one) => similarity(one.text, text) > SAME) ?? this.#request(text);
    return new Promise((resolve, reject) => {
      const leave = (settle: () => void) => () => {
        timer?.cancel();
        signal.removeEventListener('abort', abandon);
        settle();
      };
      const later = (settle: () => void) =>
        leave(() => {
          this.#emitLater(request);
          settle();
        });
      const abandon = later(() => reject(new ParleyError('CANCELLED')));
      const timer =
        withinMs === undefined
          ? undefined
          : this.#deps.clock.setTimer(
              withinMs,
              later(() => resolve([])),
            );
      signal.addEventListener('abort', abandon, { once: true });
      request.facts.then(
        (facts) => leave(() => resolve(facts))(),
        (error) => leave(() => reject(error))(),
      );
    });
  }

  close(): void {
    this.#over.abort();
  }

  /** Reports a failure without a waiting reply. */
  fail(thrown: unknown): void {
    const error: ErrorRecord = errorRecord(thrown, 'MEMORY_FAILED');
    if (!this.#over.signal.aborted) this.#deps.emit({ type: 'memory.failed', error });
  }

  #request(text: string): Request {
    const request: Request = { text, facts: this.#ask(text), late: false };
    this.#running.add(request);
    // One that began early and fails is asked again when it is needed.
    const done = () => this.#running.delete(request);
    request.facts.then(done, done);
    return request;
  }

  async #ask(text: string): Promise<readonly string[]> {
    const { memory, session, user, clock, timeoutMs } = this.#deps;
    const own = new AbortController();
    const stop = () => own.abort(new ParleyError('CANCELLED'));
    this.#over.signal.addEventListener('abort', stop, { once: true });
    const timer = clock.setTimer(timeoutMs, () => own.abort(new ParleyError('MEMORY_TIMEOUT')));
    const late = new Promise<never>((_resolve, reject) => {
      own.signal.addEventListener('abort', () => reject(own.signal.reason), { once: true });
    });
    try {
      const request = { session, text, ...(user !== undefined && { user }) };
      return checked(await Promise.race([memory.recall(request, own.signal), late]));
    } finally {
      timer.cancel();
      this.#over.signal.removeEventListener('abort', stop);
    }
  }

  #emitLater(request: Request): void {
    if (request.late) return;
    request.late = true;
    request.facts.then(
      (facts) => this.#emit(facts),
      (error) => this.fail(error),
    );
  }

  #emit(facts: readonly string[]): void {
    const known = together(this.#emitted, facts);
    const nothingNew = facts.every((fact) => this.#emitted.includes(fact));
    this.#emitted = known.slice(-MAX_FACTS);
    if (!nothingNew && !this.#over.signal.aborted) this.#deps.emit({ type: 'memory.facts', facts });
  }
}

/** The facts of an answer, each one line. Throws MEMORY_FAILED for anything else. */
function checked(answer: unknown): readonly string[] {
  if (!Array.isArray(answer) || !answer.every((fact) => typeof fact === 'string'))
    throw new ParleyError('MEMORY_FAILED', 'its answer is not a list of facts');
  return answer
    .slice(0, MAX_FACTS)
    .map((fact) => fact.slice(0, MAX_FACT_CHARS).replace(/\s+/gu, ' ').trim())
    .filter((fact) => fact !== '');
}
