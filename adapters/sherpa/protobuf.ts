/** A field of a Protocol Buffers message: https://protobuf.dev/programming-guides/encoding/ */
export function fieldAt(
  bytes: Buffer,
  at: number,
): {
  readonly field: number;
  readonly start: number;
  readonly end: number;
} {
  const tag = varint(bytes, at);
  const field = Math.floor(tag.value / 8);
  switch (tag.value % 8) {
    case 0:
      return { field, start: tag.end, end: varint(bytes, tag.end).end };
    case 1:
      return { field, start: tag.end, end: tag.end + 8 };
    case 2: {
      const length = varint(bytes, tag.end);
      return { field, start: length.end, end: length.end + length.value };
    }
    case 5:
      return { field, start: tag.end, end: tag.end + 4 };
    default:
      throw new Error('not a Protocol Buffers message');
  }
}

function varint(bytes: Buffer, from: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let at = from, scale = 1; at < bytes.length; at++, scale *= 128) {
    const byte = bytes.readUInt8(at);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end: at + 1 };
  }
  throw new Error('not a Protocol Buffers message');
}
