import { openSync, readSync, statSync } from 'node:fs';
import { z } from 'zod';

const method = <Of>() => z.custom<Of>((value) => typeof value === 'function');

/** The part of Emscripten's file system in memory that is used here. */
export const filesSchema = z.object({
  readdir: method<(folder: string) => unknown>(),
  lookupPath: method<(path: string) => unknown>(),
  isDir: method<(mode: number) => boolean>(),
});
export type Files = z.infer<typeof filesSchema>;

const names = z.array(z.string());
/** Checked without a copy, because the file itself is changed. */
const found = z.custom<{ readonly node: Record<string, unknown> & { readonly mode: number } }>(
  (value) => z.object({ node: z.object({ mode: z.number() }) }).safeParse(value).success,
);
const piece = z.instanceof(Uint8Array);

/** The package's data: 24 MB, of which a voice needs less than 1 MB. */
export class DataFiles {
  readonly #file: number;
  readonly #bytes: number;

  /** `path`: the data file of the package. */
  constructor(path: string) {
    this.#file = openSync(path, 'r');
    this.#bytes = statSync(path).size;
  }

  /** Stands for the loaded data file: its pages are empty, and so take no memory. Null if the package expects another file. */
  placeholder(bytes: number): ArrayBuffer | null {
    return bytes === this.#bytes ? new ArrayBuffer(bytes) : null;
  }

  /** Makes the files below `folder`, which are parts of the placeholder, be read when they are first needed. */
  readWhenNeeded(files: Files, folder: string): void {
    for (const name of names.parse(files.readdir(folder))) {
      if (name === '.' || name === '..') continue;
      const { node } = found.parse(files.lookupPath(`${folder}/${name}`));
      if (files.isDir(node.mode)) this.readWhenNeeded(files, `${folder}/${name}`);
      else this.#leave(node);
    }
  }

  #leave(node: Record<string, unknown>): void {
    const { byteOffset, length, buffer } = piece.parse(node.contents);
    if (buffer.byteLength !== this.#bytes) return;
    const become = { configurable: true, enumerable: true };
    const set = (value: Uint8Array) =>
      Object.defineProperty(node, 'contents', { ...become, value, writable: true });
    const get = () => {
      const contents = new Uint8Array(length);
      readSync(this.#file, contents, 0, length, byteOffset);
      set(contents);
      return contents;
    };
    Object.defineProperty(node, 'contents', { ...become, get, set });
  }
}
