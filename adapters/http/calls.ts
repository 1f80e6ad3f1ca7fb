import { raceAbort, throwIfAborted } from '../../actors/cancellation.ts';
import { ParleyError } from '../../machines/errors.ts';

/** One call of an engine. Its signal or the engine's close cancels it. */
export interface Call {
  /** Aborts when the call is cancelled, or ends incomplete, so that no listener outlives the call. */
  readonly signal: AbortSignal;
  /** True once the call is cancelled. */
  cancelled(): boolean;
  /** Settles like `work`, or rejects with CANCELLED as soon as the call is cancelled. */
  race<T>(work: Promise<T>): Promise<T>;
}

/** Calls that an engine of a network makes at a time: each may need a connection of its own. */
export const MAX_CALLS = 256;

/** The running calls of an engine, at most `limit`; more are refused with ENGINE_OVERLOADED. */
export class Calls {
  readonly #toError: (thrown: unknown, cancelled: boolean) => ParleyError;
  readonly #limit: number;
  readonly #open = new Set<() => void>();
  #closed = false;

  /** `toError` converts any error of a call to one of the catalogue. */
  constructor(toError: (thrown: unknown, cancelled: boolean) => ParleyError, limit = MAX_CALLS) {
    this.#toError = toError;
    this.#limit = limit;
  }

  /** The events of one call. */
  async *stream<Event>(
    signal: AbortSignal,
    work: (call: Call) => AsyncIterable<Event>,
  ): AsyncGenerator<Event, void, undefined> {
    if (this.#closed) throw new ParleyError('CANCELLED', 'the engine is closed');
    throwIfAborted(signal);
    if (this.#open.size >= this.#limit)
      throw new ParleyError('ENGINE_OVERLOADED', `${this.#open.size} requests are in progress`);
    const own = new AbortController();
    let cancelled = false;
    let complete = false;
    const cancel = () => {
      cancelled = true;
      own.abort();
    };
    this.#open.add(cancel);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const events = work({
        signal: own.signal,
        cancelled: () => cancelled,
        race: (promise) => raceAbort(promise, own.signal),
      });
      for await (const event of events) {
        // What had arrived before the cancellation is dropped too.
        if (cancelled) break;
        yield event;
      }
      throwIfCancelled(cancelled);
      complete = true;
    } catch (thrown) {
      throw this.#toError(thrown, cancelled);
    } finally {
      this.#open.delete(cancel);
      signal.removeEventListener('abort', cancel);
      // The response of a complete call was read to its end; an abort is expensive.
      if (!complete) own.abort();
    }
  }

  /** Runs one call without events, which only `close` cancels. */
  async run(work: (call: Call) => Promise<void>): Promise<void> {
    const call = this.stream(new AbortController().signal, async function* (call) {
      yield work(call);
    });
    for await (const _done of call);
  }

  /** Cancels all running calls and all later ones. */
  close(): void {
    this.#closed = true;
    for (const cancel of [...this.#open]) cancel();
  }
}

function throwIfCancelled(cancelled: boolean): void {
  if (cancelled) throw new ParleyError('CANCELLED');
}
