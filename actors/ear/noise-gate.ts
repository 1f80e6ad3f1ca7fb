import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';

/** How much softer the gate makes what is below its threshold: 20 dB, so that nothing ends in plain silence. */
const CLOSED = 0.1;
/** Time over which the level is measured, ms: a few periods of a low voice. */
const LEVEL_MS = 5;
/** How long it stays open below the threshold, ms: longer than the stop in "s-t-op" and the fall of a last syllable. */
const HOLD = samplesInMs(200, PIPELINE_RATE);
/** Times to open and to close, ms: quick enough for a consonant, and no click. */
const OPENING = share(2);
const CLOSING = share(50);
const LEVEL = share(LEVEL_MS);
const FULL_SCALE = 0x8000;

/** Turns the microphone down while it is below a level. Pieces of any size give the same samples. */
export class NoiseGate {
  readonly #threshold: number;
  #power = 0;
  #gain = CLOSED;
  /** Samples for which it stays open. */
  #open = 0;

  /** `thresholdDbfs`: RMS, below 0. */
  constructor(thresholdDbfs: number) {
    this.#threshold = FULL_SCALE ** 2 * 10 ** (thresholdDbfs / 10);
  }

  /** Changes the samples in place. */
  process(samples: Int16Array): void {
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[i] as number;
      this.#power += LEVEL * (sample * sample - this.#power);
      if (this.#power > this.#threshold) this.#open = HOLD;
      else if (this.#open > 0) this.#open--;
      this.#gain += this.#open > 0 ? OPENING * (1 - this.#gain) : CLOSING * (CLOSED - this.#gain);
      samples[i] = Math.round(this.#gain * sample);
    }
  }
}

/** Share of the way that a value goes with each sample, to be about there after `ms`. */
function share(ms: number): number {
  return 1 - Math.exp(-1_000 / (ms * PIPELINE_RATE));
}
