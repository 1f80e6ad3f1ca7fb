import { msOfSamples, PIPELINE_RATE } from '../../machines/audio.ts';

/** Messages remembered: 2.5 s of the shortest ones, which covers the time the ear needs to decide. */
const KEPT = 256;

/**
 * Estimates when input audio was spoken, from when its messages arrived. A message cannot arrive before its last sample
 * was spoken. The least delayed message since a sample therefore gives the best bound for it.
 */
export class Arrivals {
  readonly #ends = new Float64Array(KEPT).fill(-1);
  /** When the session's first sample would have been spoken if this message had no delay. */
  readonly #originsMs = new Float64Array(KEPT);
  #next = 0;

  /** Records the arrival of a message whose last sample is the one in front of `endSample`. */
  note(endSample: number, atMs: number): void {
    this.#ends[this.#next] = endSample;
    this.#originsMs[this.#next] = atMs - msOfSamples(endSample, PIPELINE_RATE);
    this.#next = (this.#next + 1) % KEPT;
  }

  /** Latest time at which `sample` can have been spoken; undefined if it has not arrived. */
  spokenAtMs(sample: number): number | undefined {
    let originMs = Number.POSITIVE_INFINITY;
    for (let at = 0; at < KEPT; at++) {
      if ((this.#ends[at] ?? -1) >= sample) originMs = Math.min(originMs, this.#originsMs[at] ?? originMs);
    }
    return Number.isFinite(originMs) ? originMs + msOfSamples(sample, PIPELINE_RATE) : undefined;
  }
}
