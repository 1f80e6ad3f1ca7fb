import type { Denoiser } from '../ports/denoiser.ts';
import { BINS, FFT_SIZE, forward, inverse, spectrum } from './echo/fft.ts';

const HALF = FFT_SIZE / 2;
/** Root of a Hann window: analysis and synthesis with it add up to one. */
const SHAPE = Float32Array.from({ length: FFT_SIZE }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / FFT_SIZE));
/** The quietest moment of the last 60 frames (about a second) is noise… */
const MEMORY = 60;
/**
 * …at the loudest of so many frequencies on either side, 125 Hz: the tones of a motor wander, so at each frequency there are
 * moments without them. That maximum is about as far above the noise's mean as a minimum over time is below it.
 */
const AROUND = 4;
/** Of the noise, so much more is subtracted than its mean, because it varies. */
const OVERSUBTRACTION = 1.5;
/** Noise stays audible at −12 dB: less of it makes artefacts that the recogniser takes for sounds. */
const FLOOR = 10 ** (-12 / 20);

/**
 * Takes steady noise (motors, fans) out of sound: a Wiener filter whose noise is the minimum of each frequency over a
 * second. The decoder's normalisation is fixed and does not fit noisy speech: of eight voices 10 dB above white noise,
 * one was suspected without the filter, six with it.
 */
export class SteadyNoiseFilter implements Denoiser {
  readonly #input = new Float32Array(FFT_SIZE);
  readonly #overlap = new Float32Array(HALF);
  /** New samples at the end of `#input`. */
  #fresh = 0;
  readonly #spectrum = spectrum();
  readonly #frame = new Float32Array(FFT_SIZE);
  readonly #level = new Float32Array(BINS);
  readonly #recent: Float32Array[] = [];
  /** The first half frame of output is before the first sample. */
  #early = true;

  /** Returns the sound up to at most 512 samples ago: half a frame for each half frame of input. */
  process(samples: Int16Array): Int16Array {
    const out = new Int16Array(HALF * Math.floor((this.#fresh + samples.length) / HALF));
    let made = 0;
    for (let at = 0; at < samples.length; ) {
      const count = Math.min(samples.length - at, HALF - this.#fresh);
      for (let i = 0; i < count; i++) this.#input[HALF + this.#fresh + i] = samples[at + i] ?? 0;
      at += count;
      this.#fresh += count;
      if (this.#fresh < HALF) break;
      this.#fresh = 0;
      made += this.#filter(out, made);
    }
    return out.subarray(0, made);
  }

  close(): void {}

  #filter(out: Int16Array, at: number): number {
    for (let i = 0; i < FFT_SIZE; i++) this.#frame[i] = (this.#input[i] ?? 0) * (SHAPE[i] ?? 0);
    this.#input.copyWithin(0, HALF);
    forward(this.#frame, this.#spectrum);
    this.#attenuate();
    inverse(this.#spectrum, this.#frame);
    const early = this.#early;
    this.#early = false;
    for (let i = 0; i < HALF; i++) {
      const sample = (this.#overlap[i] ?? 0) + (this.#frame[i] ?? 0) * (SHAPE[i] ?? 0);
      if (!early) out[at + i] = Math.max(-32_768, Math.min(32_767, Math.round(sample)));
      this.#overlap[i] = (this.#frame[HALF + i] ?? 0) * (SHAPE[HALF + i] ?? 0);
    }
    return early ? 0 : HALF;
  }

  #attenuate(): void {
    const { re, im } = this.#spectrum;
    const first = this.#recent.length === 0;
    for (let bin = 0; bin < BINS; bin++) {
      const power = (re[bin] ?? 0) ** 2 + (im[bin] ?? 0) ** 2;
      this.#level[bin] = first ? power : 0.7 * (this.#level[bin] ?? 0) + 0.3 * power;
    }
    const oldest = this.#recent.length < MEMORY ? new Float32Array(BINS) : this.#recent.shift();
    if (oldest) {
      setLoudestAround(this.#level, oldest);
      this.#recent.push(oldest);
    }
    for (let bin = 0; bin < BINS; bin++) {
      let least = Number.POSITIVE_INFINITY;
      for (const level of this.#recent) least = Math.min(least, level[bin] ?? 0);
      const power = (re[bin] ?? 0) ** 2 + (im[bin] ?? 0) ** 2;
      const ratio = Math.max(0, power / Math.max(1e-9, least) - OVERSUBTRACTION);
      const gain = Math.max(FLOOR, Math.sqrt(ratio / (ratio + 1)));
      re[bin] = gain * (re[bin] ?? 0);
      im[bin] = gain * (im[bin] ?? 0);
    }
  }
}

function setLoudestAround(level: Float32Array, out: Float32Array): void {
  for (let bin = 0; bin < BINS; bin++) {
    let loudest = 0;
    const last = Math.min(BINS - 1, bin + AROUND);
    for (let near = Math.max(0, bin - AROUND); near <= last; near++)
      loudest = Math.max(loudest, level[near] ?? 0);
    out[bin] = loudest;
  }
}
