// A worker of both roles, to be killed. Its arguments are its database and the address of the NATS server. It keeps the
// id of each event that it handled, and how often it came.

import { ROLES } from '../../actors/ports/event-stream.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { loadSqlite } from '../../adapters/store/sqlite-binding.ts';
import { jetStreams } from '../../adapters/stream/jetstream.ts';

const [path = '', url = ''] = process.argv.slice(2);
const db = new (loadSqlite())(path);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec(
  'CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY, role TEXT NOT NULL, copies INTEGER NOT NULL) STRICT',
);
const handle = db.prepare(
  'INSERT INTO handled (id, role, copies) VALUES (?, ?, 1) ON CONFLICT (id) DO UPDATE SET copies = copies + 1',
);
const streams = await jetStreams({ clock: realClock, url, replicas: 1, onProblem: () => {} });
for (const role of ROLES)
  streams.consume(role, async ({ id }) => {
    handle.run(id, role);
  });
console.log('works');
