/** Audio units. Parley counts audio in samples; a sample rate is always part of the type. */

/** Rate of the audio path between gateway, VAD and STT, in Hz. Common speech engines accept it. */
export const PIPELINE_RATE = 16_000;
export type PipelineRate = typeof PIPELINE_RATE;

/** Rates of audio from a client, in Hz. */
export const INPUT_RATES = [8_000, 16_000, 24_000, 48_000] as const;
export type InputRate = (typeof INPUT_RATES)[number];

/** Rates of audio to a client, in Hz. */
export const OUTPUT_RATES = [16_000, 24_000] as const;
export type OutputRate = (typeof OUTPUT_RATES)[number];

/** A frame of audio on the wire, in ms. */
export const FRAME_MS = 20;

/** Mono 16-bit PCM at a known rate (Hz). */
export interface Pcm<Rate extends number = number> {
  readonly rate: Rate;
  readonly samples: Int16Array;
}

/** Number of whole samples in `ms` at `rate`. */
export function samplesInMs(ms: number, rate: number): number {
  return Math.round((ms * rate) / 1_000);
}

/** Duration of `samples` at `rate`, in ms. */
export function msOfSamples(samples: number, rate: number): number {
  return (samples * 1_000) / rate;
}

/** The samples of one 20 ms frame at `rate`. */
export function samplesPerFrame(rate: number): number {
  return samplesInMs(FRAME_MS, rate);
}

/**
 * Concatenates the pieces and pads them with silence up to `length` samples, which must suffice. Default: no padding.
 */
export function joinedSamples(pieces: readonly Int16Array[], length?: number): Int16Array {
  const all = new Int16Array(length ?? pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
