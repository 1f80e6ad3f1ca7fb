import type { OpusCodec, OpusDecoder, OpusEncoder, OpusRate } from '../../actors/ports/opus.ts';
import { msOfSamples, samplesInMs } from '../../machines/audio.ts';
import type { OpusFrame } from '../../machines/audio-message.ts';
import { ParleyError } from '../../machines/errors.ts';
import { opusPreSkip, opusSamples } from '../../machines/opus-packet.ts';
import { type SessionMessage, WIRE_LIMITS } from '../../machines/wire.ts';

/** Audio that may wait for the codec, in one direction, ms. More means that its threads do not keep up. */
export const MAX_WAITING_MS = 8_000;

export interface OpusUplinkOptions {
  readonly rate: OpusRate;
  /** PCM16LE at `rate`. Its first sample is the first that the client encoded. */
  readonly onAudio: (pcm: Uint8Array) => void;
  /** A packet could not be decoded; its time was filled. */
  readonly onDamaged: () => void;
  readonly onError: (error: ParleyError) => void;
}

/**
 * Decodes the packets of a client. Commands keep their place among them with `after`. The codec's lookahead is cut from the start.
 */
export class OpusUplink {
  readonly #options: OpusUplinkOptions;
  readonly #decoder: OpusDecoder;
  /** In order: durations of packets that are being decoded, in samples, and what waits for them. */
  readonly #queue: (number | (() => void))[] = [];
  #waiting = 0;
  #skip: number;

  constructor(codec: OpusCodec, options: OpusUplinkOptions) {
    this.#options = options;
    const { rate, onError } = options;
    this.#skip = opusPreSkip(rate);
    const onAudio = (samples: Int16Array, damaged: boolean) => this.#decoded(samples, damaged);
    this.#decoder = codec.decoder({ rate, onAudio, onError });
  }

  /** Returns why the packet is ignored: it is too large, too long or too short, or has no valid header. */
  packet(bytes: Uint8Array): ParleyError | undefined {
    const { rate } = this.#options;
    const { audioMinMs, audioMaxMs, opusPacketBytes } = WIRE_LIMITS;
    if (bytes.byteLength > opusPacketBytes)
      return new ParleyError(
        'AUDIO_DAMAGED',
        `a packet of ${bytes.byteLength} bytes; at most ${opusPacketBytes}`,
      );
    const samples = opusSamples(bytes, rate);
    if (samples === undefined) return new ParleyError('AUDIO_DAMAGED', 'not a packet of Opus');
    const ms = msOfSamples(samples, rate);
    if (ms < audioMinMs || ms > audioMaxMs)
      return new ParleyError('AUDIO_DAMAGED', `a packet of ${ms} ms; want ${audioMinMs} to ${audioMaxMs} ms`);
    if (this.#waiting > samplesInMs(MAX_WAITING_MS, rate))
      return new ParleyError('ENGINE_OVERLOADED', 'the Opus decoder does not keep up');
    this.#waiting += samples;
    this.#queue.push(samples);
    this.#decoder.push(bytes, samples);
    return undefined;
  }

  /** Calls `action` when all packets so far are decoded: at once if none waits. */
  after(action: () => void): void {
    if (this.#queue.length === 0) action();
    else this.#queue.push(action);
  }

  close(): void {
    this.#queue.length = 0;
    this.#decoder.close();
  }

  #decoded(samples: Int16Array, damaged: boolean): void {
    const duration = this.#queue.shift();
    if (typeof duration !== 'number') return;
    this.#waiting -= duration;
    if (damaged) this.#options.onDamaged();
    const kept = samples.subarray(Math.min(this.#skip, samples.length));
    this.#skip -= samples.length - kept.length;
    if (kept.length > 0) this.#options.onAudio(new Uint8Array(kept.buffer, kept.byteOffset, kept.byteLength));
    for (let next = this.#queue[0]; typeof next === 'function'; next = this.#queue[0]) {
      this.#queue.shift();
      next();
    }
  }
}

export interface OpusDownlinkOptions {
  readonly rate: OpusRate;
  readonly frameMs: number;
  /** Bits a second. */
  readonly bitrate: number;
  readonly send: (frame: OpusFrame) => void;
  readonly onError: (error: ParleyError) => void;
}

/** One frame in the encoder. */
interface Encoding {
  readonly generation: number;
  readonly seq: number;
  readonly samples: number;
}

/**
 * Encodes a session's audio for its client. Each generation begins with the lookahead of the codec, which the client skips, and ends with a
 * packet for the samples that are still in the encoder. So the client decodes exactly the samples that the session has sent.
 * What is in the encoder is fenced like the session's own audio.
 */
export class OpusDownlink {
  readonly #options: OpusDownlinkOptions;
  readonly #encoder: OpusEncoder;
  readonly #frameSamples: number;
  readonly #preSkip: number;
  readonly #encoding: Encoding[] = [];
  /** Samples that do not fill a frame yet. */
  readonly #rest: Int16Array;
  #filled = 0;
  #generation = -1;
  #seq = 0;
  /** Samples of the generation so far, and those that packets have brought. */
  #given = 0;
  #brought = 0;
  /** The newest generation of which nothing may leave. */
  #fence = -1;
  /** Packets that wait while a stop is suspected; undefined: none is. */
  #held: OpusFrame[] | undefined;

  constructor(codec: OpusCodec, options: OpusDownlinkOptions) {
    this.#options = options;
    const { rate, frameMs, bitrate, onError } = options;
    this.#frameSamples = samplesInMs(frameMs, rate);
    this.#preSkip = opusPreSkip(rate);
    this.#rest = new Int16Array(this.#frameSamples);
    const onPacket = (packet: Uint8Array) => this.#encoded(packet);
    this.#encoder = codec.encoder({ rate, frameSamples: this.#frameSamples, bitrate, onPacket, onError });
  }

  /** PCM16LE of `generation`. */
  frame(generation: number, pcm: Uint8Array): void {
    if (generation > this.#generation) this.#begin(generation);
    if (generation < this.#generation || generation <= this.#fence) return;
    const aligned = pcm.byteOffset % Int16Array.BYTES_PER_ELEMENT === 0 ? pcm : new Uint8Array(pcm);
    const samples = new Int16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2);
    this.#given += samples.length;
    this.#fill(samples);
  }

  /** The generation has no more audio: what is left of it leaves. */
  end(generation: number): void {
    if (generation !== this.#generation || generation <= this.#fence || this.#given === 0) return;
    while (this.#brought < this.#given) this.#fill(new Int16Array(this.#frameSamples - this.#filled));
  }

  /** A message goes to the client: a flush or a suspected stop counts here too. */
  follow(message: SessionMessage): void {
    if (message.type === 'flush') this.#drop(message.generation);
    if (message.type !== 'hold') return;
    if (message.held) this.#held ??= [];
    else this.#release();
  }

  /** Drops everything that is in the encoder: the user said stop. */
  silence(): void {
    this.#drop(this.#generation);
  }

  close(): void {
    this.#encoding.length = 0;
    this.#encoder.close();
  }

  #begin(generation: number): void {
    this.#generation = generation;
    this.#seq = 0;
    this.#given = 0;
    this.#brought = 0;
    this.#filled = 0;
  }

  #fill(samples: Int16Array): void {
    for (let at = 0; at < samples.length; ) {
      const count = Math.min(samples.length - at, this.#frameSamples - this.#filled);
      this.#rest.set(samples.subarray(at, at + count), this.#filled);
      at += count;
      this.#filled += count;
      if (this.#filled === this.#frameSamples) this.#encode();
    }
  }

  #encode(): void {
    const { rate, onError } = this.#options;
    this.#filled = 0;
    if (this.#encoding.length * this.#frameSamples > samplesInMs(MAX_WAITING_MS, rate)) {
      onError(new ParleyError('ENGINE_OVERLOADED', 'the Opus encoder does not keep up'));
      return;
    }
    const room = this.#frameSamples - (this.#seq === 0 ? this.#preSkip : 0);
    const samples = Math.min(room, this.#given - this.#brought);
    this.#brought += samples;
    this.#encoding.push({ generation: this.#generation, seq: this.#seq, samples });
    this.#seq += 1;
    this.#encoder.push(this.#rest.slice());
  }

  #encoded(packet: Uint8Array): void {
    const encoding = this.#encoding.shift();
    if (!encoding || encoding.generation <= this.#fence) return;
    const frame = { ...encoding, packet };
    if (this.#held) this.#held.push(frame);
    else this.#options.send(frame);
  }

  #drop(generation: number): void {
    this.#fence = Math.max(this.#fence, generation);
    this.#held = this.#held?.filter((frame) => frame.generation > this.#fence);
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const frame of held) this.#options.send(frame);
  }
}
