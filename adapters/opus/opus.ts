import {
  Application,
  createDecoder,
  createEncoder,
  isOpusError,
  loadLibopus,
  type OpusDecoderHandle,
  type OpusEncoderHandle,
  Signal,
} from 'libopus-wasm';
import type { OpusCodec, OpusDecoderOptions, OpusEncoderOptions, OpusRate } from '../../actors/ports/opus.ts';
import { ParleyError } from '../../machines/errors.ts';

/**
 * Effort of the encoder, 0 to 10. At 10 it takes longer; what 5 leaves of speech for the recogniser is measured
 * (lab/opus.md).
 */
const COMPLEXITY = 5;

export interface EncoderTerms {
  readonly rate: OpusRate;
  readonly frameSamples: number;
  readonly bitrate: number;
}

/** Decodes the packets of one stream. A damaged one is concealed for `samples`, so that what follows keeps its time. */
export class PacketDecoder {
  readonly #handle: OpusDecoderHandle;

  private constructor(handle: OpusDecoderHandle) {
    this.#handle = handle;
  }

  static async open(rate: OpusRate): Promise<PacketDecoder> {
    return new PacketDecoder(await createDecoder({ sampleRate: rate, channels: 1 }));
  }

  decode(packet: Uint8Array, samples: number): { readonly samples: Int16Array; readonly damaged: boolean } {
    try {
      const decoded = this.#handle.decode(packet);
      if (decoded.length === samples) return { samples: decoded, damaged: false };
    } catch (error) {
      if (!isOpusError(error) && !(error instanceof RangeError)) throw error;
    }
    return { samples: this.#handle.decodePacketLoss(samples), damaged: true };
  }

  free(): void {
    this.#handle.free();
  }
}

/** An encoder for one voice. Throws if libopus fails. */
export async function openEncoder({ rate, frameSamples, bitrate }: EncoderTerms): Promise<OpusEncoderHandle> {
  return createEncoder({
    ...{ sampleRate: rate, channels: 1, frameSize: frameSamples, bitrate, complexity: COMPLEXITY },
    ...{ application: Application.Voip, signal: Signal.Voice },
  });
}

/**
 * The codec in this thread, for tools and tests: it answers within the call once it is open. A server uses `opusThreads`.
 */
export async function opusHere(): Promise<OpusCodec> {
  await loadLibopus();
  return {
    decoder: (options) => new HereStream(() => openDecoding(options), options),
    encoder: (options) => new HereStream(() => openEncoding(options), options),
    close: async () => {},
  };
}

interface Work {
  run(data: Uint8Array | Int16Array, samples: number): void;
  free(): void;
}

async function openDecoding({ rate, onAudio }: OpusDecoderOptions): Promise<Work> {
  const decoder = await PacketDecoder.open(rate);
  return {
    run(packet, samples) {
      const decoded = decoder.decode(bytesOf(packet), samples);
      onAudio(decoded.samples, decoded.damaged);
    },
    free: () => decoder.free(),
  };
}

async function openEncoding({ onPacket, ...terms }: OpusEncoderOptions): Promise<Work> {
  const encoder = await openEncoder(terms);
  return {
    run: (samples) => onPacket(encoder.encode(bytesOf(samples))),
    free: () => encoder.free(),
  };
}

function bytesOf(data: Uint8Array | Int16Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** One stream in this thread. What arrives before the codec is open waits for it. */
class HereStream {
  readonly #waiting: { readonly data: Uint8Array | Int16Array; readonly samples: number }[] = [];
  readonly #onError: (error: ParleyError) => void;
  #work: Work | undefined;
  #closed = false;

  constructor(open: () => Promise<Work>, { onError }: { readonly onError: (error: ParleyError) => void }) {
    this.#onError = onError;
    open().then(
      (work) => this.#begin(work),
      (cause: unknown) => this.#fail(cause),
    );
  }

  push(data: Uint8Array | Int16Array, samples = data.length): void {
    if (this.#closed) return;
    if (this.#work) this.#run(this.#work, data, samples);
    else this.#waiting.push({ data, samples });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#work?.free();
  }

  #begin(work: Work): void {
    if (this.#closed) {
      work.free();
      return;
    }
    this.#work = work;
    for (const { data, samples } of this.#waiting.splice(0)) this.#run(work, data, samples);
  }

  #run(work: Work, data: Uint8Array | Int16Array, samples: number): void {
    if (this.#closed) return;
    try {
      work.run(data, samples);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  #fail(cause: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#onError(new ParleyError('INTERNAL', 'the Opus codec failed', { cause }));
  }
}
