import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from '../private-files.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';
import { loadSqlite } from './sqlite-binding.ts';

export interface OpenOptions {
  readonly path: string;
  readonly busyTimeoutMs: number;
  /** Maximum size of the file in pages of 4 KiB. */
  readonly maxPages?: number;
}

const Sqlite = loadSqlite();

/** Opens Parley's database, creates folder and file if necessary, and migrates the schema. Throws if the file belongs to another program or to a newer Parley.
 */
export function openDatabase({ path, busyTimeoutMs, maxPages }: OpenOptions): Database {
  mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_DIRECTORY });
  // SQLite creates its log and shared memory with the permissions of the database.
  closeSync(openSync(path, 'a', PRIVATE_FILE));
  const db = new Sqlite(path, { timeout: busyTimeoutMs });
  try {
    // In one query: another process may be initialising the file at this moment.
    const version = db.transaction(() => claim(db))();
    switchToWal(db, busyTimeoutMs);
    // FULL: in WAL mode, NORMAL could lose acknowledged commits in a power failure.
    db.pragma('synchronous = FULL');
    // Deleted data is overwritten, so that nothing of a deleted session remains in the file.
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
    throw new Error(
      `this database was written by a newer Parley (version ${version}, known: ${MIGRATIONS.length})`,
    );
  }
  return version;
}

/** Retries while locked: SQLite's busy timeout does not apply here. */
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

/** Runs all steps in one transaction; another process may have run them meanwhile. */
function migrate(db: Database): void {
  db.transaction(() => {
    const from = claim(db);
    for (const step of MIGRATIONS.slice(from)) db.exec(step);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  }).immediate();
}
