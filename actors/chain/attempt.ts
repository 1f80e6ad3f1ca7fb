import { type ErrorCode, ParleyError } from '../../machines/errors.ts';
import type { EngineKind } from '../subjects.ts';
import type { AskReason, ChainEventBody } from './events.ts';
import type { Latency } from './latency.ts';
import type { Member } from './member.ts';
import type { ChainOptions } from './options.ts';
import { isWellFormed, malformed } from './well-formed.ts';

export const FAILED = { stt: 'STT_FAILED', llm: 'LLM_FAILED', tts: 'TTS_FAILED' } as const satisfies Record<
  EngineKind,
  ErrorCode
>;
const TIMEOUT = { stt: 'STT_TIMEOUT', llm: 'LLM_TIMEOUT', tts: 'TTS_TIMEOUT' } as const satisfies Record<
  EngineKind,
  ErrorCode
>;

export interface AttemptContext {
  readonly kind: EngineKind;
  readonly options: ChainOptions;
  readonly emit: (event: ChainEventBody) => void;
  /** Called once, when nothing of it is left. */
  readonly onOver: () => void;
}

/** Asks an engine. `whole`: the answer is wanted whole, so the engine need not stream it. */
export type Open<Engine, Event> = (
  engine: Engine,
  signal: AbortSignal,
  whole: boolean,
) => AsyncIterable<Event>;

/** One request to one engine. It ends exactly once: `succeed`, `fail` or `abandon`; the engine is aborted unless it had ended. */
export class Attempt<Engine extends { readonly name: string }, Event> {
  readonly member: Member<Engine>;
  /** Whether the engine is asked for its answer as a whole. */
  readonly whole: boolean;
  readonly reason: AskReason;
  readonly #context: AttemptContext;
  readonly #events: AsyncIterator<Event>;
  readonly #controller = new AbortController();
  readonly #startedMs: number;
  readonly #ticket: number;
  readonly #streamsTicket: number;
  readonly #signal: AbortSignal;
  readonly #onAbort = () => this.abandon();
  #answered = false;
  #over = false;
  /** Since when the engine's next event is waited for. */
  #waitingMs: number | undefined;
  #reject: ((error: ParleyError) => void) | undefined;

  constructor(
    context: AttemptContext,
    member: Member<Engine>,
    reason: AskReason,
    open: Open<Engine, Event>,
    signal: AbortSignal,
  ) {
    this.#context = context;
    this.member = member;
    this.reason = reason;
    this.#signal = signal;
    this.whole = member.takeWhole();
    this.#ticket = member.breaker.ticket();
    this.#streamsTicket = member.streams.ticket();
    this.#startedMs = context.options.clock.nowMs();
    signal.addEventListener('abort', this.#onAbort, { once: true });
    const events = lazily(() => open(member.engine, this.#controller.signal, this.whole));
    this.#events = (this.whole ? gathered(events) : events)[Symbol.asyncIterator]();
  }

  /** True once part of the answer has come. */
  get answered(): boolean {
    return this.#answered;
  }

  /** The engine's next event. Rejects with what the engine ended with, with a time-out after `limitMs`, and with CANCELLED when the attempt is over. */
  next(limitMs?: number): Promise<IteratorResult<Event>> {
    if (this.#over) return Promise.reject(new ParleyError('CANCELLED'));
    const { kind, options } = this.#context;
    this.#waitingMs = options.clock.nowMs();
    return new Promise((resolve, reject) => {
      const timer =
        limitMs === undefined
          ? undefined
          : options.clock.setTimer(limitMs, () =>
              reject(new ParleyError(TIMEOUT[kind], `${this.member.engine.name}, ${Math.round(limitMs)} ms`)),
            );
      this.#reject = (error) => {
        timer?.cancel();
        reject(error);
      };
      this.#events.next().then(
        (result) => {
          timer?.cancel();
          this.#waitingMs = undefined;
          if (result.done || isWellFormed(kind, result.value)) resolve(result);
          else reject(malformed(this.member.engine.name));
        },
        (error: unknown) => {
          timer?.cancel();
          this.#waitingMs = undefined;
          reject(asParleyError(error, FAILED[kind]));
        },
      );
    });
  }

  /** The first part of the answer has come; `sinceMs`, if it is not to be counted from the request. */
  answer(sinceMs = this.#startedMs): void {
    if (this.#answered) return;
    this.#answered = true;
    const ms = this.#context.options.clock.nowMs() - sinceMs;
    if (!this.whole) this.member.latency.add(ms);
    this.#context.emit({ type: 'firstByte', ms });
  }

  /** It has ended as it should. */
  succeed(): void {
    if (!this.#end()) return;
    this.member.breaker.succeeded(this.#ticket);
    if (!this.whole) this.member.streams.succeeded(this.#streamsTicket);
  }

  fail(error: ParleyError): void {
    if (!this.#end()) return;
    const ms = this.#context.options.clock.nowMs() - this.#startedMs;
    this.#context.emit({ type: 'failed', error, ms, midway: this.#answered });
    // Breaking off does not open the breaker: the engine may still give whole answers.
    const brokeOff = this.#answered && !this.whole;
    if (!brokeOff || this.reason === 'probe') this.member.breaker.failed(this.#ticket);
    if (brokeOff) this.member.streams.failed(this.#streamsTicket);
    else if (!this.whole) this.member.streams.abandoned(this.#streamsTicket);
  }

  /** Nobody wants its answer any more. That says nothing about the engine, unless it had kept one waiting too long by then. */
  abandon(): void {
    const lateMs = this.#lateMs();
    if (lateMs !== undefined) {
      const detail = `${this.member.engine.name}, ${Math.round(lateMs)} ms`;
      this.fail(new ParleyError(TIMEOUT[this.#context.kind], detail));
    } else if (this.#end()) {
      if (this.#answered) this.member.breaker.succeeded(this.#ticket);
      else if (this.reason === 'probe') this.member.breaker.abandoned(this.#ticket);
      if (!this.whole) this.member.streams.abandoned(this.#streamsTicket);
    }
  }

  /** How long it has been waited for, if that is too long. A recogniser may be silent as long as its user speaks. */
  #lateMs(): number | undefined {
    const { kind, options } = this.#context;
    if (this.#over || this.#waitingMs === undefined || kind === 'stt') return undefined;
    const sinceMs = options.clock.nowMs() - (this.#answered ? this.#waitingMs : this.#startedMs);
    return sinceMs > (this.#answered ? stallLimit(options) : firstByteLimit(this, options))
      ? sinceMs
      : undefined;
  }

  /** False if it was over before. */
  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    const cancelled = new ParleyError('CANCELLED', undefined, { cause: this.#signal.reason });
    this.#reject?.(cancelled);
    this.#controller.abort(cancelled);
    // An engine that ignores the signal is asked to return as well, and not awaited.
    this.#events.return?.()?.catch(() => {});
    this.#context.onOver();
    return true;
  }
}

/** An answer as a whole may take twice as long as its beginning. */
export function firstByteLimit({ whole }: { readonly whole: boolean }, options: ChainOptions): number {
  return whole ? 2 * options.firstByteMs : options.firstByteMs;
}

/** When the next engine is asked too; undefined if not, or if too little is known of this one. */
export function hedgeDelay(
  { member }: { readonly member: { readonly latency: Latency } },
  { hedge, hedgeMinMs = 50 }: ChainOptions,
): number | undefined {
  const p95 = hedge ? member.latency.p95() : undefined;
  return p95 === undefined ? undefined : Math.max(hedgeMinMs, p95);
}

export function stallLimit({ stallMs, firstByteMs }: ChainOptions): number {
  return stallMs ?? firstByteMs;
}

export function asParleyError(error: unknown, fallback: ErrorCode): ParleyError {
  if (error instanceof ParleyError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new ParleyError(fallback, detail, { cause: error });
}

/** Asks the engine at the first read, so that one that throws at once fails like any other. */
async function* lazily<Event>(open: () => AsyncIterable<Event>): AsyncGenerator<Event> {
  yield* open();
}

/** All events, once the last has come. */
async function* gathered<Event>(events: AsyncIterable<Event>): AsyncGenerator<Event> {
  const all: Event[] = [];
  for await (const event of events) all.push(event);
  yield* all;
}
