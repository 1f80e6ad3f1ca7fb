import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type SqliteDatabase from 'better-sqlite3';
import { ParleyError } from '../../machines/errors.ts';

type SqliteModule = typeof SqliteDatabase;

/** better-sqlite3 13 crashes on Node 20, so that version gets 12 (see native/node20). Remove with Node 20. */
export const NEEDS_OWN_SQLITE = Number.parseInt(process.versions.node, 10) < 22;

const require = createRequire(import.meta.url);
let loaded: SqliteModule | undefined;

/** Folder of the SQLite built for Node 20: one for each version, ABI and platform, shared by all installations of a user. `XDG_CACHE_HOME` changes it.
 */
export function ownSqliteFolder(version: string): string {
  const { PARLEY_CACHE_DIR, XDG_CACHE_HOME } = process.env;
  const cache = PARLEY_CACHE_DIR || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'parley');
  return join(
    cache,
    `sqlite-${version}-node-${process.versions.modules}-${process.platform}-${process.arch}`,
  );
}

/** Loads the better-sqlite3 for this Node. Throws SQLITE_MISSING, with what to do, if none can be loaded. */
export function loadSqlite(): SqliteModule {
  if (loaded) return loaded;
  try {
    const Sqlite: SqliteModule = require(NEEDS_OWN_SQLITE ? ownSqlitePath() : 'better-sqlite3');
    // The binding is loaded with the first database only.
    new Sqlite(':memory:').close();
    loaded = Sqlite;
    return Sqlite;
  } catch (cause) {
    const node = `Node ${process.versions.node} on ${process.platform}-${process.arch}`;
    const todo = NEEDS_OWN_SQLITE
      ? 'run `npx parley prepare` once, or use Node 22 or newer, which needs no build'
      : 'install better-sqlite3 again with `npm install`; without a prebuilt binary for this platform it needs `npm rebuild better-sqlite3`';
    throw new ParleyError('SQLITE_MISSING', `SQLite cannot be loaded by ${node}: ${todo}`, { cause });
  }
}

function ownSqlitePath(): string {
  return join(ownSqliteFolder(ownSqliteVersion()), 'node_modules', 'better-sqlite3');
}

/** The version in native/node20/package.json, two levels above the sources and three above the compiled output. */
function ownSqliteVersion(): string {
  const paths = ['../../native/node20/package.json', '../../../native/node20/package.json'];
  for (const path of paths) {
    try {
      return require(path).dependencies['better-sqlite3'];
    } catch {}
  }
  throw new Error('native/node20/package.json is missing');
}
