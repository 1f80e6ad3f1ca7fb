import { FRAME_MS, type InputRate, type OutputRate } from '../../../../machines/audio.ts';
import type { OpusFrame } from '../../../../machines/audio-message.ts';
import type { AudioCodec, FrameMs, HelloMessage, ReadyMessage } from '../../../../machines/wire.ts';
import { OpusCoder, type OpusLibrary } from './opus.ts';

export interface CodingOptions {
  /** Length of audio messages in both directions, ms. Default 20; 40 makes half as many, and 60 a third. */
  readonly frameMs?: FrameMs;
  /** `opus`: a tenth of the bytes, with servers that have it. Default: pcm. */
  readonly codec?: AudioCodec;
  /** With Opus, bits a second of each direction. Default: 24,000 to the server, 32,000 from it. */
  readonly bitrate?: number;
}

/** Default bitrate of the user’s audio with Opus, bits a second. From 12,000 to 32,000, recognition loses at most three recordings of a hundred (lab/opus.md). */
const UPLINK_BITRATE = 24_000;

/** Makes messages of recorded audio, and samples of packets: how audio is coded in the present session. */
export class AudioCoding {
  readonly #options: CodingOptions;
  readonly #load: () => Promise<OpusLibrary>;
  #rest = new Int16Array(0);
  #coder: OpusCoder | undefined;
  /** Of the present session; undefined: its audio is PCM. */
  #preSkip: number | undefined;
  /** Incremented with every opening and close, so that a coder that opens too late is dropped. */
  #opening = 0;

  constructor(options: CodingOptions, load: () => Promise<OpusLibrary>) {
    this.#options = options;
    this.#load = load;
  }

  /** What a hello says of it. */
  get wanted(): Pick<NonNullable<HelloMessage['audio']>, 'frameMs' | 'codec' | 'bitrate'> {
    const { frameMs, codec, bitrate } = this.#options;
    return {
      ...(frameMs && { frameMs }),
      ...(codec === 'opus' && { codec }),
      ...(codec === 'opus' && bitrate !== undefined && { bitrate }),
    };
  }

  /** Makes ready what the session needs. Rejects if the codec is not installed. */
  async open(inputRate: InputRate, outputRate: OutputRate): Promise<void> {
    const { bitrate = UPLINK_BITRATE, codec } = this.#options;
    if (codec !== 'opus') return;
    const opening = ++this.#opening;
    const frameSamples = this.#frameSamples(inputRate);
    const terms = { inputRate, outputRate, frameSamples, bitrate };
    const opened = await OpusCoder.open(await this.#load(), terms);
    if (opening !== this.#opening) return opened.free();
    this.#coder?.free();
    this.#coder = opened;
  }

  /** A session begins, with what the server has granted. */
  begin({ codec, preSkip = 0, inputRate, outputRate }: ReadyMessage['audio']): void {
    this.#rest = new Int16Array(0);
    this.#preSkip = codec && preSkip;
    if (codec && this.#coder?.outputRate !== outputRate) void this.open(inputRate, outputRate);
  }

  /** The messages that are complete with these samples; the rest waits for more. */
  messagesOf(samples: Int16Array, rate: InputRate): ArrayBuffer[] {
    const frame = this.#frameSamples(rate);
    const all = new Int16Array(this.#rest.length + samples.length);
    all.set(this.#rest);
    all.set(samples, this.#rest.length);
    const messages: ArrayBuffer[] = [];
    let at = 0;
    for (; at + frame <= all.length; at += frame) messages.push(this.#coded(all.slice(at, at + frame)));
    this.#rest = all.slice(at);
    return messages;
  }

  /** The samples of a packet as a speaker takes them; undefined if this session has no Opus. */
  samplesOf(frame: OpusFrame): ArrayBuffer | undefined {
    return this.#preSkip === undefined ? undefined : this.#coder?.decode(frame, this.#preSkip);
  }

  close(): void {
    this.#opening++;
    this.#coder?.free();
    this.#coder = undefined;
  }

  #frameSamples(rate: InputRate): number {
    return (rate * (this.#options.frameMs ?? FRAME_MS)) / 1_000;
  }

  #coded(samples: Int16Array<ArrayBuffer>): ArrayBuffer {
    if (!this.#coder || this.#preSkip === undefined) return samples.buffer;
    return new Uint8Array(this.#coder.encode(samples)).buffer;
  }
}
