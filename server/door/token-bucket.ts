import type { Clock } from '../../machines/clock.ts';

/** Lets `burst` units pass at once and `perSecond` in the long run. The clock is the only notion of time. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perMs: number;
  #left: number;
  #atMs: number;

  constructor(clock: Clock, options: { readonly burst: number; readonly perSecond: number }) {
    this.#clock = clock;
    this.#burst = options.burst;
    this.#perMs = options.perSecond / 1_000;
    this.#left = options.burst;
    this.#atMs = clock.nowMs();
  }

  /** False, and nothing is taken, if there are fewer than `units` left. */
  take(units: number): boolean {
    const nowMs = this.#clock.nowMs();
    this.#left = Math.min(this.#burst, this.#left + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    if (units > this.#left) return false;
    this.#left -= units;
    return true;
  }
}
