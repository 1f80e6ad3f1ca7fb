/** What tells a message of Edge apart. */
export interface Envelope {
  readonly requestId: string;
  readonly path: string;
}

/** Headers of a text message end at an empty line; those of a binary one are counted by its first two bytes, big endian. */
export function readEnvelope(data: unknown): Envelope | undefined {
  const headers = typeof data === 'string' ? data.split('\r\n\r\n', 1)[0] : binaryHeaders(data);
  const requestId = headers?.match(/^X-RequestId:(.+)$/m)?.[1]?.trim();
  const path = headers?.match(/^Path:(.+)$/m)?.[1]?.trim();
  return requestId && path ? { requestId, path } : undefined;
}

function binaryHeaders(data: unknown): string | undefined {
  if (!(data instanceof ArrayBuffer) || data.byteLength < 2) return undefined;
  const length = new DataView(data).getUint16(0);
  if (2 + length > data.byteLength) return undefined;
  return Buffer.from(data, 2, length).toString();
}
