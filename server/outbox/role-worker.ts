import { join } from 'node:path';
import type { OwnRole } from '../../actors/ports/event-stream.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import type { Config } from '../config/schema.ts';
import { DATABASE } from '../data-directory.ts';
import { readDialog } from '../dialog-file.ts';
import type { Logger } from '../log.ts';
import { openMemory } from '../memory/memory.ts';
import { openStreams } from './outbox.ts';
import { startWorkers, type Workers } from './workers.ts';

/** Works roles in a process without sessions; what they keep is in the data directory. Rejects with BUS_UNREACHABLE. */
export async function workRoles(roles: readonly OwnRole[], config: Config, log: Logger): Promise<Workers> {
  const store = sqliteStore({ path: join(config.dataDir, DATABASE) });
  try {
    const { outbox, analytics, memories } = store;
    const memory = await openMemory(config, memories);
    const dialog = await readDialog(config);
    const streams = await openStreams(config, outbox, log);
    const workers = await startWorkers(roles, streams, { config, analytics, memory, dialog, log });
    return {
      roles: workers.roles,
      async close() {
        await workers.close();
        await memory?.close();
        await streams.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
