import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ADVICE } from '../../machines/advice.ts';
import type { ParleyError } from '../../machines/errors.ts';
import type { SqliteStoreOptions } from './sqlite.ts';
import { folder, lockFile, open as openStore, path, SESSION, useStoreFolder } from './store-test-util.ts';

let heard: (ParleyError | undefined)[];

useStoreFolder();
beforeEach(() => {
  heard = [];
});

const open = (options: Partial<SqliteStoreOptions> = {}) =>
  openStore({ probeMs: 10, onHealth: (problem) => heard.push(problem), ...options });

const largeTurn = {
  ...{ session: 's1', turn: 1, generation: 1, userText: '', replyText: 'x'.repeat(1_000_000), heard: '' },
  ...{ reason: 'completed' as const, timings: {}, endedAtMs: 1 },
};

describe('the health of the store', () => {
  it('is reported once for any number of failures, and once again when the disk works', async () => {
    writeFileSync(join(folder, 'data'), 'a file where the folder should be');
    const broken = open();
    await broken.probe();
    expect(broken.problem()).toMatchObject({
      code: 'STORE_UNUSABLE',
      message: expect.stringContaining(path),
    });
    expect(ADVICE.STORE_UNUSABLE).toContain('not recorded');
    const saves = Array.from({ length: 5 }, () => broken.saveSession(SESSION));
    for (const { status } of await Promise.allSettled(saves)) expect(status).toBe('rejected');
    expect(heard).toHaveLength(1);

    rmSync(join(folder, 'data'));
    await expect.poll(() => broken.problem()).toBeUndefined();
    expect(heard).toEqual([expect.objectContaining({ code: 'STORE_UNUSABLE' }), undefined]);
    await broken.saveSession(SESSION);
    expect(await broken.sessions()).toHaveLength(1);
  });

  it('is bad while the disk is full, and while only little space is free', async () => {
    const full = open({ maxPages: 100 });
    await full.saveSession(SESSION);
    await expect(full.saveTurn(largeTurn)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(full.problem()).toMatchObject({ code: 'STORE_UNUSABLE', cause: { code: 'SQLITE_FULL' } });
    await expect.poll(() => full.problem()).toBeUndefined();
    expect(heard).toHaveLength(2);
  });

  it('is bad if the file is damaged, or is a folder', async () => {
    mkdirSync(path, { recursive: true });
    const store = open();
    await store.probe();
    expect(heard).toMatchObject([{ cause: { code: 'EISDIR' } }]);
    await store.close();
    rmSync(path, { recursive: true });
    writeFileSync(path, 'This is not a database. '.repeat(100));
    await open().probe();
    expect(heard).toMatchObject([{}, { cause: { code: 'SQLITE_NOTADB' } }]);
  });

  it('is not affected by an invalid record', async () => {
    const good = open();
    await expect(good.endSession('nobody', '2026-01-01T00:00:00.000Z')).rejects.toThrow();
    await good.probe();
    expect(heard).toEqual([]);
  });

  it('is bad while another process keeps the file locked', async () => {
    const locked = open({ busyTimeoutMs: 20 });
    await locked.ready();
    const unlock = lockFile();
    await expect(locked.saveSession(SESSION)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(locked.problem()).toMatchObject({ cause: { code: 'SQLITE_BUSY' } });
    unlock();
    await expect.poll(() => locked.problem()).toBeUndefined();
  });
});

it('the store reports the size of its data after each commit', async () => {
  const sizes: number[] = [];
  const growing = open();
  growing.onSize?.((bytes) => sizes.push(bytes));
  await growing.saveSession(SESSION);
  await growing.saveTurn(largeTurn);
  expect(sizes).toHaveLength(2);
  expect((sizes[1] ?? 0) - (sizes[0] ?? 0)).toBeGreaterThan(900_000);
});
