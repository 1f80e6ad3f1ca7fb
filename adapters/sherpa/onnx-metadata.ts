import { type FileHandle, open } from 'node:fs/promises';

const GRAPH = 7;
const METADATA = 14;
/** Longest header of a field: two varints of ten bytes. */
const HEADER_BYTES = 20;
/** Longer entries are not metadata that anybody reads. */
const MAX_ENTRY_BYTES = 1 << 20;

/** The metadata of an ONNX model, without reading its weights. Rejects if the file is not a model. */
export async function onnxMetadata(path: string): Promise<ReadonlyMap<string, string>> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const entries = new Map<string, string>();
    let isModel = false;
    for (let at = 0; at < size; ) {
      const { field, start, end } = await fieldAt(file, at);
      if (end > size) throw new Error(`${path} is cut off, or not an ONNX model`);
      isModel ||= field === GRAPH;
      if (field === METADATA && end - start <= MAX_ENTRY_BYTES) {
        const [key, value] = pair(await read(file, start, end - start));
        entries.set(key, value);
      }
      at = end;
    }
    if (!isModel) throw new Error(`${path} is not an ONNX model`);
    return entries;
  } finally {
    await file.close();
  }
}

/** A field of a Protocol Buffers message: https://protobuf.dev/programming-guides/encoding/ */
async function fieldAt(file: FileHandle, at: number) {
  const header = await read(file, at, HEADER_BYTES);
  const tag = varint(header, 0);
  const field = Math.floor(tag.value / 8);
  const start = at + tag.end;
  switch (tag.value % 8) {
    case 0:
      return { field, start, end: at + varint(header, tag.end).end };
    case 1:
      return { field, start, end: start + 8 };
    case 2: {
      const length = varint(header, tag.end);
      return { field, start: at + length.end, end: at + length.end + length.value };
    }
    case 5:
      return { field, start, end: start + 4 };
    default:
      throw new Error('not an ONNX model');
  }
}

function varint(bytes: Buffer, from: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let at = from, scale = 1; at < bytes.length; at++, scale *= 128) {
    const byte = bytes.readUInt8(at);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end: at + 1 };
  }
  throw new Error('not an ONNX model');
}

/** A key and a value, fields 1 and 2. */
function pair(bytes: Buffer): readonly [string, string] {
  const texts = ['', ''] as [string, string];
  for (let at = 0; at < bytes.length; ) {
    const tag = varint(bytes, at);
    const length = varint(bytes, tag.end);
    const end = length.end + length.value;
    const text = bytes.toString('utf8', length.end, end);
    if (tag.value >> 3 === 1) texts[0] = text;
    else texts[1] = text;
    at = end;
  }
  return texts;
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
