/** The loudest 25 ms of an utterance are scaled to the first RMS, and noise with the second RMS is added (16-bit units): 35 dB apart. The model was trained on similar telephone-band recordings. Audio with digital silence matches it badly without the noise; with twice the noise, people's soft sounds are lost (measured: 148 of 150 of their sentences correct with 20, 139 with 40).
 */
const LOUDEST = 1_100;
const NOISE = 20;
const MOST_GAIN = 20;
/** A gain that is off by more than this factor (4 dB) is replaced. */
const TOLERANCE = 1.6;
/** Speech is louder than this RMS (-60 dB)… */
const QUIETEST_SPEECH = 33;
/** …and this much louder than the pauses around it, of which an utterance has at least a fifth (12 dB). */
const LEAST_CONTRAST = 4;
const PAUSES = 0.2;
/** The end of a soft sound is louder than this share of the loudest window (-30 dB)… */
const SOFTEST = 0.03;
const LEAST_LEVEL = 20;
/** …and this much louder than the quietest tenth, unless that is more than the last share of the loudest. */
const ABOVE_NOISE = 1.8;
const QUIETEST = 0.1;
const SURE = 0.25;
/** dB between the loudest and the quietest sound. A room with this much counts as quiet; more is the same. */
export const MOST_CONTRAST = 45;
/** Audio kept on both sides of the speech, in samples (200 ms). */
export const PAD = 3_200;
/** 25 ms and 10 ms at 16 kHz. */
const WINDOW = 400;
const HOP = 160;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The speech of one utterance at the level that the model expects, -1..1, without the silence before and after it. Deterministic. */
export class LevelledAudio {
  #samples = new Int16Array(32_000);
  #length = 0;
  #measured = 0;
  #loudest = 0;
  readonly #levels: number[] = [];
  #gain = 1;
  #start = 0;
  #read = 0;
  #noise = new Noise();

  /** Samples so far. */
  get length(): number {
    return this.#length;
  }

  push(samples: Int16Array): void {
    if (this.#length + samples.length > this.#samples.length) {
      const larger = new Int16Array(Math.max(this.#samples.length * 2, this.#length + samples.length));
      larger.set(this.#samples.subarray(0, this.#length));
      this.#samples = larger;
    }
    this.#samples.set(samples, this.#length);
    this.#length += samples.length;
    for (; this.#measured + WINDOW <= this.#length; this.#measured += HOP) {
      const window = this.#samples.subarray(this.#measured, this.#measured + WINDOW);
      const power = window.reduce((sum, sample) => sum + sample * sample, 0) / WINDOW;
      this.#levels.push(Math.sqrt(power));
      this.#loudest = Math.max(this.#loudest, Math.sqrt(power));
    }
  }

  /** False for silence and for steady noise. */
  mayBeSpeech(): boolean {
    return this.#loudest > QUIETEST_SPEECH && this.#loudest > LEAST_CONTRAST * this.#quietest(PAUSES);
  }

  /** How far the loudest 25 ms are above the quietest tenth, dB, at most `MOST_CONTRAST`. */
  contrast(): number {
    const ratio = this.#loudest / Math.max(1, this.#quietest(QUIETEST));
    return Math.min(MOST_CONTRAST, 20 * Math.log10(Math.max(1, ratio)));
  }

  /** True if the current gain or start no longer fits the audio so far. */
  isOff(): boolean {
    const ratio = this.#fitting() / this.#gain;
    return ratio > TOLERANCE || ratio < 1 / TOLERANCE || Math.abs(this.#speech().start - this.#start) > PAD;
  }

  /** Sets the gain and the start that fit the audio so far; `next` begins again. */
  fix(): void {
    this.#gain = this.#fitting();
    this.#start = this.#speech().start;
    this.#read = this.#start;
    this.#noise = new Noise();
  }

  /** The speech since the last call, up to now. Silence at the end is held back until more speech follows. */
  next(): Float32Array {
    const { end } = this.#speech();
    const from = this.#read;
    this.#read = Math.max(from, Math.min(end, this.#length));
    return this.#levelled({ start: from, end: this.#read }, this.#gain, this.#noise);
  }

  /** The whole speech, with the gain that fits it. The same however much silence follows. */
  whole(): Float32Array {
    return this.#levelled(this.#speech(), this.#fitting(), new Noise());
  }

  /** From and up to where the audio is louder than silence, with the padding; it may reach beyond the audio. */
  #speech(): Span {
    const noise = ABOVE_NOISE * this.#quietest(QUIETEST);
    const least = Math.min(SURE * this.#loudest, Math.max(SOFTEST * this.#loudest, LEAST_LEVEL, noise));
    const first = Math.max(
      0,
      this.#levels.findIndex((level) => level > least),
    );
    const last = this.#levels.findLastIndex((level) => level > least);
    return { start: first * HOP - PAD, end: last * HOP + WINDOW + PAD };
  }

  #quietest(share: number): number {
    return this.#levels.toSorted((a, b) => a - b)[Math.floor(this.#levels.length * share)] ?? 0;
  }

  #levelled({ start, end }: Span, gain: number, noise: Noise): Float32Array {
    return Float32Array.from({ length: Math.max(0, end - start) }, (_, i) => {
      const at = start + i;
      const sample = at >= 0 && at < this.#length ? (this.#samples[at] ?? 0) : 0;
      return Math.max(-1, Math.min(1, (sample * gain + noise.next()) / 32_768));
    });
  }

  #fitting(): number {
    return Math.min(MOST_GAIN, LOUDEST / Math.max(1, this.#loudest));
  }
}

class Noise {
  #seed = 1;

  /** Nearly Gaussian: the sum of three uniform numbers, whose standard deviation is one half. */
  next(): number {
    return (this.#uniform() + this.#uniform() + this.#uniform() - 1.5) * 2 * NOISE;
  }

  /** A linear congruential generator; the constants are those of Numerical Recipes. */
  #uniform(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed / 0x1_0000_0000;
  }
}
