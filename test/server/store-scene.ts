/** A real server whose store has trouble, and what its clients, its log and its database say. */
import { join } from 'node:path';
import { realClock } from '../../adapters/real-clock.ts';
import { loadSqlite } from '../../adapters/store/sqlite-binding.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { afterTest } from '../support/after-test.ts';
import { type ParleyProcess, parley } from '../support/processes.ts';

export const PATIENCE_MS = 30_000;

export async function started(dataDir: string): Promise<{ server: ParleyProcess; url: string }> {
  const server = parley(['serve', '--port', '0', '--data-dir', dataDir]);
  afterTest(() => server.stop());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  return { server, url };
}

export async function connected(url: string): Promise<VoiceClient> {
  const client = await VoiceClient.connect({ url, clock: realClock });
  afterTest(() => client.close());
  return client;
}

/** How the reply to a typed turn ended. */
export async function typed(client: VoiceClient, text: string): Promise<unknown> {
  const since = client.arrivals.length;
  client.send({ type: 'text', text });
  const end = await client.waitFor(({ type }) => type === 'reply.end', { since, timeoutMs: PATIENCE_MS });
  return end?.message.type === 'reply.end' ? end.message.reason : undefined;
}

export function errors(client: VoiceClient): string[] {
  return client.arrivals.flatMap(({ message }) => (message.type === 'error' ? [message.code] : []));
}

export function linesWith(server: ParleyProcess, text: string): string[] {
  return server.lines.filter((line) => line.includes(text));
}

/** What `look` finds in the database. */
export function tables<T>(dataDir: string, look: (db: InstanceType<ReturnType<typeof loadSqlite>>) => T): T {
  const db = new (loadSqlite())(join(dataDir, 'parley.db'), { readonly: true });
  try {
    return look(db);
  } finally {
    db.close();
  }
}
