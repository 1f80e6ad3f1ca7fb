import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
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
  it('reports it once in the log, once to each client and in /readyz; continues speech but refuses actions; and recovers', async () => {
    const { server, url } = await started();
    const client = await connected(url);
    expect(await typed(client, 'hello')).toBe('completed');
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    // Simulates a full disk: from now on the process cannot write any file beyond its first 4 KiB.
    execFileSync('prlimit', ['--pid', String(server.pid), '--fsize=4096:unlimited']);
    for (const text of ['hello', 'what is your name', 'hello', 'go forward'])
      expect(await typed(client, text)).toBe('completed');
    expect(errors(client).filter((code) => code === 'STORE_FAILED')).toHaveLength(1);
    const actions = client.arrivals.flatMap(({ message }) =>
      message.type === 'action' ? [message.status] : [],
    );
    expect(actions).toEqual(['failed']);
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).toContain('the store cannot be used');
    const other = await connected(url);
    expect(await typed(other, 'hello')).toBe('completed');
    expect(errors(other)).toEqual(['STORE_FAILED']);
    expect(linesWith(server, 'STORE_UNUSABLE')).toHaveLength(1);
    const rest = linesWith(server, 'STORE_FAILED').filter((line) => !line.includes('phrases are not kept'));
    expect(rest).toEqual([]);

    execFileSync('prlimit', ['--pid', String(server.pid), '--fsize=unlimited:unlimited']);
    await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), {
      timeout: PATIENCE_MS,
      interval: 200,
    });
    expect(linesWith(server, 'works again')).toHaveLength(1);
    const later = await connected(url);
    expect(await typed(later, 'go forward')).toBe('completed');
    expect(errors(later)).toEqual([]);
    // The events of what could be stored have arrived, and nothing waits.
    const stored = 'SELECT count(DISTINCT session || turn || generation) FROM turns';
    await vi.waitFor(
      () => {
        const count = (sql: string) => tables((db) => db.prepare(sql).pluck().all())[0];
        expect(count('SELECT count(*) FROM analytics_turns')).toBe(count(stored));
        expect(count('SELECT count(*) FROM outbox_events WHERE delivered IS NULL')).toBe(0);
      },
      { timeout: PATIENCE_MS, interval: 200 },
    );
  });
});

function tables<T>(look: (db: InstanceType<ReturnType<typeof loadSqlite>>) => T): T {
  const db = new (loadSqlite())(join(dataDir, 'parley.db'), { readonly: true });
  try {
    return look(db);
  } finally {
    db.close();
  }
}
