import { ParleyError } from '../../machines/errors.ts';
import { AsyncQueue } from '../async-queue.ts';
import { cancelled } from '../cancellation.ts';

/** Buffered events of an engine, for one reader that may come late or never. */
export class Tape<Event> {
  readonly #events: AsyncQueue<Event>;
  readonly #controller = new AbortController();
  #read = false;
  #failed = false;

  /** `merge` combines two unread events where possible. */
  constructor(merge: (last: Event, next: Event) => Event | undefined = () => undefined) {
    this.#events = new AsyncQueue((last, next) => (this.#read ? undefined : merge(last, next)));
  }

  /** True once the engine has failed. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Resolves when the engine has ended: with the error that it threw, if any. Never rejects. */
  async record(
    source: (signal: AbortSignal) => AsyncIterable<Event>,
    onEvent: (event: Event) => void = () => {},
  ): Promise<{ readonly error?: unknown }> {
    const { signal } = this.#controller;
    try {
      for await (const event of source(signal)) {
        if (signal.aborted) break;
        this.#events.push(event);
        onEvent(event);
      }
    } catch (error) {
      this.#failed = true;
      this.#events.fail(error);
      return { error };
    }
    this.#events.end();
    return {};
  }

  /** Stops the engine and drops its events. */
  stop(): void {
    this.#controller.abort(new ParleyError('CANCELLED'));
    this.#events.close();
  }

  /**
   * Yields all events, past and future, and ends as the engine does. Aborting `signal` ends it with CANCELLED and stops
   * the engine.
   */
  async *play(signal: AbortSignal): AsyncGenerator<Event, void, undefined> {
    this.#read = true;
    const onAbort = () => {
      this.#events.abort(cancelled(signal));
      this.#controller.abort(new ParleyError('CANCELLED'));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (signal.aborted) onAbort();
      yield* this.#events;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.stop();
    }
  }
}
