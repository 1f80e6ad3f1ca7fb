import type { Clock } from '../../machines/clock.ts';

/** Token bucket: admits `burst` units at once and `perSecond` on average. `stalledMs`: how long this process has not read its sockets lately; what came meanwhile may be taken at once too. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perMs: number;
  readonly #stalledMs: () => number;
  #left: number;
  #atMs: number;

  constructor(
    clock: Clock,
    options: { readonly burst: number; readonly perSecond: number; readonly stalledMs?: () => number },
  ) {
    this.#clock = clock;
    this.#burst = options.burst;
    this.#perMs = options.perSecond / 1_000;
    this.#stalledMs = options.stalledMs ?? (() => 0);
    this.#left = options.burst;
    this.#atMs = clock.nowMs();
  }

  /** Units that could be taken now. */
  get left(): number {
    const nowMs = this.#clock.nowMs();
    const most = this.#burst + this.#stalledMs() * this.#perMs;
    this.#left = Math.min(most, this.#left + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    return this.#left;
  }

  /** Takes `units`; returns false and takes nothing if fewer are left. */
  take(units: number): boolean {
    if (units > this.left) return false;
    this.#left -= units;
    return true;
  }
}
