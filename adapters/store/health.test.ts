import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ADVICE } from '../../machines/advice.ts';
import type { ParleyError } from '../../machines/errors.ts';
import type { SqliteStore, SqliteStoreOptions } from './sqlite.ts';
import {
  folder,
  inFile,
  journalHeader,
  lockFile,
  open as openStore,
  path,
  SESSION,
  useStoreFolder,
} from './store-test-util.ts';

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

interface Spoiled {
  readonly how: string;
  /** What another program does to the file. */
  readonly spoil: (store: SqliteStore) => unknown;
  readonly says: string;
  /** Sessions that are still there afterwards. */
  readonly kept: readonly string[];
  readonly movesAside?: boolean;
}

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

  const garbage = 'This is not a database. '.repeat(100);
  it.each<Spoiled>([
    { how: 'is deleted', says: 'deleted', kept: [], spoil: () => rmSync(path) },
    {
      ...{ how: 'is deleted with its log', says: 'deleted', kept: [] },
      spoil: () => ['', '-wal', '-shm'].forEach((suffix) => void rmSync(path + suffix)),
    },
    {
      ...{ how: 'is deleted with its folder', says: 'deleted', kept: [] },
      spoil: () => rmSync(join(folder, 'data'), { recursive: true }),
    },
    {
      ...{ how: 'is replaced by something else', says: 'replaced', kept: [], movesAside: true },
      spoil: () => {
        writeFileSync(`${path}.other`, garbage);
        renameSync(`${path}.other`, path);
      },
    },
    {
      ...{ how: 'is replaced by a copy', says: 'replaced', kept: ['s0'] },
      spoil: () => renameSync(`${path}.copy`, path),
    },
    {
      ...{ how: 'is overwritten by something shorter', says: 'overwritten', kept: [], movesAside: true },
      spoil: () => writeFileSync(path, garbage),
    },
    {
      ...{ how: 'is overwritten by something of its size', says: 'overwritten', kept: [], movesAside: true },
      spoil: () => writeFileSync(path, Buffer.alloc(statSync(path).size, 7)),
    },
    {
      how: 'is emptied',
      says: 'overwritten',
      kept: [],
      movesAside: true,
      spoil: () => writeFileSync(path, ''),
    },
    {
      ...{
        how: 'is overwritten behind its header',
        says: 'is damaged and was moved to',
        kept: [],
        movesAside: true,
      },
      spoil: async (store) => {
        // SQLite reads pages anew when another program has written.
        inFile((db) => db.exec('UPDATE sessions SET user = NULL'));
        writeFileSync(path, readFileSync(path).fill(7, 100));
        await store.turns('s0').catch(() => {});
      },
    },
    {
      ...{ how: 'loses its log', says: 'separated from its log', kept: ['s0', 's1'] },
      spoil: () => rmSync(`${path}-wal`),
    },
  ])(
    'is bad for a while if the file $how, and sessions are recorded again',
    async ({ says, kept, spoil, movesAside = false }) => {
      const before = open({ onHealth: () => {} });
      await before.saveSession({ ...SESSION, session: 's0' });
      await before.close();
      copyFileSync(path, `${path}.copy`);
      const store = open();
      await store.saveSession(SESSION);
      const journal = store.openJournal(journalHeader('s1'), 'hash', () => {});
      await journal.durable();
      heard.length = 0;

      await spoil(store);
      await expect.poll(() => heard.map((problem) => problem?.code)).toEqual(['STORE_UNUSABLE', undefined]);
      expect(heard[0]?.message).toContain(says);

      await store.saveSession({ ...SESSION, session: 's2' });
      if (!kept.includes('s1'))
        await expect(store.endSession('s1', SESSION.startedAt)).rejects.toMatchObject({
          code: 'STORE_FAILED',
        });
      await store.close();
      const next = open();
      const stored = (await next.sessions()).map(({ session }) => session);
      expect(stored.toSorted()).toEqual([...kept, 's2'].toSorted());
      const aside = readdirSync(join(folder, 'data')).filter((name) =>
        /damaged-[^-]+(-[^-]+){5}$/u.test(name),
      );
      expect(aside).toHaveLength(movesAside ? 1 : 0);
    },
  );

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

  it.each([
    ['in its schema', 100],
    ['behind its schema', 3 * 4_096],
  ])('is bad for a while at the start if the file is damaged %s, which is moved aside', async (_, from) => {
    const before = open({ onHealth: () => {} });
    await before.saveSession({ ...SESSION, session: 's0' });
    await before.saveTurn({ ...largeTurn, session: 's0' });
    await before.close();
    const damaged = readFileSync(path).fill(7, from);
    writeFileSync(path, damaged);
    const store = open();
    await store.saveSession(SESSION);
    await expect.poll(() => heard.map((problem) => problem?.code)).toEqual(['STORE_UNUSABLE', undefined]);
    expect(heard[0]?.message).toContain('is damaged and was moved to');
    expect((await store.sessions()).map(({ session }) => session)).toEqual(['s1']);
    const aside = readdirSync(join(folder, 'data')).filter((name) => name.includes('damaged-'));
    expect(aside.map((name) => readFileSync(join(folder, 'data', name)).equals(damaged))).toEqual([true]);
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
