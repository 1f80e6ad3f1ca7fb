/** Pause before the second attempt, ms. */
const FIRST_RECONNECT_MS = 100;

/**
 * Pauses between connection attempts: doubling up to a limit, plus up to a quarter of jitter so that clients do not
 * reconnect at once.
 */
export class Backoff {
  readonly #maxMs: number;
  #nextMs = FIRST_RECONNECT_MS;
  #jitter = Math.random();

  constructor(maxMs: number) {
    this.#maxMs = maxMs;
  }

  /** Read several times per attempt, so it has no side effects. */
  delayMs(): number {
    return Math.min(this.#nextMs, this.#maxMs) * (1 + this.#jitter / 4);
  }

  attempted(): void {
    this.#nextMs = Math.min(this.#nextMs * 2, this.#maxMs);
    this.#jitter = Math.random();
  }

  connected(): void {
    this.#nextMs = FIRST_RECONNECT_MS;
  }
}
