import type { AudioLevel } from './wire.ts';

/** Length of audio for one level. */
const WINDOW_MS = 100;
const FULL_SCALE = 32_768;
/** Every fourth sample is accurate enough for loudness, at a quarter of the cost. */
const STRIDE = 4;

/** Measures the loudness of audio ten times a second. */
export class LevelMeter {
  readonly #window: number;
  readonly #ageMs: () => number;
  #levels: AudioLevel[] = [];
  #sum = 0;
  #peak = 0;
  #counted = 0;
  #samples = 0;

  /** `rate` in Hz; `ageMs`: current time. */
  constructor(rate: number, ageMs: () => number) {
    this.#window = (rate * WINDOW_MS) / 1_000;
    this.#ageMs = ageMs;
  }

  /** Adds PCM16LE; returns true if a new level is available. */
  hear(pcm: Uint8Array): boolean {
    const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    for (let at = 0; at + 1 < pcm.byteLength; at += 2 * STRIDE) {
      const value = view.getInt16(at, true) / FULL_SCALE;
      this.#sum += value * value;
      this.#peak = Math.max(this.#peak, Math.abs(value));
      this.#counted += 1;
    }
    this.#samples += pcm.byteLength >> 1;
    if (this.#samples < this.#window) return false;
    const rms = Math.sqrt(this.#sum / Math.max(1, this.#counted));
    this.#levels.push({ at: this.#ageMs(), rms: rounded(rms), peak: rounded(this.#peak) });
    this.#sum = 0;
    this.#peak = 0;
    this.#counted = 0;
    this.#samples = 0;
    return true;
  }

  /** Returns the levels measured since the last call. */
  take(): AudioLevel[] {
    return this.#levels.splice(0);
  }
}

function rounded(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}
