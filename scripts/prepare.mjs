// Makes a clone ready for tests and benchmarks: the compiled output, its types checked, and on Node 20 SQLite. Quick when there is
// nothing to do.
import { prepareSqlite } from '../native/prepare-sqlite.mjs';
import { ensureBuilt } from './build.mjs';

await ensureBuilt({ checked: true });
await prepareSqlite();
