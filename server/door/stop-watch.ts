import type { Clock } from '../../machines/clock.ts';
import { type PublicState, STOP_IN_FORCE_MS } from '../../machines/wire.ts';
import type { DoorCounters } from './stats.ts';

/** Watches that each voice stop of one session is in force in time: the last resort against a session that hangs. */
export class StopWatch {
  readonly #clock: Clock;
  readonly #counters: DoorCounters;
  readonly #onLate: () => void;
  /** The session's state as last reported. */
  #state: PublicState = 'idle';
  /** Arrival time of a stop that the session has not answered yet. */
  #haltedAtMs: number | undefined;

  /** `onLate` is called when a stop is not in force in time. */
  constructor(clock: Clock, counters: DoorCounters, onLate: () => void) {
    this.#clock = clock;
    this.#counters = counters;
    this.#onLate = onLate;
  }

  /** True between a stop and the session's answer to it. */
  get stopping(): boolean {
    return this.#haltedAtMs !== undefined;
  }

  /** A stop arrived. A session that is already stopped reports no change: the stop is in force. */
  halted(): void {
    if (this.stopping || isAtRest(this.#state)) return;
    const haltedAtMs = this.#clock.nowMs();
    this.#haltedAtMs = haltedAtMs;
    this.#clock.setTimer(STOP_IN_FORCE_MS, () => {
      if (this.#haltedAtMs === haltedAtMs) this.#onLate();
    });
  }

  /** The session reports its state. */
  note(state: PublicState): void {
    this.#state = state;
    if (this.#haltedAtMs === undefined || !isAtRest(state)) return;
    const counters = this.#counters;
    counters.stops += 1;
    counters.slowestStopMs = Math.max(counters.slowestStopMs, this.#clock.nowMs() - this.#haltedAtMs);
    this.#haltedAtMs = undefined;
  }
}

function isAtRest(state: PublicState): boolean {
  return state === 'stopped' || state === 'ended';
}
