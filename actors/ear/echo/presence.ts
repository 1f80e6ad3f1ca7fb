import { BLOCK } from './adaptive-filter.ts';
import { Floor } from './floor.ts';
import { Likeness } from './likeness.ts';

/** A block this much above the quietest ones is a sound, as a power: 6 dB. */
const AUDIBLE = 4;
/** Blocks from the begin of playback in which its echo must be heard: 500 ms of delay at most, and 300 more. */
const BEGINNING = 80;
/** Blocks with a sound after which one that came later is looked at all the same: a person would have interrupted by then. */
const LATE = 100;
/** Share per block by which the estimate of the quietest blocks rises. */
const FLOOR_RISE = 1.005;
/** A sound that is less like what is played than this, after so many blocks with a sound, is not its echo. */
const UNLIKE: readonly (readonly [blocks: number, likeness: number])[] = [
  [16, 0.09],
  [20, 0.1],
  [25, 0.11],
  [30, 0.12],
  [40, 0.13],
  [60, 0.13],
  [100, 0.135],
];
/** Blocks with a sound after which the comparison has nothing more to say. */
const LAST_LOOK = 100;
/** Blocks with a sound that are held back at most: 400 ms. */
const HELD = 40;
/** The same with the pauses between them. What has so few sounds is a knock. */
const HELD_WITH_PAUSES = 60;
/** Blocks of playback in which the filter learns, and those after them by which it is judged: 1 s each. */
const LEARNING = 100;
const JUDGED = 100;
/** Share of the power that a filter leaves where there is no echo to remove: 1.5 dB less at most. */
const NOTHING_REMOVED = 0.7;
/** Share of the power that a filter leaves of an open loudspeaker at most, 6 dB less. What a client's own canceller leaves of an echo is too distorted for that. */
const STRONGLY_REMOVED = 0.25;
/** Blocks of playback until a sound that comes late is looked at again: 3 s, twice as long each time, at most 48 s. */
const FIRST_REST = 300;
const LONGEST_REST = 4_800;

/** Blocks without a sound after which the next sound is another one: 150 ms. */
const PAUSE = 15;
/** So many replies in a row began without a sound: what is heard at the begin of the next one is compared, but not held back. */
const TRUSTED = 3;

/** What is known of an echo: nothing is heard that may be one; a sound is compared; it is taken for one, which is being checked; it is one. */
export type Known = 'nothing' | 'compared' | 'likely' | 'sure';

/** Reads what was played so many blocks before the one that is processed, 0: at its time. */
export type ReadBlock = (blocksAgo: number, out: Float32Array) => void;

/**
 * Decides whether the microphone hears the robot, if the client did not say so, or says that it does not. Whatever is heard when the
 * robot begins to speak is held back until it is clear that it is not the robot. What begins later is a person, but a sound that
 * lasts is compared too, and more rarely each time that it was not the robot.
 */
export class Presence {
  readonly #floor = new Floor(FLOOR_RISE);
  /** Made for the first sound that is compared: it is large. */
  #likeness: Likeness | undefined;
  readonly #played = new Float32Array(BLOCK);
  #last = 0;
  /** Blocks without a sound in a row. */
  #quiet = 0;
  /** The sound that goes on was compared, and is not the robot. */
  #cleared = false;
  /** Replies in a row that began without a sound. */
  #silent = 0;
  #holds = false;
  #known: Known = 'nothing';
  #strong = false;
  #verdict = false;
  /** Blocks of this stretch of playback, and those with a sound. */
  #blocks = 0;
  #audible = 0;
  /** Blocks since the sound that is compared began, and those with a sound. */
  #since = 0;
  #sounds = 0;
  /** Blocks since the filter began to learn. */
  #learned = 0;
  #heard = 0;
  #left = 0;
  #rest = 0;
  #nextRest = FIRST_REST;

  get known(): Known {
    return this.#known;
  }

  /** What is heard must wait for the verdict. */
  get holds(): boolean {
    return this.#known === 'compared' && this.#holds;
  }

  /** It is one beyond doubt. */
  get strong(): boolean {
    return this.#strong;
  }

  /** How much later than what is played the sound comes that was taken for an echo, samples. */
  get delay(): number {
    return this.#likeness?.delay ?? 0;
  }

  /** Whether it was decided since the last call that there is an echo, or none. */
  takeVerdict(): boolean {
    const verdict = this.#verdict;
    this.#verdict = false;
    return verdict;
  }

  /** Playback begins, or continues after a gap. What was not yet certain is compared again: its echo may come otherwise. */
  began(): void {
    if (this.#known === 'likely') this.#known = 'nothing';
    this.#blocks = 0;
    this.#audible = 0;
    this.#cleared = false;
  }

  /** A block while no echo is known. */
  listen(heard: Float32Array, read: ReadBlock): void {
    const audible = this.#isAudible(heard);
    this.#blocks++;
    if (audible) this.#audible++;
    if (this.#rest > 0) this.#rest--;
    if (this.#quiet >= PAUSE) this.#cleared = false;
    if (this.#blocks === BEGINNING + 1 && this.#audible === 0) {
      this.#verdict = true;
      this.#silent++;
    }
    const early = this.#blocks <= BEGINNING && !this.#cleared;
    if (!audible || !(early || (this.#audible >= LATE && this.#rest === 0))) return;
    this.#known = 'compared';
    this.#holds = early && this.#silent < TRUSTED;
    this.#since = 0;
    this.#sounds = 0;
    this.#likeness ??= new Likeness();
    this.#likeness.begin(read);
    this.#compare(this.#likeness, heard, audible, read);
  }

  /** A block while a sound is compared. */
  compare(heard: Float32Array, read: ReadBlock): void {
    if (this.#likeness && this.#sounds < LAST_LOOK)
      this.#compare(this.#likeness, heard, this.#isAudible(heard), read);
  }

  /** A block of playback from which the filter has learned, and what the filter left of it. */
  judge(heard: Float32Array, left: Float32Array): void {
    if (this.#known === 'sure' || ++this.#learned <= LEARNING) return;
    this.#heard += energyOf(heard);
    this.#left += energyOf(left);
    if (this.#learned < LEARNING + JUDGED) return;
    this.#verdict = true;
    if (this.#left < NOTHING_REMOVED * this.#heard) {
      this.#known = 'sure';
      this.#strong = this.#left < STRONGLY_REMOVED * this.#heard;
      this.#nextRest = FIRST_REST;
    } else this.#dismiss();
  }

  /** What is held is released unjudged, because nothing is played any more. */
  release(): void {
    if (this.#known === 'compared') this.#known = 'nothing';
  }

  /** The path was forgotten. One that was right is looked for again at once. */
  forgot(): void {
    if (this.#known !== 'sure') this.#dismiss();
    this.#known = 'nothing';
    this.#strong = false;
  }

  #compare(likeness: Likeness, heard: Float32Array, audible: boolean, read: ReadBlock): void {
    this.#since++;
    read(0, this.#played);
    likeness.add(heard, this.#played);
    if (audible) this.#sounds++;
    const over = this.#known === 'compared' && this.#since >= HELD_WITH_PAUSES;
    const least = audible ? UNLIKE.find(([blocks]) => blocks === this.#sounds)?.[1] : undefined;
    if (least === undefined && !over) return;
    const required = least ?? UNLIKE.findLast(([blocks]) => blocks <= this.#sounds)?.[1] ?? 1;
    if (likeness.measure() < required) this.#dismiss();
    else if (this.#known === 'compared' && (over || this.#sounds >= HELD)) {
      this.#known = 'likely';
      this.#silent = 0;
      this.#learned = 0;
      this.#heard = 0;
      this.#left = 0;
    }
  }

  /** It is another person. */
  #dismiss(): void {
    this.#known = 'nothing';
    this.#verdict = true;
    this.#cleared = true;
    this.#quiet = 0;
    this.#audible = 0;
    this.#rest = this.#nextRest;
    this.#nextRest = Math.min(2 * this.#nextRest, LONGEST_REST);
  }

  /** Without low frequencies, whose noise is seldom steady from block to block. */
  #isAudible(heard: Float32Array): boolean {
    let sum = 0;
    for (let i = 0; i < BLOCK; i++) {
      const sample = heard[i] as number;
      sum += (sample - this.#last) ** 2;
      this.#last = sample;
    }
    const power = sum / BLOCK;
    const audible = power > AUDIBLE * this.#floor.follow(power);
    this.#quiet = audible ? 0 : this.#quiet + 1;
    return audible;
  }
}

export function energyOf(samples: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] as number) ** 2;
  return sum;
}
