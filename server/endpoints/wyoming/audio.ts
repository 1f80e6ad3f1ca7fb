import type { Resampler, ResamplerFactory } from '../../../actors/ports/resampler.ts';
import { joinedSamples, PIPELINE_RATE, type PipelineRate } from '../../../machines/audio.ts';
import type { AudioFormat } from './events.ts';

/** Audio of any format that the protocol allows, as mono samples at the pipeline rate. */
export class InputFormat {
  readonly #format: AudioFormat;
  readonly #resampler: Resampler<number, PipelineRate>;

  constructor(format: AudioFormat, resamplers: ResamplerFactory) {
    this.#format = format;
    this.#resampler = resamplers.create(format.rate, PIPELINE_RATE);
  }

  matches({ rate, width, channels }: AudioFormat): boolean {
    const own = this.#format;
    return rate === own.rate && width === own.width && channels === own.channels;
  }

  /** `last`: with what the filter still holds. */
  convert(payload: Buffer, last = false): Int16Array {
    const { rate } = this.#format;
    const { samples } = this.#resampler.push({ rate, samples: monoOf(payload, this.#format) });
    return last ? joinedSamples([samples, this.#resampler.flush().samples]) : samples;
  }

  close(): void {
    this.#resampler.close();
  }
}

/** Whether a payload is whole frames of samples. */
export function isWhole({ byteLength }: Buffer, { width, channels }: AudioFormat): boolean {
  return byteLength % (width * channels) === 0;
}

/** The mean of the channels, of the upper 16 bits. */
function monoOf(payload: Buffer, { width, channels }: AudioFormat): Int16Array {
  const mono = new Int16Array(payload.byteLength / (width * channels));
  for (let at = 0, i = 0; i < mono.length; i++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++, at += width)
      sum += payload.readIntLE(at, width) / 2 ** (8 * (width - 2));
    mono[i] = Math.floor(sum / channels);
  }
  return mono;
}

/** PCM16LE, without a copy. */
export function bytesOf({ buffer, byteOffset, byteLength }: Int16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
