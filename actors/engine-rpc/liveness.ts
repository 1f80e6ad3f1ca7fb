import type { Clock, TimerHandle } from '../../machines/clock.ts';

/** A timer this late shows that this process was busy, not that the peer is gone. */
const OWN_STALL_MS = 250;

/** Calls `onSilence` once if `heard` is not called for `limitMs`. Uses one timer. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #onSilence: () => void;
  readonly #ownStallMs: number;
  #limitMs: number;
  #heardMs: number;
  #timer: TimerHandle;

  constructor(clock: Clock, limitMs: number, onSilence: () => void, ownStallMs = OWN_STALL_MS) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onSilence = onSilence;
    this.#ownStallMs = ownStallMs;
    this.#heardMs = clock.nowMs();
    this.#timer = this.#arm(limitMs);
  }

  heard(): void {
    this.#heardMs = this.#clock.nowMs();
  }

  /** Sets a new limit, counted from now. */
  expect(limitMs: number): void {
    this.#timer.cancel();
    this.#limitMs = limitMs;
    this.#heardMs = this.#clock.nowMs();
    this.#timer = this.#arm(limitMs);
  }

  stop(): void {
    this.#timer.cancel();
  }

  #arm(delayMs: number): TimerHandle {
    const dueMs = this.#clock.nowMs() + delayMs;
    return this.#clock.setTimer(delayMs, () => {
      const nowMs = this.#clock.nowMs();
      // Messages that arrived during the stall may still wait to be read.
      if (nowMs - dueMs > this.#ownStallMs) this.#heardMs = nowMs;
      const leftMs = this.#limitMs - (nowMs - this.#heardMs);
      if (leftMs > 0) this.#timer = this.#arm(leftMs);
      else this.#onSilence();
    });
  }
}

/** Calls `beat` whenever `heard` is not called for `everyMs`. */
export class Pulse extends Watchdog {
  constructor(clock: Clock, everyMs: number, beat: () => void) {
    const again = () => {
      this.expect(everyMs);
      beat();
    };
    super(clock, everyMs, again, Number.POSITIVE_INFINITY);
  }
}
