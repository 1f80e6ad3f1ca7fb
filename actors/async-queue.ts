/** Queue from callbacks to an async iterable, in order. Its owner bounds it by watching `bytes`. */
export class AsyncQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #merge: (last: T, next: T) => T | undefined;
  #entries: { readonly item: T; readonly bytes: number }[] = [];
  #head = 0;
  #bytes = 0;
  #outcome: { readonly error?: unknown } | undefined;
  #consumer: ((item: T) => void) | undefined;
  #readers: { resolve(result: IteratorResult<T, undefined>): void; reject(error: unknown): void }[] = [];

  /** `merge` may combine the last unread item with the next one, for a reader that is slow. */
  constructor(merge: (last: T, next: T) => T | undefined = () => undefined) {
    this.#merge = merge;
  }

  /** Unread weight, as given to `push`. */
  get bytes(): number {
    return this.#bytes;
  }

  get unread(): readonly T[] {
    return this.#entries.slice(this.#head).map(({ item }) => item);
  }

  /** Ignored once the queue has ended. */
  push(item: T, bytes = 0): void {
    if (this.#outcome) return;
    if (this.#consumer) {
      this.#consumer(item);
      return;
    }
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve({ done: false, value: item });
      return;
    }
    this.#bytes += bytes;
    const last = this.#head < this.#entries.length ? this.#entries.at(-1) : undefined;
    const merged = last && this.#merge(last.item, item);
    if (last && merged !== undefined)
      this.#entries.splice(-1, 1, { item: merged, bytes: last.bytes + bytes });
    else this.#entries.push({ item, bytes });
  }

  /** Gives the unread items to `consumer` now and every other one when it is pushed, before `push` returns. */
  consume(consumer: (item: T) => void): void {
    this.#consumer = consumer;
    const { unread } = this;
    this.#clear();
    for (const item of unread) consumer(item);
  }

  /** Ends the queue after the unread items. */
  end(): void {
    this.#settle({});
  }

  /** Fails the queue after the unread items. */
  fail(error: unknown): void {
    this.#settle({ error });
  }

  /** Fails the queue at once and drops the unread items. */
  abort(error: unknown): void {
    this.#drop();
    this.#settle({ error });
  }

  /** Ends the queue at once and drops the unread items. */
  close(): void {
    this.#drop();
    this.#settle({});
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const entry = this.#entries[this.#head];
    if (entry) {
      this.#head++;
      this.#bytes -= entry.bytes;
      if (this.#head === this.#entries.length) this.#clear();
      return Promise.resolve({ done: false, value: entry.item });
    }
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#dismiss();
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** The next item. Rejects if the queue ends before it. */
  async take(): Promise<T> {
    const { done, value } = await this.next();
    if (done) throw new Error('the queue has ended');
    return value;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #drop(): void {
    this.#clear();
    this.#outcome = undefined;
  }

  #clear(): void {
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  #settle(outcome: { readonly error?: unknown }): void {
    this.#outcome ??= outcome;
    if (this.#readers.length > 0) this.#dismiss();
  }

  /** Answers waiting readers after the end. An error is thrown once. */
  #dismiss(): void {
    if (!this.#outcome) return;
    for (const reader of this.#readers.splice(0)) {
      const { error } = this.#outcome;
      this.#outcome = {};
      if (error !== undefined) reader.reject(error);
      else reader.resolve({ done: true, value: undefined });
    }
  }
}
