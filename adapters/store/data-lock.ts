import type { Database } from 'better-sqlite3';
import { loadSqlite } from './sqlite-binding.ts';

/** Held while this process is the one that continues the sessions of a data directory. */
export interface DataLock {
  release(): void;
}

/**
 * Takes the lock in this file, without waiting; undefined if another process has it. The operating system frees it when its
 * process ends, however that happens.
 */
export function takeDataLock(path: string): DataLock | undefined {
  const Sqlite = loadSqlite();
  let db: Database | undefined;
  try {
    db = new Sqlite(path, { timeout: 0 });
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
  } catch {
    db?.close();
    return undefined;
  }
  const held = db;
  return { release: () => held.close() };
}
