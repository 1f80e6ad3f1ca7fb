import { AUDIO_HEADER_BYTES, type OpusFrame } from '../../../../machines/audio-message.ts';

/** The part of `libopus-wasm` that a client needs. */
export interface OpusLibrary {
  createEncoder(options: {
    readonly sampleRate: 8_000 | 16_000 | 24_000 | 48_000;
    readonly channels: 1;
    readonly frameSize: number;
    readonly bitrate: number;
    readonly application: 2_048;
    readonly signal: 3_001;
    readonly complexity: number;
    readonly dtx: boolean;
  }): Promise<{ encode(pcm: Int16Array): Uint8Array; free(): void }>;
  createDecoder(options: {
    readonly sampleRate: 16_000 | 24_000;
    readonly channels: 1;
  }): Promise<{ decode(packet: Uint8Array): Int16Array; free(): void }>;
}

export interface OpusTerms {
  readonly inputRate: 8_000 | 16_000 | 24_000 | 48_000;
  readonly outputRate: 16_000 | 24_000;
  /** Samples of a message to the server. */
  readonly frameSamples: number;
  /** Of the user's audio, bits a second. */
  readonly bitrate: number;
}

/** Application `voip` and signal `voice` of libopus. */
const VOICE = { application: 2_048, signal: 3_001 } as const;
const COMPLEXITY = 5;

/** Both directions of one client: frames of the microphone to packets, and packets of the reply to samples. */
export class OpusCoder {
  readonly outputRate: number;
  readonly #encoder: Awaited<ReturnType<OpusLibrary['createEncoder']>>;
  readonly #decoder: Awaited<ReturnType<OpusLibrary['createDecoder']>>;

  private constructor(
    outputRate: number,
    encoder: Awaited<ReturnType<OpusLibrary['createEncoder']>>,
    decoder: Awaited<ReturnType<OpusLibrary['createDecoder']>>,
  ) {
    this.outputRate = outputRate;
    this.#encoder = encoder;
    this.#decoder = decoder;
  }

  static async open(library: OpusLibrary, terms: OpusTerms): Promise<OpusCoder> {
    const { inputRate, outputRate, frameSamples, bitrate } = terms;
    const encoder = await library.createEncoder({
      ...{ sampleRate: inputRate, channels: 1, frameSize: frameSamples, bitrate },
      // In silence a packet has one byte.
      ...{ ...VOICE, complexity: COMPLEXITY, dtx: true },
    });
    const decoder = await library.createDecoder({ sampleRate: outputRate, channels: 1 });
    return new OpusCoder(outputRate, encoder, decoder);
  }

  /** One packet of `frameSamples` samples. */
  encode(samples: Int16Array): Uint8Array {
    return this.#encoder.encode(samples);
  }

  /**
   * The samples that count of a frame, behind the room of a header, as a speaker takes them. `preSkip` of `ready` is cut from the first
   * packet of a generation. A packet that cannot be decoded gives silence of the same length.
   */
  decode({ seq, samples, packet }: OpusFrame, preSkip: number): ArrayBuffer {
    const message = new ArrayBuffer(AUDIO_HEADER_BYTES + samples * Int16Array.BYTES_PER_ELEMENT);
    const skip = seq === 0 ? preSkip : 0;
    const decoded = this.#decode(packet).subarray(skip, skip + samples);
    new Int16Array(message, AUDIO_HEADER_BYTES).set(decoded);
    return message;
  }

  free(): void {
    this.#encoder.free();
    this.#decoder.free();
  }

  #decode(packet: Uint8Array): Int16Array {
    try {
      return this.#decoder.decode(packet);
    } catch {
      return new Int16Array(0);
    }
  }
}
