import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/after-test.ts';
import { connected, errors, linesWith, PATIENCE_MS, started, tables, typed } from './store-scene.ts';

it.each([
  ['deleted', (path: string) => rmSync(path)],
  ['overwritten', (path: string) => writeFileSync(path, 'something else')],
])(
  'a server whose database is %s says so, goes on talking, and records again by itself',
  async (what, spoil) => {
    const dataDir = await temporaryFolder();
    const { server, url } = await started(dataDir);
    const client = await connected(url);
    expect(await typed(client, 'hello')).toBe('completed');
    const ready = async () => {
      const response = await fetch(`${url}/readyz`);
      return `${response.status} ${await response.text()}`;
    };
    expect(await ready()).toMatch(/^200/u);

    spoil(join(dataDir, 'parley.db'));
    // Also if nothing is recorded meanwhile.
    const patience = { timeout: PATIENCE_MS, interval: 100 };
    await expect.poll(ready, patience).toMatch(/^503 .*the store cannot be used/u);
    await server.line(new RegExp(`was ${what} while the server ran`, 'u'));
    expect(await typed(client, 'hello')).toBe('completed');
    expect(errors(client)).toEqual(['STORE_FAILED']);
    await expect.poll(ready, patience).toMatch(/^200/u);
    await server.line(/works again/u);
    expect(linesWith(server, 'STORE_UNUSABLE')).toHaveLength(1);

    const later = await connected(url);
    expect(await typed(later, 'go forward')).toBe('completed');
    expect(errors(later)).toEqual([]);
    const turns = () => tables(dataDir, (db) => db.prepare('SELECT user_text FROM turns').pluck().all());
    await expect.poll(turns, patience).toEqual(['go forward']);
  },
  240_000,
);
