import { ParleyError } from '../../machines/errors.ts';

/** Buffered events of an engine, for one reader that may come late or never. */
export class Tape<Event> {
  readonly #events: Event[] = [];
  readonly #controller = new AbortController();
  readonly #merge: (last: Event, next: Event) => Event | undefined;
  #outcome: { readonly error?: unknown } | undefined;
  #read = false;
  #wake: () => void = () => {};

  /** `merge` combines two unread events where possible. */
  constructor(merge: (last: Event, next: Event) => Event | undefined = () => undefined) {
    this.#merge = merge;
  }

  /** True once the engine has failed. */
  get failed(): boolean {
    return this.#outcome !== undefined && 'error' in this.#outcome;
  }

  /** Resolves when the engine has ended: with the error that it threw, if any. Never rejects. */
  async record(
    source: (signal: AbortSignal) => AsyncIterable<Event>,
    onEvent: (event: Event) => void = () => {},
  ): Promise<{ readonly error?: unknown }> {
    const { signal } = this.#controller;
    let outcome: { readonly error?: unknown } = {};
    try {
      for await (const event of source(signal)) {
        if (signal.aborted) break;
        this.#keep(event);
        onEvent(event);
        this.#wake();
      }
    } catch (error) {
      outcome = { error };
    }
    this.#outcome = outcome;
    this.#wake();
    return outcome;
  }

  /** Stops the engine and drops its events. */
  stop(): void {
    this.#controller.abort(new ParleyError('CANCELLED'));
    this.#events.length = 0;
    this.#wake();
  }

  /**
   * Yields all events, past and future, and ends as the engine does. Aborting `signal` ends it with CANCELLED and stops
   * the engine.
   */
  async *play(signal: AbortSignal): AsyncGenerator<Event, void, undefined> {
    this.#read = true;
    const onAbort = () => this.stop();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        if (signal.aborted) throw new ParleyError('CANCELLED', undefined, { cause: signal.reason });
        const event = this.#events.shift();
        if (event !== undefined) yield event;
        else if (this.#outcome && 'error' in this.#outcome) throw this.#outcome.error;
        else if (this.#outcome) return;
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.stop();
    }
  }

  #keep(event: Event): void {
    const last = this.#read ? undefined : this.#events.at(-1);
    const merged = last === undefined ? undefined : this.#merge(last, event);
    if (merged === undefined) this.#events.push(event);
    else this.#events[this.#events.length - 1] = merged;
  }
}
