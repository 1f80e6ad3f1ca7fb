import { ParleyError } from '../../../machines/errors.ts';
import { decodeG711 } from '../../g711.ts';

/** How samples are written. 8-bit samples are unsigned, as in WAV files; all others are signed. */
export type Encoding = 'u8' | 's16' | 's24' | 's32' | 'f32' | 'f64' | 'mu' | 'a';

export interface SampleFormat {
  readonly encoding: Encoding;
  /** Default false. */
  readonly bigEndian?: boolean;
  readonly channels: number;
  /** Hz. */
  readonly rate: number;
}

/** Bytes of a sample. */
const WIDTHS: Readonly<Record<Encoding, number>> = {
  u8: 1,
  s16: 2,
  s24: 3,
  s32: 4,
  f32: 4,
  f64: 8,
  mu: 1,
  a: 1,
};
const LEAST_RATE = 1_000;
const MOST_RATE = 384_000;
const MOST_CHANNELS = 32;

/** The encoding of plain PCM with so many bytes a sample; undefined if there is none. */
export function pcmOfWidth(bytes: number): Encoding | undefined {
  return ([undefined, 'u8', 's16', 's24', 's32'] as const)[bytes];
}

/** Converts bytes of one format, cut anywhere, to mono samples of 16 bits. Half a frame at the end is dropped. */
export class SampleReader {
  readonly format: SampleFormat;
  #rest: Uint8Array = new Uint8Array(0);

  /** Throws ENGINE_PROTOCOL for an impossible rate or number of channels. */
  constructor(format: SampleFormat) {
    const { rate, channels } = format;
    if (!Number.isInteger(rate) || rate < LEAST_RATE || rate > MOST_RATE)
      throw new ParleyError('ENGINE_PROTOCOL', `the audio has a rate of ${rate} Hz`);
    if (!Number.isInteger(channels) || channels < 1 || channels > MOST_CHANNELS)
      throw new ParleyError('ENGINE_PROTOCOL', `the audio has ${channels} channels`);
    this.format = format;
  }

  push(piece: Uint8Array): Int16Array {
    const { encoding, channels } = this.format;
    const frame = WIDTHS[encoding] * channels;
    const bytes = new Uint8Array(this.#rest.length + piece.length);
    bytes.set(this.#rest);
    bytes.set(piece, this.#rest.length);
    const whole = bytes.length - (bytes.length % frame);
    this.#rest = bytes.slice(whole);
    return mixed(samplesOf(bytes.subarray(0, whole), this.format), channels);
  }
}

function samplesOf(bytes: Uint8Array, { encoding, bigEndian = false }: SampleFormat): Int16Array {
  if (encoding === 'mu' || encoding === 'a') return decodeG711(encoding, bytes);
  if (encoding === 'u8') return Int16Array.from(bytes, (byte) => (byte - 128) << 8);
  // Samples are little-endian, like every platform that Parley's audio modules support.
  if (encoding === 's16' && !bigEndian)
    return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = WIDTHS[encoding];
  const samples = new Int16Array(bytes.length / width);
  for (let i = 0; i < samples.length; i++) samples[i] = sampleAt(view, i * width, encoding, !bigEndian);
  return samples;
}

function sampleAt(
  view: DataView,
  at: number,
  encoding: Exclude<Encoding, 'u8' | 'mu' | 'a'>,
  little: boolean,
): number {
  switch (encoding) {
    case 's16':
      return view.getInt16(at, little);
    // The two upper bytes.
    case 's24':
      return view.getInt16(little ? at + 1 : at, little);
    case 's32':
      return view.getInt16(little ? at + 2 : at, little);
    case 'f32':
      return ofFloat(view.getFloat32(at, little));
    case 'f64':
      return ofFloat(view.getFloat64(at, little));
  }
}

function ofFloat(value: number): number {
  // What is not a number is silence.
  return Math.max(-32_768, Math.min(32_767, Math.round(value * 32_768))) || 0;
}

/** The mean of all channels. */
export function mixed(samples: Int16Array, channels: number): Int16Array {
  if (channels === 1) return samples;
  const mono = new Int16Array(samples.length / channels);
  for (let i = 0; i < mono.length; i++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += samples[i * channels + channel] ?? 0;
    mono[i] = Math.round(sum / channels);
  }
  return mono;
}
