import type { Database } from 'better-sqlite3';
import { ParleyError } from '../../machines/errors.ts';
import { loadSqlite } from './sqlite-binding.ts';

/** Held while this process is the server of a data directory. */
export interface DataLock {
  release(): void;
}

/**
 * Locks this file without waiting. The operating system frees it when its process ends, however that happens. Throws DATA_DIR_IN_USE
 * if another server has it, and SQLite's error if the file cannot be locked at all.
 */
export function takeDataLock(path: string): DataLock {
  const Sqlite = loadSqlite();
  let db: Database | undefined;
  try {
    db = new Sqlite(path, { timeout: 0 });
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
    const held = db;
    return { release: () => held.close() };
  } catch (error) {
    db?.close();
    if (error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY'))
      throw new ParleyError('DATA_DIR_IN_USE', `${path} is locked`, { cause: error });
    throw error;
  }
}
