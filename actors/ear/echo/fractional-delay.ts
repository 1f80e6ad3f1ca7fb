/** Samples on either side that a value between two samples is made of. */
const SIDE = 8;
const TAPS = 2 * SIDE;
/** Below this fraction of a sample the whole samples serve. */
const LEAST = 1e-3;

/** Reads a block that is late by a fraction of a sample: a sinc of 16 samples under a window. */
export class FractionalDelay {
  readonly #taps = new Float32Array(TAPS);
  #around = new Float32Array(0);

  /** `late`: samples, of either sign. `read` reads from a whole sample on. */
  read(read: (from: number, out: Float32Array) => void, from: number, late: number, out: Float32Array): void {
    const whole = Math.floor(late);
    const fraction = late - whole;
    if (fraction < LEAST) {
      read(from - whole, out);
      return;
    }
    if (this.#around.length !== out.length + TAPS) this.#around = new Float32Array(out.length + TAPS);
    read(from - whole - SIDE, this.#around);
    for (let k = 0; k < TAPS; k++) this.#taps[k] = tap(k - SIDE + fraction);
    for (let i = 0; i < out.length; i++) {
      let sum = 0;
      for (let k = 0; k < TAPS; k++) sum += (this.#taps[k] as number) * (this.#around[i + k] as number);
      out[i] = sum;
    }
  }
}

/** Of a sinc under a Hann window, at `x` samples from its middle. */
function tap(x: number): number {
  if (Math.abs(x) >= SIDE) return 0;
  if (x === 0) return 1;
  return (Math.sin(Math.PI * x) / (Math.PI * x)) * (0.5 + 0.5 * Math.cos((Math.PI * x) / SIDE));
}
