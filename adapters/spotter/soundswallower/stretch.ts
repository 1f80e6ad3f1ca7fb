import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';

/** The loudest 25 ms are scaled to this RMS, and noise of the second RMS is added (16-bit units). They belong to the decoder's fixed normalisation (see spotter.ts). */
const LOUDEST = 1_100;
const NOISE = 15;
const MOST_GAIN = 20;
/** 25 ms and 10 ms. */
const WINDOW = samplesInMs(25, PIPELINE_RATE);
const HOP = samplesInMs(10, PIPELINE_RATE);

/** The newest audio of a stretch of sound, by sample from its start. */
export class Stretch {
  readonly #kept: number;
  #samples = new Int16Array(PIPELINE_RATE);
  #first = 0;
  #end = 0;

  /** Keeps at least `keptSamples`. */
  constructor(keptSamples: number) {
    this.#kept = keptSamples;
  }

  get first(): number {
    return this.#first;
  }

  /** The index of the next sample. */
  get end(): number {
    return this.#end;
  }

  push(samples: Int16Array): void {
    const held = this.#end - this.#first;
    if (held + samples.length > this.#samples.length) {
      const dropped = Math.max(0, held - this.#kept);
      const next = new Int16Array(2 * (held - dropped + samples.length));
      next.set(this.#samples.subarray(dropped, held));
      this.#samples = next;
      this.#first += dropped;
    }
    this.#samples.set(samples, this.#end - this.#first);
    this.#end += samples.length;
  }

  /** The gain that brings the loudest part of `[from, to)` to the level that the model expects. */
  gain(from: number, to: number): number {
    return Math.min(MOST_GAIN, LOUDEST / Math.max(1, this.loudest(from, to)));
  }

  /** RMS of the loudest 25 ms in `[from, to)`; 0 if it is shorter. */
  loudest(from: number, to: number): number {
    let loudest = 0;
    for (let at = Math.max(from, this.#first); at + WINDOW <= to; at += HOP) {
      const window = this.#samples.subarray(at - this.#first, at - this.#first + WINDOW);
      loudest = Math.max(
        loudest,
        window.reduce((sum, sample) => sum + sample * sample, 0),
      );
    }
    return Math.sqrt(loudest / WINDOW);
  }

  /** `[from, to)` with `gain` and noise, −1..1. Deterministic: the noise depends on the sample's index. */
  levelled(from: number, to: number, gain: number, noise = NOISE): Float32Array {
    const samples = new Float32Array(Math.max(0, to - from));
    for (let i = 0; i < samples.length; i++) {
      const sample = this.#samples[from - this.#first + i] ?? 0;
      samples[i] = Math.max(-1, Math.min(1, (sample * gain + noise * gaussian(from + i)) / 32_768));
    }
    return samples;
  }
}

/** Nearly Gaussian with standard deviation 1: the sum of three uniform numbers of −1..1. */
function gaussian(index: number): number {
  const bits = scrambled(index);
  const uniform = (shift: number) => ((bits >>> shift) & 0x3ff) / 511.5 - 1;
  return uniform(0) + uniform(10) + uniform(20);
}

/** Spreads an index over 32 bits: the finaliser of MurmurHash3. */
function scrambled(index: number): number {
  let bits = index + 0x9e3779b9;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
