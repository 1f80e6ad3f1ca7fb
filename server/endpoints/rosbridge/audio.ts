/** `audio_common_msgs/AudioData` on the wire. */
const BYTES_PER_SAMPLE = 2;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;

/** The PCM16LE of a message: base64, as rosbridge sends `uint8[]`, or a list of numbers. A text says what is wrong. */
export function pcmOf(msg: unknown): Uint8Array | string {
  if (typeof msg !== 'object' || msg === null || !('data' in msg)) return 'data: is missing';
  const bytes = bytesOf(msg.data);
  if (!bytes) return 'data: must be base64 or a list of bytes';
  if (bytes.byteLength % BYTES_PER_SAMPLE === 0) return bytes;
  return 'data: must be whole 16-bit samples';
}

function bytesOf(data: unknown): Uint8Array | undefined {
  if (typeof data === 'string') return BASE64.test(data) ? Buffer.from(data, 'base64') : undefined;
  return Array.isArray(data) && data.every(isByte) ? Uint8Array.from(data) : undefined;
}

function isByte(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;
}
