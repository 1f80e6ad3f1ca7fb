import type { LoopClock } from '../../machines/clock.ts';

/**
 * A session's share of one turn of the event loop, events and ms; then socket input, timers and other sessions run. An
 * event takes about 60 µs, and a conversation rarely has ten at once.
 */
const SHARE_EVENTS = 64;
const SHARE_MS = 5;

/** Counts what a session handles in one turn of the event loop. */
export class TurnShare {
  readonly #clock: LoopClock;
  #tick = -1;
  #startMs = 0;
  #commands = 0;
  #others = 0;

  constructor(clock: LoopClock) {
    this.#clock = clock;
  }

  /**
   * Uses one event of the share. Returns false if the event must wait for the next turn. Commands of the client have a
   * share of their own, without a time: endpoints report their refusals as soon as they return.
   */
  use(kind: 'command' | 'other'): boolean {
    const tick = this.#clock.tick();
    if (tick !== this.#tick) {
      this.#tick = tick;
      this.#startMs = this.#clock.nowMs();
      this.#commands = 0;
      this.#others = 0;
    }
    if (kind === 'command' && this.#commands < SHARE_EVENTS) {
      this.#commands += 1;
      return true;
    }
    if (this.#others >= SHARE_EVENTS || this.#clock.nowMs() - this.#startMs >= SHARE_MS) return false;
    this.#others += 1;
    return true;
  }
}
