/** What a server was asked, in order, and a way to wait for the next. */
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

  /** The first arrival that `next` has not told yet: at once if it is there, else when it comes. */
  next(): Promise<T> {
    const item = this.all[this.#taken];
    if (item !== undefined) {
      this.#taken++;
      return Promise.resolve(item);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
