import { type FileHandle, open } from 'node:fs/promises';
import { fieldAt } from './protobuf.ts';

const GRAPH = 7;
const METADATA = 14;
/** Longest header of a field: two varints of ten bytes. */
const HEADER_BYTES = 20;
/** Longer entries are not used metadata. */
const MAX_ENTRY_BYTES = 1 << 20;

/** The metadata of an ONNX model, without reading its weights. Rejects if the file is not a model. */
export async function onnxMetadata(path: string): Promise<ReadonlyMap<string, string>> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const entries = new Map<string, string>();
    let isModel = false;
    for (let at = 0; at < size; ) {
      const header = fieldIn(await read(file, at, HEADER_BYTES));
      const { field } = header;
      const [start, end] = [at + header.start, at + header.end];
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

/** A key and a value, fields 1 and 2. */
function pair(bytes: Buffer): readonly [string, string] {
  const texts = ['', ''] as [string, string];
  for (let at = 0; at < bytes.length; ) {
    const { field, start, end } = fieldAt(bytes, at);
    texts[field === 1 ? 0 : 1] = bytes.toString('utf8', start, end);
    at = end;
  }
  return texts;
}

function fieldIn(header: Buffer): ReturnType<typeof fieldAt> {
  try {
    return fieldAt(header, 0);
  } catch (cause) {
    throw new Error('not an ONNX model', { cause });
  }
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
