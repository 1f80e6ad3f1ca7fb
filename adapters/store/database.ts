import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from '../private-files.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';
import { loadSqlite } from './sqlite-binding.ts';

export interface OpenOptions {
  readonly path: string;
  /** Maximum size of the file in pages of 4 KiB. */
  readonly maxPages?: number;
}

const Sqlite = loadSqlite();

/** Opens Parley's database, creates folder and file if necessary, and migrates the schema. Throws if the file belongs to another program or to a newer Parley, and SQLITE_BUSY while another process keeps it locked: no statement waits.
 */
export function openDatabase({ path, maxPages }: OpenOptions): Database {
  mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_DIRECTORY });
  // SQLite creates its log and shared memory with the permissions of the database.
  closeSync(openSync(path, 'a', PRIVATE_FILE));
  const db = new Sqlite(path, { timeout: 0 });
  try {
    // In one query: another process may be initialising the file at this moment.
    const version = db.transaction(() => claim(db))();
    db.pragma('journal_mode = WAL');
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

/** Runs all steps in one transaction; another process may have run them meanwhile. */
function migrate(db: Database): void {
  db.transaction(() => {
    const from = claim(db);
    for (const step of MIGRATIONS.slice(from)) db.exec(step);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  }).immediate();
}
