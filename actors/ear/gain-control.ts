import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';

const BLOCK = samplesInMs(10, PIPELINE_RATE);
const FULL_SCALE = 0x8000;
/** Most change of level, either way, dB: more would make a quiet room's noise as loud as speech. */
const MOST_DB = 18;
/** Change of the gain per block, dB: 10 a second, so a word keeps its course. */
const STEP_DB = 0.1;
/** A block this much above the noise is taken for speech, dB. */
const SPEECH_DB = 12;
/** Least level of speech, dBFS: below it is hardly a microphone. */
const LEAST_DBFS = -65;
/** Rise of the estimate of the noise per block, dB: 2 a second, so that a long sentence moves it little. */
const NOISE_RISE_DB = 0.02;
/** Share by which the level of speech follows a block of it: 0.5 s. */
const FOLLOW = 0.02;
/** Largest sample that it makes. */
const LIMIT = 32_000;

/**
 * Brings speech to a level, slowly, and turns down at once what would be cut off. Follows only what is well above the
 * noise, so silence is not raised. Pieces of any size give the same samples.
 */
export class GainControl {
  readonly #targetDbfs: number;
  /** In dB; that of the block's first sample, and what it moves to until the last. */
  #gainDb = 0;
  #gain = 1;
  #change = 1;
  #noiseDb = Number.POSITIVE_INFINITY;
  #speechDb: number | undefined;
  #power = 0;
  #filled = 0;

  /** `targetDbfs`: RMS of speech, below 0. */
  constructor(targetDbfs: number) {
    this.#targetDbfs = targetDbfs;
  }

  /** Changes the samples in place. */
  process(samples: Int16Array): void {
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[i] as number;
      this.#power += sample * sample;
      this.#gain *= this.#change;
      if (Math.abs(sample) * this.#gain > LIMIT) this.#limit(LIMIT / Math.abs(sample));
      samples[i] = Math.round(this.#gain * sample);
      if (++this.#filled === BLOCK) this.#decide();
    }
  }

  #limit(gain: number): void {
    this.#gain = gain;
    this.#gainDb = 20 * Math.log10(gain);
    this.#change = 1;
  }

  /** After each block: the gain until the end of the next. */
  #decide(): void {
    const levelDb = 10 * Math.log10(this.#power / BLOCK / FULL_SCALE ** 2 + 1e-12);
    this.#power = 0;
    this.#filled = 0;
    this.#noiseDb = Math.min(levelDb, this.#noiseDb + NOISE_RISE_DB);
    if (levelDb > Math.max(LEAST_DBFS, this.#noiseDb + SPEECH_DB))
      this.#speechDb =
        this.#speechDb === undefined ? levelDb : this.#speechDb + FOLLOW * (levelDb - this.#speechDb);
    const wanted = this.#speechDb === undefined ? 0 : this.#targetDbfs - this.#speechDb;
    const aim = Math.max(-MOST_DB, Math.min(MOST_DB, wanted));
    const stepDb = Math.max(-STEP_DB, Math.min(STEP_DB, aim - this.#gainDb));
    this.#gain = 10 ** (this.#gainDb / 20);
    this.#gainDb += stepDb;
    this.#change = 10 ** (stepDb / 20 / BLOCK);
  }
}
