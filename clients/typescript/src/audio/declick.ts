/**
 * Softens the edges where sound starts in mid-wave or stops at once. It changes what is heard over a few ms and
 * never how many samples were played.
 */
export class Declick {
  readonly #step: number;
  #gain = 0;
  #last = 0;

  /** `fadeMs` at `rate` Hz. */
  constructor(rate: number, fadeMs = 4) {
    this.#step = 1_000 / (fadeMs * rate);
  }

  /** Shapes `block` in place; its first `sounding` samples are audio, the rest is silence. */
  apply(block: Float32Array, sounding: number): void {
    for (let i = 0; i < block.length; i++) {
      if (i < sounding) {
        this.#gain = Math.min(1, this.#gain + this.#step);
        this.#last = block[i] ?? 0;
      } else {
        if (this.#gain === 0) return;
        this.#gain = Math.max(0, this.#gain - this.#step);
      }
      block[i] = this.#last * this.#gain;
    }
  }
}
