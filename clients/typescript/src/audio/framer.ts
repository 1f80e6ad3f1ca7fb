/** One message of microphone audio. */
export interface CapturedFrame {
  readonly samples: Int16Array<ArrayBuffer>;
  /** Root mean square of the frame, 0..1 of full scale. */
  readonly level: number;
}

/** Cuts a stream of samples (−1..1) into 16-bit frames of one length. */
export class Framer {
  #frame: Int16Array<ArrayBuffer>;
  #filled = 0;
  #energy = 0;

  /** `length` of a frame in samples. */
  constructor(length: number) {
    this.#frame = new Int16Array(length);
  }

  /** The frames completed by `samples`; the rest waits for more. Values beyond full scale are clipped. */
  push(samples: Float32Array): CapturedFrame[] {
    const frames: CapturedFrame[] = [];
    for (const sample of samples) {
      const clipped = Math.max(-1, Math.min(1, sample));
      this.#energy += clipped * clipped;
      this.#frame[this.#filled++] = Math.round(clipped < 0 ? clipped * 0x8000 : clipped * 0x7fff);
      if (this.#filled < this.#frame.length) continue;
      frames.push({ samples: this.#frame, level: Math.sqrt(this.#energy / this.#filled) });
      this.#frame = new Int16Array(this.#frame.length);
      this.#filled = 0;
      this.#energy = 0;
    }
    return frames;
  }
}
