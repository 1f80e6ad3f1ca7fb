import { PIPELINE_RATE } from '../../../../machines/audio.ts';
import { Downsampler } from '../audio/downsampler.ts';

/**
 * The samples of a WAV file (16-bit PCM, mono) at `rate`, for `speak`. Throws for other files.
 */
export function readWav(bytes: Uint8Array, rate: number = PIPELINE_RATE): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (tag(0) !== 'RIFF' || tag(8) !== 'WAVE') throw new TypeError('this is not a WAV file');
  let fileRate = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const [start, size] = [at + 8, view.getUint32(at + 4, true)];
    if (tag(at) === 'fmt ') {
      if (view.getUint16(start + 2, true) !== 1 || view.getUint16(start + 14, true) !== 16)
        throw new TypeError('only WAV files with one channel of 16-bit PCM can be read');
      fileRate = view.getUint32(start + 4, true);
    }
    if (tag(at) === 'data') {
      if (fileRate === 0) break;
      const length = Math.floor(Math.min(size, bytes.length - start) / 2);
      return converted(
        Float32Array.from({ length }, (_, i) => view.getInt16(start + 2 * i, true)),
        fileRate,
        rate,
      );
    }
    at = start + size + (size % 2);
  }
  throw new TypeError('this WAV file has no sound, or its format comes after it');
}

function converted(samples: Float32Array, from: number, to: number): Int16Array {
  const full = (value: number) => Math.max(-0x8000, Math.min(0x7fff, Math.round(value)));
  return Int16Array.from(new Downsampler(from, to).process(samples), full);
}
