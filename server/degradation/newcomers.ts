import { ParleyError } from '../../machines/errors.ts';
import type { Gate } from '../door/admission.ts';
import { RELIEF } from './levels.ts';

/** Time in which a session's load shows, ms: it costs most when its user speaks. */
const MEASURED_MS = 8_000;
/** Part of the window that is open however high the load is: to refuse all is the last of the levels. */
const LEAST_ROOM = 1 / 16;
/** Time over which the load is smoothed before it takes back what may begin at once: the first sessions of a process compile its code. */
const SMOOTH_MS = 4_000;

export interface NewcomerLimits {
  /** Most sessions that may begin within `MEASURED_MS`. */
  readonly most: number;
  /** Share of `most` that may begin at once while nobody knows what a session costs here, 1 to 100. */
  readonly firstPercent: number;
}

/**
 * How many sessions may begin: a few at first, and twice as many every 8 s while the measured load stays low (slow start, as
 * TCP has it). A process that lets in all who come learns only when they speak that it cannot bear them, and by then all
 * stutter: nobody who is in is sent away.
 */
export class Newcomers {
  readonly #most: number;
  readonly #first: number;
  /** Sessions that may begin within `MEASURED_MS` as things stand. */
  #window: number;
  #left: number;
  #smoothed = 0;

  constructor({ most, firstPercent }: NewcomerLimits) {
    this.#most = most;
    this.#first = Math.max(1, (most * firstPercent) / 100);
    this.#window = this.#first;
    this.#left = this.#first;
  }

  /** Put it last among a door's gates, because it counts what it lets in. */
  readonly gate: Gate = (what, asks = false) => {
    if (what !== 'session') return undefined;
    if (this.#left < 1)
      return new ParleyError('OVERLOADED', 'too many sessions began before their load could be measured');
    if (!asks) this.#left -= 1;
    return undefined;
  };

  /** The load of the last `ms`. `pressure`: measured load by its limit; from 1 on it is too much. */
  note(pressure: number, ms: number): void {
    const share = ms / MEASURED_MS;
    this.#smoothed += (pressure - this.#smoothed) * Math.min(1, ms / SMOOTH_MS);
    const atOnce = Math.max(1, roomAt(this.#smoothed) * this.#window);
    const isUsed = this.#left < atOnce / 2;
    if (pressure >= 1) this.#window = Math.max(this.#first, this.#window / 2 ** share);
    else if (pressure < RELIEF && isUsed) this.#window = Math.min(this.#most, this.#window * 2 ** share);
    this.#left = Math.min(atOnce, this.#left + roomAt(pressure) * share * this.#window);
  }
}

function roomAt(pressure: number): number {
  return Math.max(LEAST_ROOM, 1 - pressure);
}
