// A worker of the roles with their real handlers, to be killed. Its arguments are its data directory and the address of
// the NATS server. Besides what the handlers keep, it keeps the id of each event that was handled, and how often it came.
import { ROLES } from '../../actors/ports/event-stream.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { loadSqlite } from '../../adapters/store/sqlite-binding.ts';
import { jetStreams } from '../../adapters/stream/jetstream.ts';
import { loadConfig } from '../../server/config/load.ts';
import { readDialog } from '../../server/dialog-file.ts';
import { makeLogger } from '../../server/log.ts';
import { openMemory } from '../../server/memory/memory.ts';
import { ROLE_MAKERS } from '../../server/outbox/roles.ts';

const [dataDir = '', url = ''] = process.argv.slice(2);
const config = loadConfig({ env: {}, flags: { dataDir, 'memory.engine': 'local' } });
const { analytics, memories } = sqliteStore({ path: `${dataDir}/parley.db` });
const memory = await openMemory(config, memories);
const dialog = await readDialog(config);
const db = new (loadSqlite())(`${dataDir}/handled.db`);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec(
  'CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY, role TEXT NOT NULL, copies INTEGER NOT NULL) STRICT',
);
const note = db.prepare(
  'INSERT INTO handled (id, role, copies) VALUES (?, ?, 1) ON CONFLICT (id) DO UPDATE SET copies = copies + 1',
);
const streams = await jetStreams({ clock: realClock, url, replicas: 1, onProblem: () => {} });
for (const role of ROLES) {
  const working = await ROLE_MAKERS[role]({ config, analytics, memory, dialog, log: makeLogger('error') });
  streams.consume(role, async (event) => {
    await working?.handle(event);
    note.run(event.id, role);
  });
}
console.log('works');
