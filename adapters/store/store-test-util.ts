import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach } from 'vitest';
import { JOURNAL_FORMAT, type JournalHeader } from '../../machines/journal/record.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import { afterTest, temporaryFolder } from '../../test/support/after-test.ts';
import { type SqliteStore, type SqliteStoreOptions, sqliteStore } from './sqlite.ts';
import { loadSqlite } from './sqlite-binding.ts';

type Database = InstanceType<ReturnType<typeof loadSqlite>>;

export let folder: string;
/** Of the database; its folder does not exist yet. */
export let path: string;

/** Gives each test of a file a folder of its own. */
export function useStoreFolder(): void {
  beforeEach(async () => {
    folder = await temporaryFolder();
    path = join(folder, 'data', 'parley.db');
  });
}

/** A store that is closed when the test has finished. */
export function open(options: Partial<SqliteStoreOptions> = {}): SqliteStore {
  const store = sqliteStore({ path, ...options });
  afterTest(() => store.close());
  return store;
}

/** What `use` makes of the file, as another program that opens it. */
export function inFile<T>(use: (db: Database) => T, at = path): T {
  mkdirSync(dirname(at), { recursive: true });
  const db = new (loadSqlite())(at);
  try {
    return use(db);
  } finally {
    db.close();
  }
}

/** Locks the file like another process that writes; returns what ends that. */
export function lockFile(): () => void {
  const other = new (loadSqlite())(path);
  other.exec('BEGIN IMMEDIATE');
  return () => {
    other.exec('COMMIT');
    other.close();
  };
}

export const SESSION = { session: 's1', startedAt: '2026-01-02T03:04:05.000Z', language: 'en' };

export function journalHeader(session: string, startedAt = SESSION.startedAt): JournalHeader {
  const facts = { format: JOURNAL_FORMAT, machine: 'm', version: '0.1.0', parameters: defaultParameters };
  const input = { language: 'en', outputRate: 24_000, seed: 1, memory: false } as const;
  return { ...facts, session, startedAt, input };
}
