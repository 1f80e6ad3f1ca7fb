import { type ErrorCode, ParleyError } from '../../machines/errors.ts';
import { cancelled } from '../cancellation.ts';
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
  /** Called once, when the attempt holds no more resources. */
  readonly onOver: () => void;
}

/** Starts a request. `whole`: the caller wants the complete answer, so the engine need not stream it. */
export type Open<Engine, Event> = (
  engine: Engine,
  signal: AbortSignal,
  whole: boolean,
) => AsyncIterable<Event>;

/**
 * One request to one engine. It ends exactly once: `succeed`, `fail` or `abandon`. Ending aborts the engine unless it
 * had already ended.
 */
export class Attempt<Engine extends { readonly name: string }, Event> {
  readonly member: Member<Engine>;
  /** Whether the engine is asked for its answer in one piece. */
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
  /** When the engine last showed that it works. */
  #aliveMs: number;
  /** Since when the attempt waits for the engine's next event. */
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
    this.#aliveMs = this.#startedMs;
    signal.addEventListener('abort', this.#onAbort, { once: true });
    const events = lazily(() => open(member.engine, this.#controller.signal, this.whole));
    this.#events = (this.whole ? gathered(events) : events)[Symbol.asyncIterator]();
  }

  /** True once part of the answer arrived. */
  get answered(): boolean {
    return this.#answered;
  }

  /**
   * The engine's next event. Rejects with the engine's error, with a time-out after `limitMs`, and with CANCELLED when
   * the attempt is over.
   */
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
          this.#aliveMs = options.clock.nowMs();
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

  /** Records the first part of the answer. `sinceMs`: start of the measurement, if it is not the request. */
  answer(sinceMs = this.#startedMs): void {
    if (this.#answered) return;
    this.#answered = true;
    const ms = this.#context.options.clock.nowMs() - sinceMs;
    if (!this.whole) this.member.latency.add(ms);
    this.#context.emit({ type: 'firstByte', ms });
  }

  /** Records a regular end. */
  succeed(): void {
    if (!this.#end()) return;
    this.member.breaker.succeeded(this.#ticket);
    if (!this.whole) this.member.streams.succeeded(this.#streamsTicket);
  }

  fail(error: ParleyError): void {
    if (!this.#end()) return;
    const ms = this.#context.options.clock.nowMs() - this.#startedMs;
    this.#context.emit({ type: 'failed', error, ms, midway: this.#answered });
    // A broken stream does not open the breaker: the engine may still give whole answers.
    const brokeOff = this.#answered && !this.whole;
    if (!brokeOff || this.reason === 'probe') this.member.breaker.failed(this.#ticket);
    if (brokeOff) this.member.streams.failed(this.#streamsTicket);
    else if (!this.whole) this.member.streams.abandoned(this.#streamsTicket);
  }

  /**
   * Drops the answer because it is not needed any more. Counts as a failure only if the engine had already exceeded its
   * deadline.
   */
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

  /** How long the engine has been waited for, if that is too long. A recogniser may be silent while its user speaks. */
  #lateMs(): number | undefined {
    const { kind, options } = this.#context;
    if (this.#over || this.#waitingMs === undefined || kind === 'stt') return undefined;
    const sinceMs = options.clock.nowMs() - (this.#answered ? this.#waitingMs : this.#aliveMs);
    return sinceMs > (this.#answered ? stallLimit(options) : firstByteLimit(this, options))
      ? sinceMs
      : undefined;
  }

  /** Returns false if the attempt was already over. */
  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    const error = cancelled(this.#signal);
    this.#reject?.(error);
    this.#controller.abort(error);
    // An engine that ignores the signal is also asked to return, but not awaited.
    this.#events.return?.()?.catch(() => {});
    this.#context.onOver();
    return true;
  }
}

/** How many times as long as `firstByteLimit` an engine may show that it works without beginning its answer. */
const MAX_ALIVE = 10;

/** Until when an attempt that began at `startMs`, and shows now that it works, may take to begin its answer. */
export function aliveUntil(
  attempt: { readonly whole: boolean },
  startMs: number,
  options: ChainOptions,
): number {
  const limitMs = firstByteLimit(attempt, options);
  return Math.min(options.clock.nowMs() + limitMs, startMs + MAX_ALIVE * limitMs);
}

/** A whole answer may take twice as long as the first part of a streamed one. */
export function firstByteLimit({ whole }: { readonly whole: boolean }, options: ChainOptions): number {
  return whole ? 2 * options.firstByteMs : options.firstByteMs;
}

/**
 * Delay after which the next engine is asked too; undefined without hedging, or while too little is known of this
 * engine.
 */
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

/** Collects all events until the last one. */
async function* gathered<Event>(events: AsyncIterable<Event>): AsyncGenerator<Event> {
  const all: Event[] = [];
  for await (const event of events) all.push(event);
  yield* all;
}
