import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import { loadSqlite } from '../../adapters/store/sqlite-binding.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { type ParleyProcess, parley } from '../support/processes.ts';

const PATIENCE_MS = 30_000;

let dataDir: string;
beforeEach(async () => {
  dataDir = await temporaryFolder();
});

async function started(): Promise<{ server: ParleyProcess; url: string }> {
  const server = parley(['serve', '--port', '0', '--data-dir', dataDir]);
  afterTest(() => server.stop());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  return { server, url };
}

async function connected(url: string): Promise<VoiceClient> {
  const client = await VoiceClient.connect({ url, clock: realClock });
  afterTest(() => client.close());
  return client;
}

/** How the reply to a typed turn ended. */
async function typed(client: VoiceClient, text: string): Promise<unknown> {
  const since = client.arrivals.length;
  client.send({ type: 'text', text });
  const end = await client.waitFor(({ type }) => type === 'reply.end', { since, timeoutMs: PATIENCE_MS });
  return end?.message.type === 'reply.end' ? end.message.reason : undefined;
}

function errors(client: VoiceClient): string[] {
  return client.arrivals.flatMap(({ message }) => (message.type === 'error' ? [message.code] : []));
}

function linesWith(server: ParleyProcess, text: string): string[] {
  return server.lines.filter((line) => line.includes(text));
}

describe('a server whose store cannot be used', () => {
  it('starts and talks if the database is damaged, and is not ready', async () => {
    writeFileSync(join(dataDir, 'parley.db'), 'This is not a database. '.repeat(100));
    const { server, url } = await started();
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    const client = await connected(url);
    expect(await typed(client, 'hello')).toBe('completed');
    expect(await typed(client, 'hello')).toBe('completed');
    expect(errors(client)).toEqual(['STORE_FAILED']);
    const [line = '', ...more] = linesWith(server, 'STORE_UNUSABLE');
    expect(more).toEqual([]);
    expect(line).toContain('move a damaged parley.db away');
  });
});

it('a live session that is deleted by force leaves no rows, and nothing of it is stored later', async () => {
  const { server, url } = await started();
  const client = await connected(url);
  expect(await typed(client, 'hello')).toBe('completed');
  const [session = ''] = tables((db) => db.prepare('SELECT session FROM sessions').pluck().all());
  const command = parley(['journal', 'delete', String(session), '--force', '--data-dir', dataDir]);
  expect(await command.exited).toBe(0);
  expect(await typed(client, 'what is your name')).toBe('completed');
  expect(await typed(client, 'hello')).toBe('completed');
  expect(errors(client)).toEqual(['SESSION_DELETED']);
  await client.close();
  await server.stop();
  const left = ['sessions', 'turns', 'journals', 'journal', 'journal_errors', 'journal_audio'].map((table) =>
    tables((db) => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()),
  );
  expect(left).toEqual([0, 0, 0, 0, 0, 0]);
});

function tables<T>(look: (db: InstanceType<ReturnType<typeof loadSqlite>>) => T): T {
  const db = new (loadSqlite())(join(dataDir, 'parley.db'), { readonly: true });
  try {
    return look(db);
  } finally {
    db.close();
  }
}
