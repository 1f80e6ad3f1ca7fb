/** What a message on a topic consists of. */
export type CborValue =
  | string
  | number
  | Uint8Array
  | Int16Array
  | readonly CborValue[]
  | { readonly [name: string]: CborValue };

const UNSIGNED = 0;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;
const TAG = 6;
/** Typed array of 16-bit integers, little endian (RFC 8746). */
const INT16_LIST = 77;

/** CBOR (RFC 8949) of texts, whole numbers from 0 on, byte strings, lists and maps. */
export function encodeCbor(value: CborValue): Buffer {
  return Buffer.concat([...pieces(value)]);
}

function* pieces(value: CborValue): Iterable<Uint8Array> {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    yield head(TEXT, bytes.byteLength);
    yield bytes;
  } else if (typeof value === 'number') yield head(UNSIGNED, value);
  else if (value instanceof Uint8Array) {
    yield head(BYTES, value.byteLength);
    yield value;
  } else if (value instanceof Int16Array) {
    yield head(TAG, INT16_LIST);
    yield* pieces(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else if (isList(value)) {
    yield head(LIST, value.length);
    for (const item of value) yield* pieces(item);
  } else {
    const entries = Object.entries(value);
    yield head(MAP, entries.length);
    for (const [name, member] of entries) {
      yield* pieces(name);
      yield* pieces(member);
    }
  }
}

function isList(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value);
}

/** Major type and length in the fewest bytes. */
function head(major: number, length: number): Uint8Array {
  const type = major << 5;
  if (length < 24) return Uint8Array.of(type | length);
  if (length < 0x100) return Uint8Array.of(type | 24, length);
  if (length < 0x1_0000) return Uint8Array.of(type | 25, length >> 8, length & 0xff);
  const long = Buffer.alloc(5);
  long.writeUInt8(type | 26);
  long.writeUInt32BE(length, 1);
  return long;
}
