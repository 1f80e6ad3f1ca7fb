import { FRAME_MS } from '../../machines/audio.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';

/** A reply's place in the pacer. It waits for one moment at a time and is called then. */
export interface Slot {
  /** Calls at `dueMs` of the clock, up to 1 ms later and never earlier. Replaces any earlier request. */
  callAt(dueMs: number): void;
  cancel(): void;
  /**
   * Joins the replies that are called every 20 ms, from `startMs` on. Returns the delay, in ms, that the reply should
   * add.
   */
  join(startMs: number): number;
  /** Leaves the replies that are called every 20 ms, and cancels the pending call. */
  release(): void;
}

/** Size of the wheel, in ticks of 1 ms. A later moment is scheduled again when the wheel gets there. */
const TICKS = 256;
/**
 * A millisecond of the 20 is full at 1.5 times its fair share, but never below 10 replies (0.2 ms of work). Moving a
 * reply costs it up to 19 ms of its lead. Measured with 50 sessions: with a limit of two a millisecond, frames were
 * 43 ms late at p99; without moving any, 19 ms.
 */
const FULL_SHARE = 1.5;
const FULL_MIN = 10;

/**
 * Paces all replies of one clock: a timing wheel of 1 ms ticks with a single timer. Moments are counted from the
 * wheel's start, so they do not drift. Replies that begin together, as after a restart, are staggered: each joins the
 * first slot, from its own on, that is not full. The result depends only on the order of calls, so a simulation is
 * repeatable.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #ticks: WheelSlot[][] = Array.from({ length: TICKS }, () => []);
  readonly #perPhase: number[] = Array.from({ length: FRAME_MS }, () => 0);
  #joined = 0;
  /** The clock when the tick was 0. */
  #originMs: number;
  /** The last tick that was called. */
  #tick = 0;
  #waiting = 0;
  #timer: TimerHandle | undefined;
  #timerTick = Number.POSITIVE_INFINITY;
  #running = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#originMs = clock.nowMs();
  }

  /** `call` must not throw. */
  slot(call: () => void): Slot {
    return new WheelSlot(this, call);
  }

  /** @internal */
  schedule(slot: WheelSlot, dueMs: number): void {
    if (this.#waiting === 0 && !this.#running) {
      this.#originMs = this.#clock.nowMs();
      this.#tick = 0;
    }
    // A rounding error must not cost a millisecond.
    const due = Math.ceil(dueMs - this.#originMs - 1e-6);
    const tick = Math.min(Math.max(due, this.#tick + 1), this.#tick + TICKS - 1);
    if (slot.tick === tick) return;
    if (slot.tick < 0) this.#waiting++;
    slot.tick = tick;
    this.#ticks[tick % TICKS]?.push(slot);
    if (!this.#running && tick < this.#timerTick) this.#arm(tick);
  }

  /** @internal */
  unschedule(slot: WheelSlot): void {
    if (slot.tick < 0) return;
    slot.tick = -1;
    this.#waiting--;
  }

  /** @internal */
  join(startMs: number): { readonly phase: number; readonly laterMs: number } {
    this.#joined++;
    const most = Math.max(FULL_MIN, Math.ceil((FULL_SHARE * this.#joined) / FRAME_MS));
    const own = Math.floor(startMs) % FRAME_MS;
    let laterMs = 0;
    while (laterMs < FRAME_MS - 1 && (this.#perPhase[(own + laterMs) % FRAME_MS] ?? 0) >= most) laterMs++;
    const phase = (own + laterMs) % FRAME_MS;
    this.#perPhase[phase] = (this.#perPhase[phase] ?? 0) + 1;
    return { phase, laterMs };
  }

  /** @internal */
  release(phase: number): void {
    this.#joined--;
    this.#perPhase[phase] = (this.#perPhase[phase] ?? 1) - 1;
  }

  #arm(tick: number): void {
    this.#timer?.cancel();
    this.#timerTick = tick;
    const delayMs = this.#originMs + tick - this.#clock.nowMs();
    this.#timer = this.#clock.setTimer(Math.max(0, delayMs), this.#onTimer);
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#timerTick = Number.POSITIVE_INFINITY;
    this.#running = true;
    // Twice: what became due meanwhile need not wait for a timer. Bounded, because other work must run too.
    for (let pass = 0; pass < 2; pass++) {
      const now = Math.floor(this.#clock.nowMs() - this.#originMs + 1e-6);
      while (this.#tick < now && this.#waiting > 0) this.#callTick(++this.#tick);
    }
    this.#running = false;
    if (this.#waiting > 0) this.#arm(this.#nextTick());
  };

  #callTick(tick: number): void {
    const due = this.#ticks[tick % TICKS];
    if (!due || due.length === 0) return;
    // Nothing is added to this tick meanwhile: the farthest moment lies one tick before it.
    for (const slot of due) {
      if (slot.tick !== tick) continue;
      slot.tick = -1;
      this.#waiting--;
      slot.call();
    }
    due.length = 0;
  }

  #nextTick(): number {
    for (let tick = this.#tick + 1; tick < this.#tick + TICKS; tick++) {
      if (this.#ticks[tick % TICKS]?.some((slot) => slot.tick === tick)) return tick;
    }
    return this.#tick + TICKS - 1;
  }
}

class WheelSlot implements Slot {
  readonly call: () => void;
  /** The tick that it waits for; -1 if it does not wait. */
  tick = -1;
  readonly #pacer: Pacer;
  #phase = -1;

  constructor(pacer: Pacer, call: () => void) {
    this.#pacer = pacer;
    this.call = call;
  }

  callAt(dueMs: number): void {
    this.#pacer.schedule(this, dueMs);
  }

  cancel(): void {
    this.#pacer.unschedule(this);
  }

  join(startMs: number): number {
    this.#leavePhase();
    const { phase, laterMs } = this.#pacer.join(startMs);
    this.#phase = phase;
    return laterMs;
  }

  release(): void {
    this.cancel();
    this.#leavePhase();
  }

  #leavePhase(): void {
    if (this.#phase >= 0) this.#pacer.release(this.#phase);
    this.#phase = -1;
  }
}

const pacers = new WeakMap<Clock, Pacer>();

/** Returns the one pacer of this clock. */
export function pacerOf(clock: Clock): Pacer {
  let pacer = pacers.get(clock);
  if (!pacer) {
    pacer = new Pacer(clock);
    pacers.set(clock, pacer);
  }
  return pacer;
}
