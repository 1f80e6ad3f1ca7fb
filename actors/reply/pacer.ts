import { FRAME_MS } from '../../machines/audio.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';

/** Somebody who is called when its time has come. It waits for one moment at a time. */
export interface Seat {
  /** Calls at `dueMs` of the clock, up to 1 ms later and never earlier, instead of at any moment asked for before. */
  callAt(dueMs: number): void;
  cancel(): void;
  /** From `startMs` on it will be called every 20 ms: gives by how many ms it should come later than that. */
  settle(startMs: number): number;
  /** Gives up its place among those that are called every 20 ms, and whatever it waits for. */
  leave(): void;
}

/** Slots of 1 ms. What is due later comes by, and waits again. */
const SLOTS = 256;
/**
 * A millisecond of the 20 takes so many times its share before the next is asked, and so many in any case: 0.2 ms of work.
 * Being moved costs a reply up to 19 ms of its lead, so only what would be felt is moved (measured with 50 sessions: where two
 * were a crowd, frames were 43 ms late at p99; unmoved, 19 ms).
 */
const CROWDED = 1.5;
const FEW = 10;

/**
 * The pace of all replies on one clock: a wheel of milliseconds with a single timer, however many replies sound. Moments are
 * counted from the wheel's start, so they do not drift. Replies that begin together, as after a restart, are staggered:
 * each settles in the first millisecond from its own on that is not crowded, which in everyday life is its own. Who
 * comes when depends on the order of calls alone, so a simulation stays the same.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #slots: WheelSeat[][] = Array.from({ length: SLOTS }, () => []);
  readonly #crowds: number[] = Array.from({ length: FRAME_MS }, () => 0);
  #settled = 0;
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
  seat(call: () => void): Seat {
    return new WheelSeat(this, call);
  }

  /** @internal */
  schedule(seat: WheelSeat, dueMs: number): void {
    if (this.#waiting === 0 && !this.#running) {
      this.#originMs = this.#clock.nowMs();
      this.#tick = 0;
    }
    // A hair of rounding must not cost a millisecond.
    const due = Math.ceil(dueMs - this.#originMs - 1e-6);
    const tick = Math.min(Math.max(due, this.#tick + 1), this.#tick + SLOTS - 1);
    if (seat.tick === tick) return;
    if (seat.tick < 0) this.#waiting++;
    seat.tick = tick;
    this.#slots[tick % SLOTS]?.push(seat);
    if (!this.#running && tick < this.#timerTick) this.#arm(tick);
  }

  /** @internal */
  unschedule(seat: WheelSeat): void {
    if (seat.tick < 0) return;
    seat.tick = -1;
    this.#waiting--;
  }

  /** @internal */
  join(startMs: number): { readonly slot: number; readonly laterMs: number } {
    this.#settled++;
    const most = Math.max(FEW, Math.ceil((CROWDED * this.#settled) / FRAME_MS));
    const own = Math.floor(startMs) % FRAME_MS;
    let laterMs = 0;
    while (laterMs < FRAME_MS - 1 && (this.#crowds[(own + laterMs) % FRAME_MS] ?? 0) >= most) laterMs++;
    const slot = (own + laterMs) % FRAME_MS;
    this.#crowds[slot] = (this.#crowds[slot] ?? 0) + 1;
    return { slot, laterMs };
  }

  /** @internal */
  leave(slot: number): void {
    this.#settled--;
    this.#crowds[slot] = (this.#crowds[slot] ?? 1) - 1;
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
    // Twice: what became due meanwhile need not wait for a timer. Not for ever: others want to run too.
    for (let pass = 0; pass < 2; pass++) {
      const now = Math.floor(this.#clock.nowMs() - this.#originMs + 1e-6);
      while (this.#tick < now && this.#waiting > 0) this.#callSlot(++this.#tick);
    }
    this.#running = false;
    if (this.#waiting > 0) this.#arm(this.#nextTick());
  };

  #callSlot(tick: number): void {
    const slot = this.#slots[tick % SLOTS];
    if (!slot || slot.length === 0) return;
    // Nobody can be added to this slot meanwhile: the farthest moment lies one slot before it.
    for (const seat of slot) {
      if (seat.tick !== tick) continue;
      seat.tick = -1;
      this.#waiting--;
      seat.call();
    }
    slot.length = 0;
  }

  #nextTick(): number {
    for (let tick = this.#tick + 1; tick < this.#tick + SLOTS; tick++) {
      const slot = this.#slots[tick % SLOTS];
      if (slot?.some((seat) => seat.tick === tick)) return tick;
    }
    return this.#tick + SLOTS - 1;
  }
}

class WheelSeat implements Seat {
  readonly call: () => void;
  /** The tick that it waits for, or -1. */
  tick = -1;
  readonly #pacer: Pacer;
  #slot = -1;

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

  settle(startMs: number): number {
    this.#getUp();
    const { slot, laterMs } = this.#pacer.join(startMs);
    this.#slot = slot;
    return laterMs;
  }

  leave(): void {
    this.cancel();
    this.#getUp();
  }

  #getUp(): void {
    if (this.#slot >= 0) this.#pacer.leave(this.#slot);
    this.#slot = -1;
  }
}

const pacers = new WeakMap<Clock, Pacer>();

/** The one pacer of everybody who goes by this clock. */
export function pacerOf(clock: Clock): Pacer {
  let pacer = pacers.get(clock);
  if (!pacer) {
    pacer = new Pacer(clock);
    pacers.set(clock, pacer);
  }
  return pacer;
}
