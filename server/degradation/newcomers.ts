import { ParleyError } from '../../machines/errors.ts';
import type { Gate } from '../door/admission.ts';
import { RELIEF } from './levels.ts';

/** Time in which a session's load shows, ms: it costs most when its user speaks. */
const MEASURED_MS = 8_000;
/** Part of the window that is open however high the load is: to refuse all is the last of the levels. */
const LEAST_ROOM = 1 / 16;
/** Part of what may begin at once that is kept for clients who have begun no session within the window: one that opens many leaves it. */
const KEPT = 1 / 4;
/** Time over which the load is smoothed before it takes back what may begin at once: the first sessions of a process compile its code. */
const SMOOTH_MS = 4_000;

export interface NewcomerLimits {
  /** Most sessions that may begin within `MEASURED_MS`. */
  readonly most: number;
  /** Share of `most` that may begin at once while the cost of a session here is not known, 1 to 100. */
  readonly firstPercent: number;
}

/**
 * How many sessions may begin: a few at first, and twice as many every 8 s while the measured load stays low (slow start, as
 * TCP has it). A process that lets in all who come learns only when they speak that it cannot bear them, and by then all
 * stutter: no session is sent away.
 */
export class Newcomers {
  readonly #most: number;
  readonly #first: number;
  /** Sessions that may begin within `MEASURED_MS` as things stand. */
  #window: number;
  #left: number;
  /** Sessions that may begin at once, given the smoothed load. */
  #atOnce: number;
  #smoothed = 0;
  /** Time by the looks at the load, ms. */
  #nowMs = 0;
  /** When clients last began a session, by the name of their network or account. */
  readonly #recent = new Map<string, number>();

  constructor({ most, firstPercent }: NewcomerLimits) {
    this.#most = most;
    this.#first = Math.max(1, (most * firstPercent) / 100);
    this.#window = this.#first;
    this.#left = this.#first;
    this.#atOnce = this.#first;
  }

  /** Put it last among a door's gates, because it counts what it lets in. A client is new if any of its names is. */
  readonly gate: Gate = (what, asks = false, names = []) => {
    if (what !== 'session') return undefined;
    const isNew = names.length === 0 || names.some((name) => !this.#recent.has(name));
    const kept = isNew ? 0 : Math.min(KEPT * this.#atOnce, this.#atOnce - 1);
    if (this.#left < 1 + kept)
      return new ParleyError('OVERLOADED', 'too many sessions began before their load could be measured');
    if (asks) return undefined;
    this.#left -= 1;
    for (const name of names) this.#recent.set(name, this.#nowMs);
    return undefined;
  };

  /**
   * A session has ended. Before its load could show, its place is free again, unless the load is high: to open and close sessions
   * is work too.
   */
  ended(livedMs: number): void {
    if (livedMs < MEASURED_MS && this.#smoothed < RELIEF) this.#left = Math.min(this.#atOnce, this.#left + 1);
  }

  /** The load of the last `ms`. `pressure`: measured load by its limit; from 1 on it is too much. */
  note(pressure: number, ms: number): void {
    const share = ms / MEASURED_MS;
    this.#smoothed += (pressure - this.#smoothed) * Math.min(1, ms / SMOOTH_MS);
    const atOnce = Math.max(1, roomAt(this.#smoothed) * this.#window);
    this.#atOnce = atOnce;
    this.#nowMs += ms;
    for (const [name, atMs] of this.#recent) if (this.#nowMs - atMs >= MEASURED_MS) this.#recent.delete(name);
    const isUsed = this.#left < atOnce / 2;
    if (pressure >= 1) this.#window = Math.max(this.#first, this.#window / 2 ** share);
    else if (pressure < RELIEF && isUsed) this.#window = Math.min(this.#most, this.#window * 2 ** share);
    this.#left = Math.min(atOnce, this.#left + roomAt(pressure) * share * this.#window);
  }
}

function roomAt(pressure: number): number {
  return Math.max(LEAST_ROOM, 1 - pressure);
}
