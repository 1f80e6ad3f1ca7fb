import { BINS, FFT_SIZE, forward, spectrum } from '../../../actors/ear/echo/fft.ts';
import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';

/** Frequencies of a frame. */
export const MELS = 32;
/** From one frame to the next (10 ms). */
export const FRAME_STEP = samplesInMs(10, PIPELINE_RATE);
/** The frame's window (25 ms), in the middle of the transform. */
const WINDOW = samplesInMs(25, PIPELINE_RATE);
/** Lowest and highest frequency, Hz: those that the embedding was trained with. */
const RANGE_HZ = [60, 3_800] as const;
const LEAST_POWER = 1e-10;

const SHAPE = Float32Array.from({ length: FFT_SIZE }, (_, i) => {
  const at = i - (FFT_SIZE - WINDOW) / 2;
  return at < 0 || at >= WINDOW ? 0 : 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / WINDOW);
});

/** Slaney's scale: linear up to 1 kHz, logarithmic above (Auditory Toolbox, 1998). */
const HZ_A_MEL = 200 / 3;
const KNEE_HZ = 1_000;
const MELS_AN_E = 27 / Math.log(6.4);

function mel(hz: number): number {
  return hz < KNEE_HZ ? hz / HZ_A_MEL : KNEE_HZ / HZ_A_MEL + MELS_AN_E * Math.log(hz / KNEE_HZ);
}

function hertz(mels: number): number {
  const above = mels - KNEE_HZ / HZ_A_MEL;
  return above < 0 ? mels * HZ_A_MEL : KNEE_HZ * Math.exp(above / MELS_AN_E);
}

interface Band {
  readonly first: number;
  readonly weights: Float32Array;
}

/** Triangles of unit area that overlap by half. */
const BANDS = bands();

function bands(): readonly Band[] {
  const [low, high] = RANGE_HZ.map(mel) as [number, number];
  const corners = Array.from({ length: MELS + 2 }, (_, i) => hertz(low + (i * (high - low)) / (MELS + 1)));
  return Array.from({ length: MELS }, (_, i) => {
    const [from = 0, peak = 0, to = 0] = corners.slice(i, i + 3);
    const weights = Float32Array.from({ length: BINS }, (_, bin) => {
      const hz = (bin * PIPELINE_RATE) / FFT_SIZE;
      return (2 / (to - from)) * Math.max(0, Math.min((hz - from) / (peak - from), (to - hz) / (to - peak)));
    });
    const first = weights.findIndex((weight) => weight > 0);
    return { first, weights: weights.subarray(first, weights.findLastIndex((weight) => weight > 0) + 1) };
  });
}

/** Levels of `MELS` frequencies every 10 ms, dB of PCM16, as the embedding was trained with them. */
export class LogMel {
  readonly #recent = new Float32Array(FFT_SIZE);
  #known = 0;
  readonly #frame = new Float32Array(FFT_SIZE);
  readonly #spectrum = spectrum();

  /** Calls `emit` for each complete frame; the array is its own. */
  push(samples: Int16Array, emit: (levels: Float32Array) => void): void {
    for (const sample of samples) {
      this.#recent[this.#known++] = sample;
      if (this.#known < FFT_SIZE) continue;
      emit(this.#levels());
      this.#recent.copyWithin(0, FRAME_STEP);
      this.#known -= FRAME_STEP;
    }
  }

  #levels(): Float32Array {
    for (let i = 0; i < FFT_SIZE; i++) this.#frame[i] = (this.#recent[i] ?? 0) * (SHAPE[i] ?? 0);
    forward(this.#frame, this.#spectrum);
    const { re, im } = this.#spectrum;
    return Float32Array.from(BANDS, ({ first, weights }) => {
      let power = 0;
      for (let i = 0; i < weights.length; i++) {
        const [real, imaginary] = [re[first + i] ?? 0, im[first + i] ?? 0];
        power += (weights[i] ?? 0) * (real * real + imaginary * imaginary);
      }
      return 10 * Math.log10(Math.max(LEAST_POWER, power));
    });
  }
}
