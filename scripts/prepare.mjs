// Makes a fresh clone ready to run: the compiled output and, on Node 20, SQLite. Quick when there is nothing to do.
import './build.mjs';

const { prepareSqlite } = await import('../native/prepare-sqlite.mjs');
await prepareSqlite();
