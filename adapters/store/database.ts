import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from '../private-files.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';
import { loadSqlite } from './sqlite-binding.ts';

export interface OpenOptions {
  readonly path: string;
  readonly busyTimeoutMs: number;
  /** Largest size of the file in pages of 4 KiB. */
  readonly maxPages?: number;
}

const Sqlite = loadSqlite();

/**
 * Opens Parley's database, creating the folder and the file if need be, and brings its schema up to date.
 * Throws if the file belongs to another program or to a newer Parley.
 */
export function openDatabase({ path, busyTimeoutMs, maxPages }: OpenOptions): Database {
  mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_DIRECTORY });
  // SQLite gives its log and its shared memory the rights of the database.
  closeSync(openSync(path, 'a', PRIVATE_FILE));
  const db = new Sqlite(path, { timeout: busyTimeoutMs });
  try {
    // In one look: another process may be making the file ours just now.
    const version = db.transaction(() => claim(db))();
    switchToWal(db, busyTimeoutMs);
    // FULL: in WAL mode, NORMAL would lose the newest commits when the power fails, although they were acknowledged.
    db.pragma('synchronous = FULL');
    // What is deleted is overwritten, so that deleting a session leaves nothing of it in the file.
    db.pragma('secure_delete = ON');
    if (maxPages !== undefined) db.pragma(`max_page_count = ${maxPages}`);
    if (version < MIGRATIONS.length) migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The schema's version, if the file is Parley's or empty. */
function claim(db: Database): number {
  const owner = db.pragma('application_id', { simple: true });
  const version = Number(db.pragma('user_version', { simple: true }));
  const empty = db.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
  if (owner !== APPLICATION_ID && !(empty && owner === 0 && version === 0)) {
    throw new Error('this database belongs to another program');
  }
  if (version > MIGRATIONS.length) {
    throw new Error(`this database is of a newer Parley (version ${version}, known: ${MIGRATIONS.length})`);
  }
  return version;
}

/** SQLite does not wait for other processes here by itself. */
function switchToWal(db: Database, busyTimeoutMs: number): void {
  const pauseMs = 20;
  const pause = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    try {
      db.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      const busy = error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY');
      if (!busy || waitedMs >= busyTimeoutMs) throw error;
      Atomics.wait(pause, 0, 0, pauseMs);
    }
  }
}

/** All steps in one transaction; another process may have done them meanwhile. */
function migrate(db: Database): void {
  db.transaction(() => {
    const from = claim(db);
    for (const step of MIGRATIONS.slice(from)) db.exec(step);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  }).immediate();
}
