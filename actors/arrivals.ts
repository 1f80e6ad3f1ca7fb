import { msOfSamples, PIPELINE_RATE } from '../machines/audio.ts';

/** So many messages are remembered: 2.5 s of the shortest, which is more than the ear needs to make up its mind. */
const KEPT = 256;

/**
 * When audio came, and so by when it was spoken. A message cannot come before its last sample was spoken, and each sample
 * after another is spoken that much later: of all messages that came since, the one that was least delayed tells best.
 */
export class Arrivals {
  readonly #ends = new Float64Array(KEPT).fill(-1);
  /** When the session's first sample would have been spoken, if the message was not delayed at all. */
  readonly #originsMs = new Float64Array(KEPT);
  #next = 0;

  /** A message has come whose last sample is the one before `endSample`. */
  note(endSample: number, atMs: number): void {
    this.#ends[this.#next] = endSample;
    this.#originsMs[this.#next] = atMs - msOfSamples(endSample, PIPELINE_RATE);
    this.#next = (this.#next + 1) % KEPT;
  }

  /** The latest moment at which `sample` can have been spoken; undefined if it has not come. */
  spokenAtMs(sample: number): number | undefined {
    let originMs = Number.POSITIVE_INFINITY;
    for (let at = 0; at < KEPT; at++) {
      if ((this.#ends[at] ?? -1) >= sample) originMs = Math.min(originMs, this.#originsMs[at] ?? originMs);
    }
    return Number.isFinite(originMs) ? originMs + msOfSamples(sample, PIPELINE_RATE) : undefined;
  }
}
