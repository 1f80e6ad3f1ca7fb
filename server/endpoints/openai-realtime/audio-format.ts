import type { Resampler, ResamplerFactory } from '../../../actors/ports/resampler.ts';
import { decodeG711, encodeG711, G711_RATE, type G711Law } from '../../../adapters/g711.ts';
import type { AudioFormat } from './client-events.ts';

/** Rate of `audio/pcm`, and of the audio between this endpoint and the door, in Hz. */
export const DOOR_RATE = 24_000;
const BYTES_PER_SAMPLE = 2;

/** Decodes the client's audio to PCM16LE at the door's rate. */
export class AudioDecoder {
  readonly #law: G711Law | undefined;
  readonly #resampler: Resampler<typeof G711_RATE, typeof DOOR_RATE> | undefined;

  constructor(format: AudioFormat, resamplers: ResamplerFactory) {
    this.#law = lawOf(format);
    this.#resampler = this.#law && resamplers.create(G711_RATE, DOOR_RATE);
  }

  /** Returns what is wrong with the audio instead, if it is not whole samples in base64. */
  decode(base64: string): Uint8Array | string {
    const bytes = Buffer.from(base64, 'base64');
    const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
    if (base64.length % 4 !== 0 || bytes.byteLength !== (base64.length / 4) * 3 - padding)
      return 'it is not valid base64';
    if (this.#law && this.#resampler) {
      const { samples } = this.#resampler.push({ rate: G711_RATE, samples: decodeG711(this.#law, bytes) });
      return bytesOf(samples);
    }
    return bytes.byteLength % BYTES_PER_SAMPLE === 0 ? bytes : 'PCM16 has two bytes for each sample';
  }

  close(): void {
    this.#resampler?.close();
  }
}

/** Encodes the audio of one response, which arrives as PCM16LE at the door's rate, for the client. */
export class AudioEncoder {
  readonly #law: G711Law | undefined;
  readonly #resampler: Resampler<typeof DOOR_RATE, typeof G711_RATE> | undefined;

  constructor(format: AudioFormat, resamplers: ResamplerFactory) {
    this.#law = lawOf(format);
    this.#resampler = this.#law && resamplers.create(DOOR_RATE, G711_RATE);
  }

  encode(pcm: Uint8Array): Uint8Array {
    if (!this.#law || !this.#resampler) return pcm;
    const samples = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.byteLength / BYTES_PER_SAMPLE);
    return encodeG711(this.#law, this.#resampler.push({ rate: DOOR_RATE, samples }).samples);
  }

  /** The rest of the filter, at the end of the response. */
  flush(): Uint8Array {
    return this.#law && this.#resampler
      ? encodeG711(this.#law, this.#resampler.flush().samples)
      : new Uint8Array(0);
  }

  close(): void {
    this.#resampler?.close();
  }
}

function lawOf({ type }: AudioFormat): G711Law | undefined {
  return type === 'audio/pcmu' ? 'mu' : type === 'audio/pcma' ? 'a' : undefined;
}

function bytesOf({ buffer, byteOffset, byteLength }: Int16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
