/** A pool of at most `limit` items, each with an address. When it is full, it removes the oldest item of the address that has the most. So a flood from one address does not displace the items of others.
 */
export class FairPool<T> {
  readonly #limit: number;
  readonly #byAddress = new Map<string, Set<T>>();
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  items(): readonly T[] {
    return [...this.#byAddress.values()].flatMap((own) => [...own]);
  }

  /** Returns the item that was removed to make room, if any. */
  add(address: string, item: T): T | undefined {
    const own = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, own);
    if (!own.has(item)) this.#size += 1;
    own.add(item);
    return this.#size > this.#limit ? this.#removeOldest() : undefined;
  }

  delete(address: string, item: T): void {
    const own = this.#byAddress.get(address);
    if (!own?.delete(item)) return;
    this.#size -= 1;
    if (own.size === 0) this.#byAddress.delete(address);
  }

  #removeOldest(): T | undefined {
    let address = '';
    let most = 0;
    for (const [one, { size }] of this.#byAddress) if (size > most) [address, most] = [one, size];
    for (const oldest of this.#byAddress.get(address) ?? []) {
      this.delete(address, oldest);
      return oldest;
    }
    return undefined;
  }
}
