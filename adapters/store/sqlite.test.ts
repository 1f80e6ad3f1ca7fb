import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { TurnRecord } from '../../actors/ports/store.ts';
import { startWorkerThread } from '../worker-thread.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';
import { sqliteStore } from './sqlite.ts';
import { folder, inFile, lockFile, open, path, SESSION, useStoreFolder } from './store-test-util.ts';

useStoreFolder();

function turn(generation: number, more: Partial<TurnRecord> = {}): TurnRecord {
  return {
    session: 's1',
    turn: generation,
    generation,
    userText: `question ${generation}`,
    replyText: `answer ${generation}`,
    heard: `answer ${generation}`,
    reason: 'completed',
    timings: { stt: 12.5, firstAudio: 80 },
    endedAtMs: generation * 1_000,
    ...more,
  };
}

/** Creates the file with these sessions, because turns are stored only for known sessions. */
async function started(...sessions: string[]): Promise<void> {
  const store = sqliteStore({ path });
  for (const one of sessions) await store.saveSession({ ...SESSION, session: one });
  await store.close();
}

describe('sqliteStore', () => {
  it('keeps sessions and turns across close and reopen, in a folder that it creates', async () => {
    const first = open();
    const odd = turn(2, {
      userText: 'NUL \u0000 and 👋 and 你好',
      heard: '',
      reason: 'interrupted',
      timings: {},
    });
    await Promise.all([
      first.saveSession(SESSION),
      first.saveTurn(turn(1)),
      first.saveTurn(odd),
      first.endSession('s1', '2026-01-02T03:05:00.000Z'),
    ]);
    await first.close();

    const second = open();

    expect(await second.turns('s1')).toEqual([turn(1), odd]);
    expect(await second.sessions()).toEqual([{ ...SESSION, endedAt: '2026-01-02T03:05:00.000Z', turns: 2 }]);
  });

  it('keeps who spoke', async () => {
    const store = open();
    await store.saveSession({ ...SESSION, user: 'anna' });
    expect(await store.sessions()).toEqual([{ ...SESSION, user: 'anna', turns: 0 }]);
  });

  it('returns turns by generation and sessions newest first, up to the limit', async () => {
    const store = open();
    const days = ['2026-01-02', '2026-01-04', '2026-01-03'];
    const saves = days.map((day) => store.saveSession({ ...SESSION, session: day, startedAt: day }));
    await started('s1');
    await Promise.all([...saves, ...[3, 1, 2].map((generation) => store.saveTurn(turn(generation)))]);

    expect((await store.turns('s1')).map(({ generation }) => generation)).toEqual([1, 2, 3]);
    expect((await store.sessions({ limit: 2 })).map((found) => found.session)).toEqual([
      '2026-01-04',
      '2026-01-03',
    ]);
    expect(await store.turns('nobody')).toEqual([]);
  });

  it('replaces a turn that is saved again with the same generation', async () => {
    await started('s1');
    const store = open();
    await store.saveTurn(turn(1));

    await store.saveTurn(turn(1, { heard: 'answ', reason: 'interrupted' }));

    expect(await store.turns('s1')).toEqual([turn(1, { heard: 'answ', reason: 'interrupted' })]);
  });

  it('reopens a session that is saved again after its end', async () => {
    const store = open();
    await store.saveSession(SESSION);
    await store.endSession('s1', '2026-01-02T04:00:00.000Z');

    await store.saveSession(SESSION);

    expect(await store.sessions()).toEqual([{ ...SESSION, turns: 0 }]);
  });

  it('lets a read see all earlier saves, awaited or not', async () => {
    await started('s1');
    const store = open();
    const save = store.saveTurn(turn(1));

    expect(await store.turns('s1')).toEqual([turn(1)]);
    await save;
  });

  it('is not affected by later changes of a saved record', async () => {
    await started('s1');
    const store = open();
    const timings = { stt: 1 };
    const record = { ...turn(1), timings };

    const save = store.saveTurn(record);
    timings.stt = 99;
    await save;

    expect(await store.turns('s1')).toEqual([turn(1, { timings: { stt: 1 } })]);
  });

  it('commits all records queued during a transaction as one transaction', async () => {
    await started('s1');
    const store = open();
    const first = store.saveTurn(turn(0));
    await Promise.resolve();
    const rest = Array.from({ length: 1_000 }, (_, index) => store.saveTurn(turn(index + 1)));

    await Promise.all([first, ...rest]);

    expect(store.stats()).toMatchObject({ transactions: 2, saved: 1_001, failed: 0, largestGroup: 1_000 });
    expect(await store.turns('s1')).toHaveLength(1_001);
  });

  it('commits a thousand simultaneous saves as one transaction', async () => {
    await started('s1');
    const store = open();

    await Promise.all(Array.from({ length: 1_000 }, (_, index) => store.saveTurn(turn(index))));

    expect(store.stats()).toMatchObject({ transactions: 1, saved: 1_000 });
  });

  it('runs in WAL mode and marks the file with the version of its schema', async () => {
    await open().saveSession(SESSION);

    const names = ['journal_mode', 'user_version', 'application_id'];
    const pragmas = inFile((db) => names.map((name) => db.pragma(name, { simple: true })));

    expect(pragmas).toEqual(['wal', MIGRATIONS.length, APPLICATION_ID]);
  });
});

describe('sqliteStore when something is wrong', () => {
  it('fails only the record that does not fit on a full disk, keeps the others, and continues', async () => {
    await started('s1');
    const store = open({ maxPages: 40 });
    await store.ready();
    const tooLarge = turn(2, { replyText: 'x'.repeat(1_000_000) });

    const outcomes = await Promise.allSettled(
      [turn(1), tooLarge, turn(3)].map((each) => store.saveTurn(each)),
    );

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'STORE_FAILED', cause: { code: 'SQLITE_FULL' } } });
    await store.saveTurn(turn(4));
    expect((await store.turns('s1')).map(({ generation }) => generation)).toEqual([1, 3, 4]);
  });

  it('fails while the folder cannot be created, and works once it can', async () => {
    writeFileSync(join(folder, 'data'), 'a file where the folder should be');
    const store = open();

    await expect(store.ready()).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(store.saveTurn(turn(1))).rejects.toMatchObject({ code: 'STORE_FAILED' });
    rmSync(join(folder, 'data'));
    await store.saveSession(SESSION);
    await store.saveTurn(turn(2));

    expect(await store.turns('s1')).toEqual([turn(2)]);
  });

  it('refuses a turn of an unknown session', async () => {
    const store = open();
    await expect(store.saveTurn(turn(1))).rejects.toMatchObject({ code: 'SESSION_DELETED' });
    expect(await store.turns('s1')).toEqual([]);
  });

  it('refuses a file that is not a database, without changing it', async () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(path, 'This is not a database. '.repeat(100));

    await expect(open().saveTurn(turn(1))).rejects.toMatchObject({
      code: 'STORE_FAILED',
      cause: { code: 'SQLITE_NOTADB' },
    });
  });

  it('refuses a database of another program and one of a newer Parley', async () => {
    inFile((db) => db.exec('CREATE TABLE recipes (name TEXT)'));
    await expect(open().ready()).rejects.toThrow('belongs to another program');

    const newerPath = join(folder, 'newer.db');
    await open({ path: newerPath }).ready();
    inFile((db) => db.pragma(`user_version = ${MIGRATIONS.length + 1}`), newerPath);
    await expect(open({ path: newerPath }).ready()).rejects.toThrow('newer Parley');
  });

  it('fails a save while another process keeps the file locked, and works after that', async () => {
    await started('s1');
    const store = open({ busyTimeoutMs: 20 });
    await store.ready();
    const unlock = lockFile();

    await expect(store.saveTurn(turn(1))).rejects.toMatchObject({
      code: 'STORE_FAILED',
      cause: { code: 'SQLITE_BUSY' },
    });
    unlock();
    await store.saveTurn(turn(2));

    expect(await store.turns('s1')).toEqual([turn(2)]);
  });

  it('lets two stores write to the same file, opened at the same moment', async () => {
    await started('s1');
    const two = [open(), open()];

    await Promise.all(
      two.flatMap((store, half) =>
        Array.from({ length: 50 }, (_, index) => store.saveTurn(turn(index * 2 + half))),
      ),
    );

    expect(await two[0]?.turns('s1')).toHaveLength(100);
  });

  it('rejects a record that is not valid and keeps its neighbours', async () => {
    await started('s1');
    const store = open();

    const outcomes = await Promise.allSettled([
      store.saveTurn(turn(1)),
      store.saveTurn(turn(Number.NaN)),
      store.saveTurn(turn(3, { timings: { stt: Number.POSITIVE_INFINITY } })),
      store.endSession('nobody', '2026-01-01T00:00:00.000Z'),
      store.saveTurn(turn(5)),
    ]);

    expect(outcomes.flatMap(({ status }, at) => (status === 'rejected' ? [at] : []))).toEqual([1, 2, 3]);
    expect(await store.turns('s1')).toEqual([turn(1), turn(5)]);
  });

  it('fails a read of a row that was damaged, and only that', async () => {
    await started('s1', 's2');
    const store = open();
    await store.saveTurn(turn(1));
    await store.saveTurn(turn(1, { session: 's2' }));
    inFile((db) => db.exec(`UPDATE turns SET timings = 'no json' WHERE session = 's1'`));

    await expect(store.turns('s1')).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(await store.turns('s2')).toHaveLength(1);
  });

  it('fails the current operation when the thread dies, and starts another thread for the next save', async () => {
    await started('s1');
    const threads: Worker[] = [];
    const store = open({
      startThread: (options) => {
        const worker = startWorkerThread(import.meta.url, 'sqlite-worker', options);
        threads.push(worker);
        return worker;
      },
    });
    await store.saveTurn(turn(1));

    const [first] = threads;
    if (!first) throw new Error('no thread');
    // The next operation is under way to the thread and does not begin there: better-sqlite3 12 aborts the process if it
    // throws in a thread that ends.
    first.postMessage = () => {};
    const ended = first.terminate();
    const lost = store.saveTurn(turn(2));
    await Promise.resolve();
    const next = store.saveTurn(turn(3));
    await Promise.all([ended, expect(lost).rejects.toMatchObject({ code: 'STORE_FAILED' })]);
    await next;

    expect(threads).toHaveLength(2);
    expect((await store.turns('s1')).map(({ generation }) => generation)).toEqual([1, 3]);
  });

  it('refuses records beyond the limit of waiting ones', async () => {
    await started('s1');
    const store = open({ maxWaiting: 2 });

    const saves = [1, 2, 3].map((generation) => store.saveTurn(turn(generation)));
    const outcomes = await Promise.allSettled(saves);

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  });

  it('finishes pending operations before it closes, and refuses later ones', async () => {
    await started('s1');
    const store = open();
    const saves = [1, 2, 3].map((generation) => store.saveTurn(turn(generation)));

    const closed = store.close();
    await expect(store.saveTurn(turn(4))).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    await expect(store.turns('s1')).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    await Promise.all([...saves, closed, store.close()]);

    expect(await open().turns('s1')).toHaveLength(3);
  });

  it('refuses options out of range', () => {
    const refusal = expect.objectContaining({ code: 'CONFIG_INVALID' });
    expect(() => sqliteStore({ path: '' })).toThrow(refusal);
    expect(() => sqliteStore({ path, maxPages: 0 })).toThrow(refusal);
  });
});
