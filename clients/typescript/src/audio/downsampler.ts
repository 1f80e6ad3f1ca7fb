/** Attenuation and ripple follow from the Kaiser window's β; 8 gives about 80 dB (Oppenheim & Schafer, §7.5.3). */
const KAISER_BETA = 8;
/** Zero crossings of the sinc on each side of the centre. More is a steeper filter. */
const ZERO_CROSSINGS = 16;
/** The pass band, as a share of what the lower of the two rates can hold. */
const PASS_BAND = 0.92;

/**
 * Changes the sample rate of a stream, piece by piece: a polyphase windowed-sinc filter for the exact ratio of the
 * two whole rates. The output starts at the time of the first input sample and lags by half the filter's length
 * (1 ms from 48 kHz). Equal rates pass through untouched.
 */
export class Downsampler {
  readonly #up: number;
  readonly #down: number;
  readonly #half: number;
  readonly #phases: Float32Array[] = [];
  /** Input from `#start` on, counted from the first sample of the stream. */
  #pending: Float32Array;
  #start: number;
  /** Next output sample, in units of 1/`#up` of an input sample. */
  #position = 0;

  /** Rates in Hz, whole numbers. */
  constructor(inputRate: number, outputRate: number) {
    const divisor = greatestCommonDivisor(inputRate, outputRate);
    this.#up = outputRate / divisor;
    this.#down = inputRate / divisor;
    const cutoff = Math.min(1, outputRate / inputRate) * PASS_BAND;
    this.#half = Math.ceil(ZERO_CROSSINGS / cutoff);
    this.#start = -this.#half;
    this.#pending = new Float32Array(this.#half);
    if (this.#up !== this.#down) {
      for (let phase = 0; phase < this.#up; phase++)
        this.#phases.push(taps(phase / this.#up, this.#half, cutoff));
    }
  }

  /** The output that became certain with `input`. */
  process(input: Float32Array): Float32Array {
    if (this.#up === this.#down) return input.slice();
    const buffer = new Float32Array(this.#pending.length + input.length);
    buffer.set(this.#pending);
    buffer.set(input, this.#pending.length);

    const output: number[] = [];
    for (;;) {
      const centre = Math.floor(this.#position / this.#up);
      const first = centre - this.#half + 1 - this.#start;
      const filter = this.#phases[this.#position % this.#up];
      if (!filter || first + filter.length > buffer.length) break;
      let sum = 0;
      for (let i = 0; i < filter.length; i++) sum += (filter[i] ?? 0) * (buffer[first + i] ?? 0);
      output.push(sum);
      this.#position += this.#down;
    }

    const needed = Math.floor(this.#position / this.#up) - this.#half + 1 - this.#start;
    const consumed = Math.min(buffer.length, Math.max(0, needed));
    this.#pending = buffer.slice(consumed);
    this.#start += consumed;
    return Float32Array.from(output);
  }
}

/** The filter for an output sample `fraction` of an input sample after its centre. The taps add up to one. */
function taps(fraction: number, half: number, cutoff: number): Float32Array {
  const values = Array.from({ length: 2 * half }, (_, i) => {
    const distance = i - half + 1 - fraction;
    return sinc(distance * cutoff) * kaiser(distance / half);
  });
  const sum = values.reduce((total, value) => total + value, 0);
  return Float32Array.from(values, (value) => value / sum);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(KAISER_BETA * Math.sqrt(1 - x * x)) / bessel(KAISER_BETA);
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
