/** Requests that a server received, in order, with a way to wait for the next. */
export class Arrivals<T> {
  readonly all: T[] = [];
  #taken = 0;
  readonly #waiting: ((item: T) => void)[] = [];

  add(item: T): void {
    this.all.push(item);
    const waiter = this.#waiting.shift();
    if (!waiter) return;
    this.#taken++;
    waiter(item);
  }

  /** The first arrival that `next` has not returned yet: at once if there is one, else when it arrives. */
  next(): Promise<T> {
    const item = this.all[this.#taken];
    if (item !== undefined) {
      this.#taken++;
      return Promise.resolve(item);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
