// Prepares a clone for tests and benchmarks: type-checked compiled output, and SQLite on Node 20. Fast if everything is
// up to date.
import { prepareSqlite } from '../native/prepare-sqlite.mjs';
import { ensureBuilt } from './build.mjs';

await ensureBuilt({ checked: true });
await prepareSqlite();
