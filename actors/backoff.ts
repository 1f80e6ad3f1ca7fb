/** Waits before further attempts: each is twice the previous one, up to a longest one. */
export class Backoff {
  readonly #firstMs: number;
  readonly #longestMs: number;
  #nextMs: number;

  constructor(firstMs: number, longestMs: number) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
    this.#nextMs = firstMs;
  }

  /** The wait before the next attempt, ms. */
  nextMs(): number {
    const nextMs = this.#nextMs;
    this.#nextMs = Math.min(2 * nextMs, this.#longestMs);
    return nextMs;
  }

  /** An attempt succeeded. */
  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}
