import type { Clock } from '../../machines/clock.ts';

/** Token bucket: admits `burst` units at once and `perSecond` on average. */
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

  /** Takes `units`; returns false and takes nothing if fewer are left. */
  take(units: number): boolean {
    const nowMs = this.#clock.nowMs();
    this.#left = Math.min(this.#burst, this.#left + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    if (units > this.#left) return false;
    this.#left -= units;
    return true;
  }
}
