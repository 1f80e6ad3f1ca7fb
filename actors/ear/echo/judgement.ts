import { BINS, FFT_SIZE } from './fft.ts';
import { Floor } from './floor.ts';

/** Left-over power that is still taken for echo, as a multiple of what is expected to be left: 6 dB. */
const EXPLAINED = 4;
/** Above this multiple, 9 dB, all of it passes. */
const PASSED = 8;
/** Smallest share of the echo's power that a filter leaves, −30 dB: loudspeakers distort, rooms outlast the filter. */
const LEAST_LEFT = 0.001;
/** Smoothing of the share that is heard, per block: 0.5 s. */
const FALL = 0.02;
/** The same in the first blocks of an echo that is heard for certain, and how many those are: 0.4 s. */
const QUICK_FALL = 0.1;
const QUICK_BLOCKS = 40;
/** An echo may come 500 ms after what is played, so nothing follows from its absence in these first blocks. */
const UNSEEN = 60;
/** Share per block by which the estimate of what is left rises while more is left: 6 dB in 0.7 s, so a sentence of a person moves it little. */
const RISE = 1.01;
/** The same for the estimate of the noise, whose pauses come more often. */
const NOISE_RISE = 1.005;
/** Smoothing of the usual power of the echo, per block: 0.5 s. */
const USUAL = 0.02;
/** How fast the way closes, per block: 20 dB in 40 ms, so that syllables end. */
const CLOSING = 0.56;

/**
 * Decides for each block whether what the filter left is explained by what is played, and replaces it by noise of the
 * room's level if so. What is not explained, as a person who speaks, passes unchanged.
 */
export class Judgement {
  /** Share of the last block that passed, 0..1. */
  passed = 1;
  /** The same of what was well above the noise; 0 for a block that was not. */
  voice = 0;
  /** Share of the echo's power that the filter leaves. */
  #left = 0.1;
  /** Share of the power that may be an echo, as far as the filter knows, that is heard. */
  #likely: number;
  /** Blocks in which an echo was to be expected. */
  #seen = 0;
  #noise = 0;
  readonly #floor = new Floor(NOISE_RISE);
  /** Blocks in which the share that is heard is learned quickly. */
  #quick = 0;
  /** Blocks that are the echo and nothing else. */
  #certain = 0;
  #loud = false;
  #seed = 1;
  /** Power of the echo while it is loud, over 0.5 s. */
  #usual = 0;

  /** `expected`: what may be an echo is taken for one from the first block on; otherwise only what the filter has learned. */
  constructor(expected: boolean) {
    this.#likely = expected ? 1 : 0;
  }

  /** The expected echo of the last block was well above the noise. */
  get loud(): boolean {
    return this.#loud;
  }

  /** From now on what may be an echo is taken for one: it is heard at this moment. The next `certain` blocks are nothing else. */
  expect(certain: number): void {
    this.#certain = certain;
    this.#likely = 1;
    this.#seen = UNSEEN;
    this.#quick = QUICK_BLOCKS;
  }

  /** A block that the filter has not seen passes as it is. */
  pass(heard: Float32Array): Float32Array {
    const power = powerOf(heard);
    this.#noise = this.#floor.follow(power);
    this.passed = 1;
    this.voice = power > EXPLAINED * this.#noise ? 1 : 0;
    return heard;
  }

  /** `left`, the filter's error, is changed in place. `misplaced`: the echo is expected at a time that may be wrong. */
  apply(left: Float32Array, echo: Float32Array, uncertain: Float32Array, misplaced: boolean): void {
    const power = powerOf(left);
    const echoPower = powerOf(echo);
    this.#noise = this.#floor.follow(power);
    let unsure = 0;
    for (let k = 0; k < BINS; k++) unsure += uncertain[k] as number;
    const unknown = (2 * unsure) / (FFT_SIZE * left.length);
    this.#loud = echoPower > 10 * this.#noise;
    if (this.#loud && !misplaced) {
      const ratio = Math.max(LEAST_LEFT, Math.min(1, power / echoPower));
      this.#left = ratio < this.#left ? 0.7 * this.#left + 0.3 * ratio : Math.min(ratio, this.#left * RISE);
    }
    const expected = misplaced
      ? Math.max(echoPower, this.#usual)
      : this.#likely * unknown + this.#left * echoPower;
    if (this.#loud) this.#usual += USUAL * (echoPower - this.#usual);
    const others = power <= this.#noise ? 1 : (power / expected - EXPLAINED) / (PASSED - EXPLAINED);
    this.passed = this.#certain > 0 ? 0 : Math.max(Math.max(0, Math.min(1, others)), CLOSING * this.passed);
    if (this.#certain > 0) this.#certain--;
    this.voice = power > EXPLAINED * this.#noise ? this.passed : 0;
    // What passes is not the robot, so it says nothing of the path.
    if (unknown > 10 * this.#noise && !misplaced && this.passed < 0.5 && ++this.#seen > UNSEEN) {
      const fall = this.#quick > 0 ? QUICK_FALL : FALL;
      if (this.#quick > 0) this.#quick--;
      this.#likely += fall * (Math.min(1, power / unknown) - this.#likely);
    }
    if (this.passed > 0.999) return;
    const noise = Math.sqrt(3 * this.#noise * (1 - this.passed * this.passed));
    for (let i = 0; i < left.length; i++)
      left[i] = this.passed * (left[i] as number) + noise * this.#random();
  }

  /** −1..1. */
  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) | 0;
    return this.#seed / 0x8000_0000;
  }
}

function powerOf(samples: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] as number) ** 2;
  return sum / samples.length;
}
