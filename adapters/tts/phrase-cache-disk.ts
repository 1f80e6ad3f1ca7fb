import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ParleyError } from '../../machines/errors.ts';
import { makePrivate, PRIVATE_DIRECTORY, PRIVATE_FILE } from '../private-files.ts';
import { decodePhrase, encodePhrase, fileNameOf, type Phrase } from './phrase-cache-file.ts';

const DRAFT = '.phrase-draft';
/** A temporary file older than this, in ms, was left behind by a crash. */
const DRAFT_MS = 60_000;

export interface PhraseDiskOptions {
  readonly dir: string;
  /** Receives STORE_FAILED when writing begins to fail, and again only after it had worked meanwhile. */
  readonly onProblem: (error: ParleyError) => void;
}

/** The phrases on disk, one file each. Operations run one at a time, in order, and never reject because of a full or broken disk. A file is written under a temporary name and renamed, so that it is always complete.
 */
export class PhraseDisk {
  readonly #options: PhraseDiskOptions;
  #work: Promise<void> = Promise.resolve();
  #failing = false;
  failures = 0;

  constructor(options: PhraseDiskOptions) {
    this.#options = options;
  }

  /** Reads the phrases, most recently used first, while `take` accepts them. Deletes the rest, and damaged files and those of older versions. Makes folder and files private to their owner. Resolves with the number of damaged files.
   */
  async load(take: (key: string, phrase: Phrase) => boolean): Promise<number> {
    let damaged = 0;
    await this.#hide(this.#options.dir);
    for (const { path } of await this.#files()) {
      const bytes = await readFile(path).catch(() => undefined);
      const decoded = bytes && decodePhrase(bytes);
      if (!decoded) damaged++;
      if (!decoded || !take(decoded.key, decoded.phrase)) await rm(path, { force: true }).catch(() => {});
      else await this.#hide(path);
    }
    return damaged;
  }

  async #hide(path: string): Promise<void> {
    try {
      await makePrivate(path);
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return;
      this.#options.onProblem(
        new ParleyError('STORE_FAILED', `${path} stays readable by others: ${String(cause)}`, { cause }),
      );
    }
  }

  save(key: string, phrase: Phrase): void {
    this.#then(async () => {
      const path = this.#pathOf(key);
      // A unique name, because processes may share a folder.
      const draft = `${path}.${randomUUID()}${DRAFT}`;
      try {
        await mkdir(this.#options.dir, { recursive: true, mode: PRIVATE_DIRECTORY });
        await writeFile(draft, encodePhrase(key, phrase), { mode: PRIVATE_FILE });
        await rename(draft, path);
        this.#failing = false;
      } catch (cause) {
        await rm(draft, { force: true }).catch(() => {});
        this.failures++;
        if (!this.#failing)
          this.#options.onProblem(
            new ParleyError('STORE_FAILED', `phrases are not kept on disk: ${String(cause)}`, { cause }),
          );
        this.#failing = true;
      }
    });
  }

  delete(key: string): void {
    this.#then(() => rm(this.#pathOf(key), { force: true }).catch(() => {}));
  }

  /** Records that the phrase was used now. */
  touch(key: string): void {
    const now = new Date();
    this.#then(() => utimes(this.#pathOf(key), now, now).catch(() => {}));
  }

  /** Resolves when all operations have finished. */
  settled(): Promise<void> {
    return this.#work;
  }

  #then(task: () => Promise<void>): void {
    this.#work = this.#work.then(task);
  }

  #pathOf(key: string): string {
    return join(this.#options.dir, fileNameOf(key));
  }

  /** Newest first. Files left behind by a crash while writing are deleted. */
  async #files(): Promise<readonly { readonly path: string; readonly usedMs: number }[]> {
    const { dir } = this.#options;
    const names = await readdir(dir).catch(() => []);
    const files: { path: string; usedMs: number }[] = [];
    for (const name of names) {
      const path = join(dir, name);
      if (!name.endsWith('.phrase') && !name.endsWith(DRAFT)) continue;
      const info = await stat(path).catch(() => undefined);
      if (!info?.isFile()) continue;
      if (!name.endsWith(DRAFT)) files.push({ path, usedMs: info.mtimeMs });
      else if (Date.now() - info.mtimeMs > DRAFT_MS) await rm(path, { force: true }).catch(() => {});
    }
    return files.sort((a, b) => b.usedMs - a.usedMs);
  }
}
