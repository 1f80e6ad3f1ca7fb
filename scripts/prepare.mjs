// Prepares a clone for tests and benchmarks: compiled output, type-checked unless `--unchecked` says that something else checks
// the types, and SQLite on Node 20. Fast if everything is up to date.
import { prepareSqlite } from '../native/prepare-sqlite.mjs';
import { ensureBuilt } from './build.mjs';

await ensureBuilt({ checked: !process.argv.includes('--unchecked') });
await prepareSqlite();
