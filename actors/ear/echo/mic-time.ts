import { msOfSamples, PIPELINE_RATE } from '../../../machines/audio.ts';

/** A message later than this, or a gap in the microphone's audio: the count of samples has lost its time, ms. */
const LOST_MS = 500;
/** Share of a message's delay that is taken for drift between the client's clock and ours: 0.1 % follows 300 ppm. */
const DRIFT_SHARE = 0.001;

/**
 * Says which sample of the microphone belongs to a moment of our clock: the least delayed messages show it. Everything
 * that goes to the client and comes back takes the same time, so it need not be known.
 */
export class MicTime {
  #originMs: number | undefined;

  /** Notes that the samples before `endSample` have arrived at `atMs`. */
  note(endSample: number, atMs: number): void {
    const originMs = atMs - msOfSamples(endSample, PIPELINE_RATE);
    const lateMs = originMs - (this.#originMs ?? originMs);
    if (this.#originMs === undefined || lateMs < 0 || lateMs > LOST_MS) this.#originMs = originMs;
    else this.#originMs += DRIFT_SHARE * lateMs;
  }

  /** The sample that arrives at `atMs`; 0 before the first. */
  sampleAt(atMs: number): number {
    return this.#originMs === undefined
      ? 0
      : Math.max(0, Math.round(((atMs - this.#originMs) * PIPELINE_RATE) / 1_000));
  }
}
