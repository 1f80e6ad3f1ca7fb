import { execFileSync } from 'node:child_process';
import { describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../support/after-test.ts';
import { connected, errors, linesWith, PATIENCE_MS, started, tables, typed } from './store-scene.ts';

describe('a server whose store cannot be used', () => {
  it('reports it once in the log, once to each client and in /readyz; continues speech but refuses actions; and recovers', async () => {
    const dataDir = await temporaryFolder();
    const { server, url } = await started(dataDir);
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
    // Its output may be read after its answer.
    await server.line(/works again/u);
    expect(linesWith(server, 'works again')).toHaveLength(1);
    const later = await connected(url);
    expect(await typed(later, 'go forward')).toBe('completed');
    expect(errors(later)).toEqual([]);
    // The events of what could be stored have arrived, and nothing waits.
    const stored = 'SELECT count(DISTINCT session || turn || generation) FROM turns';
    await vi.waitFor(
      () => {
        const count = (sql: string) => tables(dataDir, (db) => db.prepare(sql).pluck().all())[0];
        expect(count('SELECT count(*) FROM analytics_turns')).toBe(count(stored));
        expect(count('SELECT count(*) FROM outbox_events WHERE delivered IS NULL')).toBe(0);
      },
      { timeout: PATIENCE_MS, interval: 200 },
    );
  });
});
