import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type SqliteStore, sqliteStore } from '../../adapters/store/sqlite.ts';
import { ParleyError } from '../../machines/errors.ts';
import { DATABASE, prepareDataDirectory } from '../data-directory.ts';

/** Opens the store of a data directory and passes it to `use`. The directory must exist unless it may be created. */
export async function withStore<T>(
  dataDir: string,
  use: (store: SqliteStore) => Promise<T>,
  missing: 'create' | 'fail' = 'fail',
): Promise<T> {
  const path = join(dataDir, DATABASE);
  if (missing === 'fail' && !existsSync(path))
    throw new ParleyError('SESSION_UNKNOWN', `${path} does not exist; see --data-dir`);
  // The server logs these warnings; commands do not.
  await prepareDataDirectory(dataDir);
  const store = sqliteStore({ path });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** True for the name of an exported journal. Session ids contain neither a slash nor an extension. */
export function isJournalFile(name: string): boolean {
  return existsSync(name) || /\/|\.jsonl?$/u.test(name);
}
