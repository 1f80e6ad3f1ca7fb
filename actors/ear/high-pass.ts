import { PIPELINE_RATE } from '../../machines/audio.ts';

/** State below this is as good as zero; without it, silence would end in denormal numbers, which are slow. */
const NOTHING = 1e-12;

/**
 * Second-order Butterworth high-pass (bilinear transform): -3 dB at `hz`, 12 dB less for each octave below, and no DC. The
 * same samples give the same result in pieces of any size. Coefficients: R. Bristow-Johnson, Audio EQ Cookbook.
 */
export class HighPass {
  readonly #b0: number;
  readonly #a1: number;
  readonly #a2: number;
  /** State of the transposed direct form II. */
  #z1 = 0;
  #z2 = 0;
  #out = new Int16Array(0);

  /** `hz`: above 0 and below half the rate. */
  constructor(hz: number, rate: number = PIPELINE_RATE) {
    const w = (2 * Math.PI * hz) / rate;
    const alpha = Math.sin(w) / Math.SQRT2;
    this.#b0 = (1 + Math.cos(w)) / 2 / (1 + alpha);
    this.#a1 = (-2 * Math.cos(w)) / (1 + alpha);
    this.#a2 = (1 - alpha) / (1 + alpha);
  }

  /** The filtered samples, valid until the next call. */
  process(samples: Int16Array): Int16Array {
    if (this.#out.length < samples.length) this.#out = new Int16Array(samples.length);
    const out = this.#out;
    const [b0, a1, a2] = [this.#b0, this.#a1, this.#a2];
    let [z1, z2] = [this.#z1, this.#z2];
    for (let i = 0; i < samples.length; i++) {
      const x = samples[i] ?? 0;
      const y = b0 * x + z1;
      z1 = z2 - 2 * b0 * x - a1 * y;
      z2 = b0 * x - a2 * y;
      if (Math.abs(z1) + Math.abs(z2) < NOTHING) {
        z1 = 0;
        z2 = 0;
      }
      out[i] = Math.max(-0x8000, Math.min(0x7fff, Math.round(y)));
    }
    this.#z1 = z1;
    this.#z2 = z2;
    return out.subarray(0, samples.length);
  }
}
