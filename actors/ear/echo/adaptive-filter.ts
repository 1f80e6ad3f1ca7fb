import { BINS, FFT_SIZE, forward, inverse, type Spectrum, spectrum } from './fft.ts';

/** Samples that are processed at a time: 10 ms. */
export const BLOCK = 160;
/** Taps of one partition: two blocks. With a block they fit a transform: 320 + 160 − 1 ≤ 512. */
const PARTITION = 2 * BLOCK;
/** Share of a transform that is new. */
const NEW = BLOCK / FFT_SIZE;

/** Partitions in which the path is looked for: 600 ms, up to 500 of delay and the beginning of the room's answer. */
const WIDE = 30;
/** Partitions that are used once it is found: 240 ms, and so many of them before its strongest one. */
const NARROW = 12;
const BEFORE = 2;
/** Blocks with a loud echo after which the path counts as found: 2 s. */
const FOUND_BLOCKS = 200;
/** How much of the path is the same after 10 ms, 0..1: below 1 it is never sure, and follows changes within seconds. */
const STAY = 0.9995;
/** Uncertainty of each partition's gain at the start, as a power. */
const INITIAL = 0.1;
/** Smoothing of the power of what the path does not explain, 0..1 per block. */
const SMOOTH = 0.8;
/** Power of a block of reference that counts as sound: −60 dBFS. */
const SOUND = 1e-6;

/**
 * Estimates the way from loudspeaker to microphone, and the echo with it: a Kalman filter for each frequency of a
 * partitioned block convolution (Enzner and Vary, 2006; Kuech, Mabande and Enzner, 2014). Its step size follows from how
 * sure it is and from what it cannot explain, so a person who speaks at the same time does not lead it astray.
 */
export class AdaptiveFilter {
  /** The microphone's block without the echo. */
  readonly error = new Float32Array(BLOCK);
  /** The echo in it. */
  readonly echo = new Float32Array(BLOCK);
  /** Power of the echo that is expected to be left, by frequency, as of a transform of `BLOCK` samples. */
  readonly uncertain = new Float32Array(BINS);
  readonly #input = new Float32Array(FFT_SIZE);
  /** Transforms of the reference, the newest at `#newest`. */
  readonly #played: Spectrum[];
  readonly #weights: Spectrum[];
  readonly #variance: Float32Array[];
  readonly #unexplained = new Float32Array(BINS);
  readonly #sum = spectrum();
  readonly #errorSpectrum = spectrum();
  readonly #denominator = new Float32Array(BINS);
  readonly #time = new Float32Array(FFT_SIZE);
  #newest = 0;
  #constrained = 0;
  /** Partitions in use. */
  #from = 0;
  #to = WIDE;
  /** Blocks with sound that it has learned from. */
  #learnedFrom = 0;

  constructor() {
    this.#played = Array.from({ length: 2 * WIDE }, spectrum);
    this.#weights = Array.from({ length: WIDE }, spectrum);
    this.#variance = Array.from({ length: WIDE }, () => new Float32Array(BINS).fill(INITIAL));
  }

  /** It knows a path, right or not. */
  get learned(): boolean {
    return this.#learnedFrom > FOUND_BLOCKS / 4;
  }

  /** Where the path is strongest, in samples after what is played. */
  get delay(): number {
    const strongest = this.#strongest();
    inverse(this.#weights[strongest] as Spectrum, this.#time);
    const taps = this.#time.subarray(0, PARTITION).map(Math.abs);
    return strongest * PARTITION + taps.indexOf(Math.max(...taps));
  }

  /** One block of both: sets `error` and `echo`. */
  filter(heard: Float32Array, played: Float32Array): void {
    this.#push(played);
    this.#filter(heard);
  }

  /** An echo comes about `delay` samples after what is played: the path is learned anew, around it. */
  expect(delay: number): void {
    this.forget();
    this.#narrow(Math.floor(delay / PARTITION));
  }

  /** Forgets the path. */
  forget(): void {
    for (const { re, im } of this.#weights) {
      re.fill(0);
      im.fill(0);
    }
    for (const variance of this.#variance) variance.fill(INITIAL);
    this.#from = 0;
    this.#to = WIDE;
    this.#learnedFrom = 0;
  }

  /** Replaces what was played before the next block, because it was taken for earlier or later than it was. */
  reload(read: (blocksAgo: number, out: Float32Array) => void): void {
    const block = new Float32Array(BLOCK);
    for (let ago = this.#played.length + 2; ago > 0; ago--) {
      read(ago, block);
      this.#push(block);
    }
  }

  #push(played: Float32Array): void {
    this.#input.copyWithin(0, BLOCK);
    this.#input.set(played, FFT_SIZE - BLOCK);
    this.#newest = (this.#newest + 1) % this.#played.length;
    forward(this.#input, this.#at(0));
  }

  /** The reference's transform `blocks` ago. */
  #at(blocks: number): Spectrum {
    const { length } = this.#played;
    return this.#played[(this.#newest - blocks + length) % length] as Spectrum;
  }

  #filter(heard: Float32Array): void {
    const { re, im } = this.#sum;
    re.fill(0);
    im.fill(0);
    for (let p = this.#from; p < this.#to; p++) {
      const x = this.#at(2 * p);
      const w = this.#weights[p] as Spectrum;
      for (let k = 0; k < BINS; k++) {
        const xr = x.re[k] as number;
        const xi = x.im[k] as number;
        const wr = w.re[k] as number;
        const wi = w.im[k] as number;
        re[k] = (re[k] as number) + xr * wr - xi * wi;
        im[k] = (im[k] as number) + xr * wi + xi * wr;
      }
    }
    inverse(this.#sum, this.#time);
    for (let i = 0; i < BLOCK; i++) {
      const y = this.#time[FFT_SIZE - BLOCK + i] as number;
      this.echo[i] = y;
      this.error[i] = (heard[i] as number) - y;
    }
    this.#time.fill(0);
    this.#time.set(this.error, FFT_SIZE - BLOCK);
    forward(this.#time, this.#errorSpectrum);
  }

  /** Learns from the last block, and sets `uncertain`. Returns true if anything was played in it. */
  adapt(): boolean {
    const sound = this.#countSound();
    const e = this.#errorSpectrum;
    const { uncertain } = this;
    uncertain.fill(0);
    for (let p = this.#from; p < this.#to; p++) {
      const x = this.#at(2 * p);
      const v = this.#variance[p] as Float32Array;
      for (let k = 0; k < BINS; k++) {
        const xr = x.re[k] as number;
        const xi = x.im[k] as number;
        uncertain[k] = (uncertain[k] as number) + (xr * xr + xi * xi) * (v[k] as number);
      }
    }
    for (let k = 0; k < BINS; k++) {
      const er = e.re[k] as number;
      const ei = e.im[k] as number;
      const power = er * er + ei * ei;
      const before = this.#unexplained[k] as number;
      // At once up, slowly down: a person who begins to speak must not be learned.
      const now = power > before ? power : SMOOTH * before + (1 - SMOOTH) * power;
      this.#unexplained[k] = now;
      const all = uncertain[k] as number;
      uncertain[k] = NEW * all;
      this.#denominator[k] = 1 / (all + now / NEW + 1e-9);
    }
    const stay2 = STAY * STAY;
    for (let p = this.#from; p < this.#to; p++) {
      const x = this.#at(2 * p);
      const w = this.#weights[p] as Spectrum;
      const v = this.#variance[p] as Float32Array;
      for (let k = 0; k < BINS; k++) {
        const xr = x.re[k] as number;
        const xi = x.im[k] as number;
        const gain = (v[k] as number) * (this.#denominator[k] as number);
        const er = e.re[k] as number;
        const ei = e.im[k] as number;
        const wr = (w.re[k] as number) + gain * (xr * er + xi * ei);
        const wi = (w.im[k] as number) + gain * (xr * ei - xi * er);
        w.re[k] = wr;
        w.im[k] = wi;
        v[k] =
          stay2 * (1 - NEW * gain * (xr * xr + xi * xi)) * (v[k] as number) +
          (1 - stay2) * (wr * wr + wi * wi);
      }
    }
    // A partition has 320 taps; what the update adds beyond them would come back at the wrong end.
    for (let i = 0; i < 3; i++) {
      this.#constrain(this.#weights[this.#constrained] as Spectrum);
      this.#constrained = this.#constrained + 1 < this.#to ? this.#constrained + 1 : this.#from;
    }
    return sound;
  }

  #countSound(): boolean {
    let power = 0;
    for (let i = FFT_SIZE - BLOCK; i < FFT_SIZE; i++) power += (this.#input[i] as number) ** 2;
    const sound = power > SOUND * BLOCK;
    if (sound && ++this.#learnedFrom === FOUND_BLOCKS) this.#narrow(this.#strongest());
    return sound;
  }

  /** Uses only the partitions around this one. */
  #narrow(partition: number): void {
    this.#from = Math.max(0, Math.min(WIDE - NARROW, partition - BEFORE));
    this.#to = this.#from + NARROW;
    this.#constrained = this.#from;
  }

  #strongest(): number {
    const energies = this.#weights.map(({ re, im }) =>
      re.reduce((sum, one, k) => sum + one * one + (im[k] as number) ** 2, 0),
    );
    return energies.indexOf(Math.max(...energies));
  }

  #constrain(weights: Spectrum): void {
    inverse(weights, this.#time);
    this.#time.fill(0, PARTITION);
    forward(this.#time, weights);
  }
}
