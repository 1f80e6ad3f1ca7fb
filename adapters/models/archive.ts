import { createHash } from 'node:crypto';
import { closeSync, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Bunzip from 'seek-bzip';
import { Parser, type ReadEntry } from 'tar';
import { ParleyError } from '../../machines/errors.ts';
import { diskError, reasonOf } from './disk.ts';

/** A file that was unpacked. */
export interface UnpackedFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

export interface UnpackOptions {
  /** Maximum bytes of all files together. */
  readonly maxBytes: number;
  /** Receives the part of the archive that is unpacked, 0 to 1. */
  readonly onProgress?: (part: number) => void;
}

const BLOCK_BYTES = 1 << 16;
/** Models have at most a few hundred files, most of them eSpeak's dictionaries. */
const MAX_ENTRIES = 10_000;

/**
 * Unpacks a tar file (plain, gzip or bzip2, by its content) into the empty folder `into`, synchronously: it is CPU work of seconds to
 * minutes for a command, not for a server in service. Links and special files are skipped. Throws MODEL_ARCHIVE for a path that leads out
 * of the folder, a damaged archive, or a file that is there twice, and MODEL_NO_ROOM beyond `maxBytes`. What was unpacked before an error stays.
 */
export function unpack(archive: string, into: string, options: UnpackOptions): readonly UnpackedFile[] {
  const input = new FileInput(archive, options.onProgress);
  const tar = new TarOutput(into, options.maxBytes);
  try {
    if (input.startsWith('BZh')) {
      const chunks = new Chunks((chunk) => tar.write(chunk));
      Bunzip.decode(input, chunks, true);
      chunks.flush();
    } else {
      for (let chunk = input.chunk(); chunk; chunk = input.chunk()) tar.write(chunk);
    }
    return tar.end();
  } catch (cause) {
    throw diskError(cause) ?? new ParleyError('MODEL_ARCHIVE', reasonOf(cause), { cause });
  } finally {
    input.close();
    tar.close();
  }
}

/** Bytes of a file in order, read in blocks. */
class FileInput {
  readonly #file: number;
  readonly #size: number;
  readonly #onProgress: ((part: number) => void) | undefined;
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  #read = 0;
  #filled = 0;
  #at = 0;

  constructor(path: string, onProgress?: (part: number) => void) {
    this.#file = openSync(path, 'r');
    this.#size = fstatSync(this.#file).size;
    this.#onProgress = onProgress;
  }

  startsWith(text: string): boolean {
    this.#fill();
    return this.#block.subarray(0, Math.min(text.length, this.#filled)).toString('latin1') === text;
  }

  /** A copy of the rest of the current block, or of the next one; undefined at the end. */
  chunk(): Uint8Array | undefined {
    if (!this.#fill()) return undefined;
    const chunk = Buffer.from(this.#block.subarray(this.#at, this.#filled));
    this.#at = this.#filled;
    return chunk;
  }

  readByte(): number {
    if (!this.#fill()) throw new Error('the archive is cut off');
    return this.#block[this.#at++] ?? -1;
  }

  read(buffer: Uint8Array, offset: number, length: number): number {
    let done = 0;
    while (done < length && this.#fill()) buffer[offset + done++] = this.readByte();
    return done === 0 ? -1 : done;
  }

  eof(): boolean {
    return !this.#fill();
  }

  close(): void {
    closeSync(this.#file);
  }

  /** False at the end of the file. */
  #fill(): boolean {
    if (this.#at < this.#filled) return true;
    this.#at = 0;
    this.#filled = readSync(this.#file, this.#block);
    this.#read += this.#filled;
    if (this.#filled > 0) this.#onProgress?.(this.#read / this.#size);
    return this.#filled > 0;
  }
}

/** Gathers single bytes into chunks. */
class Chunks {
  readonly #write: (chunk: Uint8Array) => void;
  #chunk = Buffer.alloc(BLOCK_BYTES);
  #at = 0;

  constructor(write: (chunk: Uint8Array) => void) {
    this.#write = write;
  }

  writeByte(byte: number): void {
    this.#chunk[this.#at++] = byte;
    if (this.#at === BLOCK_BYTES) this.flush();
  }

  flush(): void {
    if (this.#at > 0) this.#write(this.#chunk.subarray(0, this.#at));
    // The parser may keep what it has not consumed.
    this.#chunk = Buffer.alloc(BLOCK_BYTES);
    this.#at = 0;
  }
}

/** Writes the files of a tar stream into a folder. */
class TarOutput {
  readonly #into: string;
  readonly #maxBytes: number;
  readonly #parser: Parser;
  readonly #files: UnpackedFile[] = [];
  #entries = 0;
  #bytes = 0;
  #open: number | undefined;
  #failure: unknown;

  constructor(into: string, maxBytes: number) {
    this.#into = into;
    this.#maxBytes = maxBytes;
    this.#parser = new Parser({ strict: true, onReadEntry: (entry) => this.#entry(entry) });
    this.#parser.on('error', (error) => {
      this.#failure ??= error;
    });
  }

  write(chunk: Uint8Array): void {
    this.#parser.write(chunk);
    if (this.#failure !== undefined) throw this.#failure;
  }

  end(): readonly UnpackedFile[] {
    this.#parser.end();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#files.length === 0) throw new ParleyError('MODEL_ARCHIVE', 'it has no files');
    return this.#files;
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open);
    this.#open = undefined;
  }

  #entry(entry: ReadEntry): void {
    try {
      this.#take(entry);
    } catch (error) {
      this.#failure ??= error;
      entry.resume();
    }
  }

  #take(entry: ReadEntry): void {
    const path = insidePath(entry.path);
    this.#entries += 1;
    if (this.#entries > MAX_ENTRIES)
      throw new ParleyError('MODEL_ARCHIVE', `it has more than ${MAX_ENTRIES} entries`);
    if (entry.type === 'Directory') mkdirSync(join(this.#into, path), { recursive: true });
    if (!['File', 'OldFile', 'ContiguousFile'].includes(entry.type) || path === '') {
      entry.resume();
      return;
    }
    this.#bytes += entry.size;
    if (this.#bytes > this.#maxBytes)
      throw new ParleyError('MODEL_NO_ROOM', `unpacked it is larger than ${this.#maxBytes} bytes`);
    const target = join(this.#into, path);
    mkdirSync(dirname(target), { recursive: true });
    // Fails for a file that is there already: nothing is overwritten.
    const file = openSync(target, 'wx', 0o644);
    this.#open = file;
    const hash = createHash('sha256');
    entry.on('data', (chunk) => {
      hash.update(chunk);
      writeAll(file, chunk);
    });
    entry.on('end', () => {
      this.close();
      this.#files.push({ path, bytes: entry.size, sha256: hash.digest('hex') });
    });
  }
}

function writeAll(file: number, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
}

/** The path of an entry without `.` and empty parts. Throws MODEL_ARCHIVE if it leads out of the folder. */
function insidePath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || /[\\:\0]/u.test(path) || parts.includes('..'))
    throw new ParleyError('MODEL_ARCHIVE', `it has the path ${JSON.stringify(path)}`);
  return parts.join('/');
}
