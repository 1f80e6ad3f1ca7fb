import { BLOCK } from './adaptive-filter.ts';
import { BINS, FFT_SIZE, forward, inverse, type Spectrum, spectrum } from './fft.ts';

/** Delays of one partition, samples: two blocks. */
const PARTITION = 2 * BLOCK;
/** Delays that are looked at: up to 600 ms, as far as the filter looks. */
const PARTITIONS = 30;
/** Blocks of playback that belong to them. */
const HISTORY = 2 * PARTITIONS;
/** Share of a transform that a block is. */
const NEW = BLOCK / FFT_SIZE;
/** Plain correlation from which a sound is the same for certain: that of tones, which have too few frequencies for the whitened one. */
const SAME = 0.85;
/** Keeps frequencies in which nothing is heard or played from counting. */
const SILENCE = 1e-12;

/**
 * How much a sound in the microphone is like what is played: the highest value of their whitened cross-correlation, over all
 * delays of an echo. In a room with reverberation an echo has 0.15 to 0.4 after 300 ms; other speech usually less than 0.1.
 */
export class Likeness {
  readonly #window = new Float32Array(FFT_SIZE);
  readonly #time = new Float32Array(FFT_SIZE);
  readonly #heard = spectrum();
  readonly #whitened = spectrum();
  /** Transforms of what was played, the newest at `#newest`. */
  readonly #played = Array.from({ length: HISTORY }, spectrum);
  /** Sums by partition. */
  readonly #cross = Array.from({ length: PARTITIONS }, spectrum);
  readonly #playedPower = Array.from({ length: PARTITIONS }, () => new Float32Array(BINS));
  readonly #heardPower = new Float32Array(BINS);
  #newest = 0;
  readonly #taper: Float32Array | undefined;
  /** Where it was highest at the last `measure`, samples after what is played. */
  delay = 0;
  /** The same between samples, if the whitened correlation was the highest. */
  preciseDelay = 0;
  /** The highest whitened correlation at the last `measure`. */
  whitened = 0;

  /** `tapered`: edges of blocks do not count. They look alike at delays of whole partitions. */
  constructor(tapered = false) {
    if (tapered)
      this.#taper = Float32Array.from(
        { length: BLOCK },
        (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / BLOCK),
      );
  }

  /** A new sound begins. `read` gives what was played so many blocks before it. */
  begin(read: (blocksAgo: number, out: Float32Array) => void): void {
    this.forget();
    const block = new Float32Array(BLOCK);
    for (let ago = HISTORY + 2; ago > 0; ago--) {
      read(ago, block);
      this.#play(block);
    }
  }

  /** The same sound goes on, and what was heard of it no longer counts. */
  forget(): void {
    for (const { re, im } of this.#cross) {
      re.fill(0);
      im.fill(0);
    }
    for (const power of this.#playedPower) power.fill(0);
    this.#heardPower.fill(0);
  }

  /** One block of both, of the same time. */
  add(heard: Float32Array, played: Float32Array): void {
    this.#play(played);
    this.#time.fill(0);
    for (let i = 0; i < BLOCK; i++)
      this.#time[FFT_SIZE - BLOCK + i] = (heard[i] as number) * (this.#taper?.[i] ?? 1);
    forward(this.#time, this.#heard);
    const { re: hr, im: hi } = this.#heard;
    for (let k = 0; k < BINS; k++)
      this.#heardPower[k] = (this.#heardPower[k] as number) + (hr[k] as number) ** 2 + (hi[k] as number) ** 2;
    for (let p = 0; p < PARTITIONS; p++) {
      const { re: xr, im: xi } = this.#at(2 * p);
      const { re, im } = this.#cross[p] as Spectrum;
      const power = this.#playedPower[p] as Float32Array;
      for (let k = 0; k < BINS; k++) {
        const a = xr[k] as number;
        const b = xi[k] as number;
        const c = hr[k] as number;
        const d = hi[k] as number;
        re[k] = (re[k] as number) + a * c + b * d;
        im[k] = (im[k] as number) + a * d - b * c;
        power[k] = (power[k] as number) + a * a + b * b;
      }
    }
  }

  /** Of all blocks since `begin`, 0..1. */
  measure(): number {
    const { re, im } = this.#whitened;
    const heardEnergy = energyOf(this.#heardPower);
    let best = 0;
    let same = 0;
    let sameDelay = 0;
    for (let p = 0; p < PARTITIONS; p++) {
      const cross = this.#cross[p] as Spectrum;
      const power = this.#playedPower[p] as Float32Array;
      for (let k = 0; k < BINS; k++) {
        const scale = 1 / Math.sqrt((this.#heardPower[k] as number) * (power[k] as number) + SILENCE);
        re[k] = scale * (cross.re[k] as number);
        im[k] = scale * (cross.im[k] as number);
      }
      inverse(this.#whitened, this.#time);
      for (let i = 0; i < PARTITION; i++) {
        const one = Math.abs(this.#time[i] as number);
        if (one <= best) continue;
        best = one;
        this.delay = p * PARTITION + i;
        this.preciseDelay = this.delay + between(this.#time, i);
      }
      inverse(cross, this.#time);
      const energies = heardEnergy * NEW * energyOf(power);
      for (let i = 0; energies > 0 && i < PARTITION; i++) {
        const one = Math.abs(this.#time[i] as number) / Math.sqrt(energies);
        if (one <= same) continue;
        same = one;
        sameDelay = p * PARTITION + i;
      }
    }
    this.whitened = best;
    if (same < SAME) return best;
    this.delay = sameDelay;
    return Math.max(best, Math.min(1, same));
  }

  #play(block: Float32Array): void {
    this.#window.copyWithin(0, BLOCK);
    this.#window.set(block, FFT_SIZE - BLOCK);
    this.#newest = (this.#newest + 1) % HISTORY;
    forward(this.#window, this.#at(0));
  }

  #at(blocks: number): Spectrum {
    return this.#played[(this.#newest - blocks + HISTORY) % HISTORY] as Spectrum;
  }
}

/** Where the extreme at `i` is between the samples, −0.5..0.5: that of a parabola. */
function between(values: Float32Array, i: number): number {
  const [before, here, after] = [i - 1, i, i + 1].map((k) => Math.abs(values[k] ?? 0)) as [
    number,
    number,
    number,
  ];
  const bend = before - 2 * here + after;
  return bend === 0 ? 0 : Math.max(-0.5, Math.min(0.5, (0.5 * (before - after)) / bend));
}

/** Of the samples whose transforms' powers these are. */
function energyOf(powers: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < BINS; k++) sum += powers[k] as number;
  return (2 * sum) / FFT_SIZE;
}
