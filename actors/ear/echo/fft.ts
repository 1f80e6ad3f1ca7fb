/** Length of a transform. */
export const FFT_SIZE = 512;
/** Frequencies of a real signal's transform: 0 to half the sample rate. */
export const BINS = FFT_SIZE / 2 + 1;

const HALF = FFT_SIZE / 2;
const BITS = Math.log2(HALF);
const REVERSED = Uint16Array.from({ length: HALF }, (_, i) => {
  let reversed = 0;
  for (let bit = 0; bit < BITS; bit++) if (i & (1 << bit)) reversed |= 1 << (BITS - 1 - bit);
  return reversed;
});
/** exp(−2πi k / FFT_SIZE). */
const COS = Float64Array.from({ length: HALF }, (_, k) => Math.cos((2 * Math.PI * k) / FFT_SIZE));
const SIN = Float64Array.from({ length: HALF }, (_, k) => -Math.sin((2 * Math.PI * k) / FFT_SIZE));

const re = new Float64Array(HALF);
const im = new Float64Array(HALF);

/** Real and imaginary parts of `BINS` frequencies. */
export interface Spectrum {
  readonly re: Float32Array;
  readonly im: Float32Array;
}

export function spectrum(): Spectrum {
  return { re: new Float32Array(BINS), im: new Float32Array(BINS) };
}

/**
 * Transforms `FFT_SIZE` real samples: even and odd samples as one complex signal of half the length, taken apart
 * afterwards (Sorensen et al., Real-valued fast Fourier transform algorithms, 1987).
 */
export function forward(samples: Float32Array, out: Spectrum): void {
  for (let i = 0; i < HALF; i++) {
    const to = REVERSED[i] ?? 0;
    re[to] = samples[2 * i] ?? 0;
    im[to] = samples[2 * i + 1] ?? 0;
  }
  butterflies(1);
  const a = re[0] ?? 0;
  const b = im[0] ?? 0;
  out.re[0] = a + b;
  out.im[0] = 0;
  out.re[HALF] = a - b;
  out.im[HALF] = 0;
  for (let k = 1; k < HALF; k++) {
    const xr = re[k] ?? 0;
    const xi = im[k] ?? 0;
    const yr = re[HALF - k] ?? 0;
    const yi = im[HALF - k] ?? 0;
    const evenRe = 0.5 * (xr + yr);
    const evenIm = 0.5 * (xi - yi);
    const oddRe = 0.5 * (xi + yi);
    const oddIm = 0.5 * (yr - xr);
    const c = COS[k] ?? 0;
    const s = SIN[k] ?? 0;
    out.re[k] = evenRe + c * oddRe - s * oddIm;
    out.im[k] = evenIm + c * oddIm + s * oddRe;
  }
}

/** The inverse of `forward`. */
export function inverse(given: Spectrum, out: Float32Array): void {
  for (let k = 0; k < HALF; k++) {
    const xr = given.re[k] ?? 0;
    const xi = given.im[k] ?? 0;
    const yr = given.re[HALF - k] ?? 0;
    const yi = -(given.im[HALF - k] ?? 0);
    const evenRe = 0.5 * (xr + yr);
    const evenIm = 0.5 * (xi + yi);
    const dr = 0.5 * (xr - yr);
    const di = 0.5 * (xi - yi);
    const c = COS[k] ?? 0;
    const s = -(SIN[k] ?? 0);
    const oddRe = dr * c - di * s;
    const oddIm = dr * s + di * c;
    const to = REVERSED[k] ?? 0;
    re[to] = evenRe - oddIm;
    im[to] = evenIm + oddRe;
  }
  butterflies(-1);
  for (let i = 0; i < HALF; i++) {
    out[2 * i] = (re[i] ?? 0) / HALF;
    out[2 * i + 1] = (im[i] ?? 0) / HALF;
  }
}

/** Radix 2, decimation in time. `sign` 1: forward; −1: inverse. */
function butterflies(sign: number): void {
  for (let half = 1; half < HALF; half *= 2) {
    const step = HALF / half;
    for (let k = 0; k < half; k++) {
      const c = COS[k * step] ?? 0;
      const s = sign * (SIN[k * step] ?? 0);
      for (let i = k; i < HALF; i += 2 * half) {
        const j = i + half;
        const jr = re[j] ?? 0;
        const ji = im[j] ?? 0;
        const tr = c * jr - s * ji;
        const ti = c * ji + s * jr;
        const ir = re[i] ?? 0;
        const ii = im[i] ?? 0;
        re[j] = ir - tr;
        im[j] = ii - ti;
        re[i] = ir + tr;
        im[i] = ii + ti;
      }
    }
  }
}
