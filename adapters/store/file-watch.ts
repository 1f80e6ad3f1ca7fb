import { closeSync, fstatSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { APPLICATION_ID } from './migrations.ts';

/** How a database file was changed by another program. */
export type FileChange = 'deleted' | 'replaced' | 'overwritten' | 'separated from its log';

const HEADER_BYTES = 100;
/** The first bytes of every SQLite file. */
const MAGIC = 'SQLite format 3\0';
/** Where the header has the application's id. */
const ID_AT = 68;
/** Files of SQLite beside the database, which it finds by their names. */
const BESIDE = ['-wal', '-shm'] as const;

/**
 * Notices that an open database file was deleted, replaced or overwritten. SQLite does not: it goes on to write to a file that has no name
 * any more. Make it when the database is open, and close it when that is closed: the system drops SQLite's locks whenever the process
 * closes the file.
 */
export class FileWatch {
  readonly #path: string;
  readonly #file: number;
  #size = 0;
  readonly #beside = new Map<string, number>();

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'r');
    this.#noteBeside();
  }

  change(): FileChange | undefined {
    const named = statOf(this.#path);
    if (!named) return 'deleted';
    const own = fstatSync(this.#file);
    if (named.ino !== own.ino || named.dev !== own.dev) return 'replaced';
    // It never shrinks, as Parley does not vacuum.
    if (own.size < this.#size || (own.size > 0 && !this.#hasHeader())) return 'overwritten';
    this.#size = own.size;
    this.#noteBeside();
    return statOf(`${this.#path}-wal`)?.ino === this.#beside.get('-wal')
      ? undefined
      : 'separated from its log';
  }

  /** Removes what SQLite left beside the file, which a new file of that name must not find. Call it when the database is closed. */
  removeBeside(): void {
    for (const [suffix, ino] of this.#beside) {
      const path = this.#path + suffix;
      if (statOf(path)?.ino === ino) rmSync(path, { force: true });
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #noteBeside(): void {
    for (const suffix of BESIDE) {
      const ino = statOf(this.#path + suffix)?.ino;
      if (ino !== undefined && !this.#beside.has(suffix)) this.#beside.set(suffix, ino);
    }
  }

  #hasHeader(): boolean {
    const id = applicationIn(this.#file);
    // 0 until the first changes are taken from the log into the file.
    return id === 0 || id === APPLICATION_ID;
  }
}

/** The application's id in the header of a SQLite file; undefined if it is none. */
function applicationIn(file: number): number | undefined {
  const header = Buffer.alloc(HEADER_BYTES);
  readSync(file, header, 0, HEADER_BYTES, 0);
  return header.toString('latin1', 0, MAGIC.length) === MAGIC ? header.readUInt32BE(ID_AT) : undefined;
}

/** Whether the header of the file says that it is a database of Parley. */
export function isParleys(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    return applicationIn(file) === APPLICATION_ID;
  } finally {
    closeSync(file);
  }
}

/** Bytes of the file; 0 if it does not exist. */
export function sizeOf(path: string): number {
  return statOf(path)?.size ?? 0;
}

/** Renames a damaged database and its log, so that a new one can begin. Returns the new name. */
export function moveAside(path: string): string {
  const aside = `${path}.damaged-${new Date().toISOString().replaceAll(/[:.]/gu, '-')}`;
  for (const suffix of ['', ...BESIDE]) if (statOf(path + suffix)) renameSync(path + suffix, aside + suffix);
  return aside;
}

function statOf(path: string) {
  return statSync(path, { throwIfNoEntry: false });
}
