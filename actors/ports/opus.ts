import type { ParleyError } from '../../machines/errors.ts';

/** Rates at which Opus takes and gives samples, in Hz. */
export type OpusRate = 8_000 | 12_000 | 16_000 | 24_000 | 48_000;

export interface OpusDecoderOptions {
  readonly rate: OpusRate;
  /** Called once for each packet, in order. `damaged`: the packet could not be decoded, and its time is concealed. */
  readonly onAudio: (samples: Int16Array, damaged: boolean) => void;
  /** The codec failed for good. Nothing follows. */
  readonly onError: (error: ParleyError) => void;
}

export interface OpusEncoderOptions {
  readonly rate: OpusRate;
  /** Samples of a packet: 10, 20, 40 or 60 ms. */
  readonly frameSamples: number;
  /** Bits a second. */
  readonly bitrate: number;
  /** Called once for each frame, in order. */
  readonly onPacket: (packet: Uint8Array) => void;
  /** The codec failed for good. Nothing follows. */
  readonly onError: (error: ParleyError) => void;
}

/** Decodes the packets of one stream. Keeps the codec's state between packets. */
export interface OpusDecoder {
  /** `samples`: duration of the packet, which is concealed if it is damaged. The packet must not change afterwards. */
  push(packet: Uint8Array, samples: number): void;
  close(): void;
}

/** Encodes one stream, mono. */
export interface OpusEncoder {
  /** Exactly `frameSamples` samples, which must not change afterwards. */
  push(samples: Int16Array): void;
  close(): void;
}

/** The Opus codec (RFC 6716), shared by all sessions of a process. */
export interface OpusCodec {
  decoder(options: OpusDecoderOptions): OpusDecoder;
  encoder(options: OpusEncoderOptions): OpusEncoder;
  close(): Promise<void>;
}
