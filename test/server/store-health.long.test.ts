import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/after-test.ts';
import { parley } from '../support/processes.ts';
import { connected, errors, linesWith, started, tables, typed } from './store-scene.ts';

describe('a server whose store cannot be used', () => {
  it('starts and talks if the database is damaged, and is not ready', async () => {
    const dataDir = await temporaryFolder();
    writeFileSync(join(dataDir, 'parley.db'), 'This is not a database. '.repeat(100));
    const { server, url } = await started(dataDir);
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
  const dataDir = await temporaryFolder();
  const { server, url } = await started(dataDir);
  const client = await connected(url);
  expect(await typed(client, 'hello')).toBe('completed');
  const [session = ''] = tables(dataDir, (db) => db.prepare('SELECT session FROM sessions').pluck().all());
  const command = parley(['journal', 'delete', String(session), '--force', '--data-dir', dataDir]);
  expect(await command.exited).toBe(0);
  expect(await typed(client, 'what is your name')).toBe('completed');
  expect(await typed(client, 'hello')).toBe('completed');
  expect(errors(client)).toEqual(['SESSION_DELETED']);
  await client.close();
  await server.stop();
  const left = ['sessions', 'turns', 'journals', 'journal', 'journal_errors', 'journal_audio'].map((table) =>
    tables(dataDir, (db) => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()),
  );
  expect(left).toEqual([0, 0, 0, 0, 0, 0]);
});
