import { PIPELINE_RATE } from '../../machines/audio.ts';

/** A sample at least this far from zero is at full scale; converters and resamplers stop a little below it. */
const FULL_SCALE = 32_700;
/** Share of a second's samples. A level that only touches full scale stays below it. */
const LEAST_SHARE = 0.005;
/** Seconds without clipping that end an episode. */
const QUIET_SECONDS = 10;

/** Finds input that is too loud for its microphone: its peaks are cut off, and cannot be restored. */
export class Clipping {
  #heard = 0;
  #clipped = 0;
  /** Since the last second that clipped. */
  #quietSeconds = QUIET_SECONDS;

  /**
   * Takes the next samples. Returns the share of samples at full scale in the second that begins an episode; undefined at
   * all other times.
   */
  hear(samples: Int16Array): number | undefined {
    let began: number | undefined;
    for (let at = 0; at < samples.length; ) {
      const end = Math.min(samples.length, at + PIPELINE_RATE - this.#heard);
      this.#heard += end - at;
      // In a local variable: a member costs ten times as much.
      let clipped = 0;
      for (; at < end; at++) {
        const sample = samples[at] as number;
        if (sample >= FULL_SCALE || sample <= -FULL_SCALE) clipped++;
      }
      this.#clipped += clipped;
      if (this.#heard === PIPELINE_RATE) began = this.#second() ?? began;
    }
    return began;
  }

  #second(): number | undefined {
    const share = this.#clipped / this.#heard;
    this.#heard = 0;
    this.#clipped = 0;
    const wasQuiet = this.#quietSeconds >= QUIET_SECONDS;
    this.#quietSeconds = share < LEAST_SHARE ? this.#quietSeconds + 1 : 0;
    return wasQuiet && this.#quietSeconds === 0 ? share : undefined;
  }
}
