import { BLOCK } from './adaptive-filter.ts';

/** A block this much above the quietest ones is a sound, as a power: 6 dB. */
const AUDIBLE = 4;
/** Power below which nothing is a sound: −90 dBFS. */
const SILENCE = 1e-9;
/** Blocks from the begin of playback in which its echo must be heard: 500 ms of delay at most, and 300 more. */
const BEGINNING = 80;
/** Blocks with a sound after which one that came later is looked at all the same: a person would have interrupted by then. */
const LATE = 100;
/** Share per block by which the estimate of the quietest blocks rises. */
const FLOOR_RISE = 1.005;
/** Blocks of playback in which the filter learns, and those after them by which it is judged: 1 s each. */
const LEARNING = 100;
const JUDGED = 100;
/** Share of the power that a filter leaves where there is no echo to remove: 1.5 dB less at most. */
const NOTHING_REMOVED = 0.7;
/** Blocks of playback until it is tried again: 3 s, twice as long each time, at most 48 s. */
const FIRST_REST = 300;
const LONGEST_REST = 4_800;

/**
 * Decides when to look for an echo if the client did not say whether its microphone hears one: once it hears anything when the
 * robot begins to speak, or for a second while it speaks, and more rarely each time that what it heard was not the robot.
 */
export class Presence {
  #floor = 0;
  #last = 0;
  #looking = false;
  #sure = false;
  /** Blocks of this stretch of playback, and those with a sound. */
  #played = 0;
  #audible = 0;
  /** Blocks since it began to look. */
  #blocks = 0;
  #heard = 0;
  #left = 0;
  #rest = 0;
  #nextRest = FIRST_REST;

  /** What the filter has learned is an echo. */
  get sure(): boolean {
    return this.#sure;
  }

  /** An echo is there, or is looked for. */
  get looking(): boolean {
    return this.#looking;
  }

  /** Playback begins, or continues after a gap. */
  began(): void {
    this.#played = 0;
    this.#audible = 0;
  }

  /** A block that the canceller has not seen. Returns true once it should begin to look. */
  wakes(heard: Float32Array): boolean {
    const power = this.#powerOfDifferences(heard);
    this.#floor = this.#floor === 0 ? power : Math.min(power, this.#floor * FLOOR_RISE);
    this.#played++;
    if (this.#rest > 0) {
      this.#rest--;
      return false;
    }
    const audible = power > AUDIBLE * Math.max(this.#floor, SILENCE);
    if (audible) this.#audible++;
    this.#looking = audible && (this.#played <= BEGINNING || this.#audible >= LATE);
    this.#blocks = 0;
    this.#heard = 0;
    this.#left = 0;
    return this.#looking;
  }

  /** A block of playback from which the filter has learned, and what the filter left of it. Returns true if there is no echo. */
  judge(heard: Float32Array, left: Float32Array): boolean {
    if (this.#sure || ++this.#blocks <= LEARNING) return false;
    this.#heard += energyOf(heard);
    this.#left += energyOf(left);
    if (this.#blocks < LEARNING + JUDGED) return false;
    if (this.#left < NOTHING_REMOVED * this.#heard) {
      this.#sure = true;
      this.#nextRest = FIRST_REST;
      return false;
    }
    return true;
  }

  /** Without low frequencies, whose noise is seldom steady from block to block. */
  #powerOfDifferences(heard: Float32Array): number {
    let sum = 0;
    for (let i = 0; i < BLOCK; i++) {
      const sample = heard[i] as number;
      sum += (sample - this.#last) ** 2;
      this.#last = sample;
    }
    return sum / BLOCK;
  }

  /** The path was forgotten. One that was right is looked for again at once. */
  forgot(): void {
    this.#looking = false;
    if (!this.#sure) {
      this.#rest = this.#nextRest;
      this.#nextRest = Math.min(2 * this.#nextRest, LONGEST_REST);
    }
    this.#sure = false;
  }
}

function energyOf(samples: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] as number) ** 2;
  return sum;
}
