/** Binary messages to the client: a header of 12 bytes, then PCM or one packet of Opus. */
export const AUDIO_HEADER_BYTES = 12;
const HEADER_VERSION = 1;
const KIND_AUDIO = 1;
const KIND_OPUS = 2;

export interface AudioHeader {
  readonly generation: number;
  /** Number of the frame in its generation, from 0. */
  readonly seq: number;
}

/**
 * One audio message to the client: header, then PCM16LE at the output rate. Writes into `bytes`, which has exactly the
 * required length.
 */
export function encodeAudio(
  header: AudioHeader,
  pcm: Uint8Array,
  bytes = new Uint8Array(AUDIO_HEADER_BYTES + pcm.byteLength),
): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint8(0, HEADER_VERSION);
  view.setUint8(1, KIND_AUDIO);
  view.setUint16(2, 0, true);
  view.setUint32(4, header.generation, true);
  view.setUint32(8, header.seq, true);
  bytes.set(pcm, AUDIO_HEADER_BYTES);
  return bytes;
}

/** One packet of Opus, as it goes to the client. */
export interface OpusFrame extends AudioHeader {
  /** How many of its decoded samples count, after the pre-skip of the generation's first packet. */
  readonly samples: number;
  readonly packet: Uint8Array;
}

/** One message of Opus to the client. */
export function encodeOpusAudio({ samples, packet, ...header }: OpusFrame): Uint8Array {
  const bytes = encodeAudio(header, packet);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint8(1, KIND_OPUS);
  view.setUint16(2, samples, true);
  return bytes;
}

/** Undefined if `bytes` are not a message of Opus of this version. `packet` shares memory with `bytes`. */
export function decodeOpusAudio(bytes: Uint8Array): OpusFrame | undefined {
  if (bytes.byteLength <= AUDIO_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== HEADER_VERSION || view.getUint8(1) !== KIND_OPUS) return undefined;
  return {
    generation: view.getUint32(4, true),
    seq: view.getUint32(8, true),
    samples: view.getUint16(2, true),
    packet: bytes.subarray(AUDIO_HEADER_BYTES),
  };
}

/** Undefined if `bytes` are not an audio message of this version. `pcm` shares memory with `bytes`. */
export function decodeAudio(bytes: Uint8Array): (AudioHeader & { readonly pcm: Uint8Array }) | undefined {
  if (bytes.byteLength < AUDIO_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== HEADER_VERSION || view.getUint8(1) !== KIND_AUDIO) return undefined;
  return {
    generation: view.getUint32(4, true),
    seq: view.getUint32(8, true),
    pcm: bytes.subarray(AUDIO_HEADER_BYTES),
  };
}
