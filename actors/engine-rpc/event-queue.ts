interface Entry<T> {
  readonly item: T;
  readonly bytes: number;
}

/** Queue with one reader, from callbacks to an async iterable. Its owner bounds it by watching `bytes`. */
export class EventQueue<T> implements AsyncIterableIterator<T> {
  #entries: Entry<T>[] = [];
  #head = 0;
  #bytes = 0;
  #outcome: { readonly error?: Error } | undefined;
  #reader: { resolve(result: IteratorResult<T>): void; reject(error: Error): void } | undefined;

  /** Unread weight, as given to `push`. */
  get bytes(): number {
    return this.#bytes;
  }

  push(item: T, bytes: number): void {
    if (this.#outcome) return;
    const reader = this.#reader;
    if (reader) {
      this.#reader = undefined;
      reader.resolve({ done: false, value: item });
      return;
    }
    this.#entries.push({ item, bytes });
    this.#bytes += bytes;
  }

  /** Ends the queue after the unread events. */
  end(): void {
    this.#settle({});
  }

  /** Fails the queue after the unread events. */
  fail(error: Error): void {
    this.#settle({ error });
  }

  /** Fails the queue at once and drops the unread events. */
  abort(error: Error): void {
    this.#forget();
    this.#outcome = undefined;
    this.#settle({ error });
  }

  next(): Promise<IteratorResult<T>> {
    const entry = this.#entries[this.#head];
    if (entry) {
      this.#head++;
      this.#bytes -= entry.bytes;
      if (this.#head === this.#entries.length) {
        this.#entries = [];
        this.#head = 0;
      }
      return Promise.resolve({ done: false, value: entry.item });
    }
    if (this.#outcome) {
      const { error } = this.#outcome;
      this.#outcome = {};
      return error ? Promise.reject(error) : Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.#forget();
    this.#outcome = undefined;
    this.#settle({});
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #forget(): void {
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  #settle(outcome: { readonly error?: Error }): void {
    if (this.#outcome) return;
    this.#outcome = outcome;
    const reader = this.#reader;
    if (!reader) return;
    this.#reader = undefined;
    this.#outcome = {};
    if (outcome.error) reader.reject(outcome.error);
    else reader.resolve({ done: true, value: undefined });
  }
}
