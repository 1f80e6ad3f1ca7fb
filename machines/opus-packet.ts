/** The largest packet of one frame that RFC 6716 allows, bytes (section 3.4). */
export const MAX_OPUS_FRAME_BYTES = 1_275;
/** Frames of 2.5 ms that a packet may have: 120 ms. */
const MAX_UNITS = 48;
const UNITS_PER_SECOND = 400;
/** By how much the encoder of libopus delays a voice, at any rate, in ms: 2.5 ms of overlap and 4 ms of analysis. */
const LOOKAHEAD_MS = 6.5;

/** Samples by which decoded audio lags behind what was encoded, at `rate`. */
export function opusPreSkip(rate: number): number {
  return (LOOKAHEAD_MS * rate) / 1_000;
}

/**
 * Duration of an Opus packet in samples at `rate`, as its first bytes say (RFC 6716, section 3.1); undefined if they are not valid.
 */
export function opusSamples(packet: Uint8Array, rate: number): number | undefined {
  const [toc, second = 0] = packet;
  if (toc === undefined) return undefined;
  const code = toc & 3;
  if (code === 3 && packet.byteLength < 2) return undefined;
  const frames = code === 0 ? 1 : code === 3 ? second & 0x3f : 2;
  const units = frames * unitsOf(toc >> 3);
  if (frames === 0 || units > MAX_UNITS) return undefined;
  return (units * rate) / UNITS_PER_SECOND;
}

/** Duration of one frame of this configuration, in units of 2.5 ms. */
function unitsOf(configuration: number): number {
  const size = configuration & 3;
  if (configuration >= 16) return 1 << size;
  if (configuration >= 12) return 4 << (configuration & 1);
  return [4, 8, 16, 24][size] ?? 0;
}
