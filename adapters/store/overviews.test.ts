import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { JournalRecord } from '../../machines/journal/record.ts';
import { MIGRATIONS } from './migrations.ts';
import type { SqliteStore } from './sqlite.ts';
import { folder, inFile, journalHeader, open, useStoreFolder } from './store-test-util.ts';

// A shared disk may be slow.
vi.setConfig({ testTimeout: 90_000 });

let store: SqliteStore;

useStoreFolder();
beforeEach(() => {
  store = open();
});

function record(number: number, commands: readonly object[] = []): JournalRecord {
  const facts = { seq: number, t: number, source: 'client', generation: 0, stale: false } as const;
  const texts = { event: '{"type":"interrupt"}', change: '[]', commands: JSON.stringify(commands) };
  return { record: number, ...facts, ...texts, stateHash: `s${number}`, commandsHash: `c${number}` };
}

function failure(code: string): object {
  return { type: 'publish', message: { type: 'error', code, message: 'as scripted', fatal: false } };
}

/** A session of `minute`, with a record for each list of commands. */
async function recorded(
  session: string,
  minute: number,
  commands: readonly (readonly object[])[],
): Promise<void> {
  const startedAt = `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`;
  await store.saveSession({ session, startedAt, language: 'de' });
  const sink = store.openJournal(journalHeader(session, startedAt), 'hash', () => {});
  for (const [number, list] of commands.entries()) sink.append(record(number, list));
  await sink.end();
}

async function said(session: string, generation: number, userText: string, timings = {}): Promise<void> {
  const reply = { replyText: `you said ${userText}`, heard: '', reason: 'completed' as const };
  await store.saveTurn({ session, turn: generation, generation, userText, ...reply, timings, endedAtMs: 1 });
}

const names = (rows: readonly { session: string }[]) => rows.map(({ session }) => session);

describe('overviews', () => {
  it('combine a session’s turns and its journal', async () => {
    await recorded('a', 1, [[], [failure('LLM_FAILED')], [failure('TTS_FAILED'), failure('STT_FAILED')]]);
    await said('a', 1, 'first', { firstAudio: 312.5 });
    await said('a', 2, 'second');

    const [overview] = await store.overviews({ limit: 10 });

    expect(overview).toMatchObject({
      session: 'a',
      startedAt: '2026-01-01T00:01:00.000Z',
      language: 'de',
      status: 'ended',
      records: 3,
      turns: 2,
      latencyMs: 312.5,
      errors: 3,
      lastText: 'second',
      machine: 'm',
    });
    expect(['TTS_FAILED', 'STT_FAILED']).toContain(overview?.lastError);
  });

  it('include sessions without a journal, and journals without a session', async () => {
    await store.saveSession({ session: 'bare', startedAt: '2026-01-01T00:00:01.000Z', language: 'en' });
    const sink = store.openJournal(journalHeader('imported', '2026-01-01T00:00:02.000Z'), 'hash', () => {});
    await sink.durable();

    const rows = await store.overviews({ limit: 10 });

    expect(rows).toEqual([
      expect.objectContaining({ session: 'imported', status: 'open', records: 0 }),
      {
        session: 'bare',
        startedAt: '2026-01-01T00:00:01.000Z',
        language: 'en',
        records: 0,
        turns: 0,
        errors: 0,
      },
    ]);
  });

  it('are listed newest first, page by page, each session once, also with equal times', async () => {
    for (const [session, minute] of [
      ['a', 1],
      ['b', 2],
      ['c', 2],
      ['d', 2],
      ['e', 3],
    ] as const)
      await recorded(session, minute, []);

    const pages: string[][] = [];
    for (let page = await store.overviews({ limit: 2 }); page.length > 0; ) {
      pages.push(names(page));
      const last = page.at(-1);
      page = last ? await store.overviews({ limit: 2, before: last }) : [];
    }

    expect(pages).toEqual([['e', 'd'], ['c', 'b'], ['a']]);
  });

  it('are found by text, without special characters in the search', async () => {
    await recorded('one', 1, []);
    await recorded('two', 2, []);
    await said('one', 1, '100% of_it \\ yes');
    await said('two', 1, '1000 of it');

    expect(names(await store.overviews({ limit: 9, text: '0% OF_' }))).toEqual(['one']);
    expect(names(await store.overviews({ limit: 9, text: '\\' }))).toEqual(['one']);
    expect(names(await store.overviews({ limit: 9, text: 'you said 1000' }))).toEqual(['two']);
    expect(names(await store.overviews({ limit: 9, text: 'tw' }))).toEqual(['two']);
    expect(names(await store.overviews({ limit: 9, text: "'; DROP TABLE turns; --" }))).toEqual([]);
  });

  it('are found by error and by journal status, without excluded sessions', async () => {
    await recorded('fine', 1, [[]]);
    await recorded('bad', 2, [[failure('LLM_FAILED')]]);
    await recorded('worse', 3, [[failure('TTS_FAILED')]]);
    await store.openJournal(journalHeader('open', '2026-01-01T00:04:00.000Z'), 'hash', () => {}).durable();

    expect(names(await store.overviews({ limit: 9, error: 'any' }))).toEqual(['worse', 'bad']);
    expect(names(await store.overviews({ limit: 9, error: 'LLM_FAILED' }))).toEqual(['bad']);
    expect(names(await store.overviews({ limit: 9, status: ['open'] }))).toEqual(['open']);
    expect(names(await store.overviews({ limit: 9, except: ['open', 'fine'] }))).toEqual(['worse', 'bad']);
  });

  it('forget the errors of a session that is deleted', async () => {
    await recorded('bad', 1, [[failure('LLM_FAILED')]]);

    await store.deleteSession('bad');

    expect(await store.overviews({ limit: 9 })).toEqual([]);
    await recorded('bad', 2, [[]]);
    expect(await store.overviews({ limit: 9, error: 'any' })).toEqual([]);
  });

  it('include the errors of journals that an older Parley wrote', async () => {
    const old = join(folder, 'old.db');
    inFile((db) => {
      for (const step of MIGRATIONS.slice(0, 2)) db.exec(step);
      db.pragma('application_id = 0x50726c79');
      db.pragma('user_version = 2');
      db.exec(`INSERT INTO journals VALUES ('s', 1, 'm', 'v', '2026', NULL, 'p', '{}', 'h', 'ended', 1)`);
      db.prepare(`INSERT INTO journal VALUES ('s', 0, 0, 0.0, 'start', 0, 0, 'null', '[]', ?, 'a', 'b')`).run(
        JSON.stringify([{ type: 'delay', id: 'x', delayMs: 1 }, failure('STT_TIMEOUT')]),
      );
    }, old);

    const rows = await open({ path: old }).overviews({ limit: 9, error: 'STT_TIMEOUT' });

    expect(rows).toEqual([expect.objectContaining({ session: 's', errors: 1, lastError: 'STT_TIMEOUT' })]);
  });
});

describe('a journal page by page', () => {
  it('returns head and records separately', async () => {
    await recorded('a', 1, [[], [], [], []]);

    expect(await store.journalHead('a')).toMatchObject({
      header: { session: 'a', input: { seed: 1 } },
      footer: { status: 'ended', records: 4 },
    });
    expect((await store.journalRecords('a', 1, 2)).map(({ record: number }) => number)).toEqual([1, 2]);
    expect(await store.journalRecords('a', 4, 2)).toEqual([]);
    await expect(store.journalHead('nobody')).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' });
  });

  it('returns audio piece by piece', async () => {
    const sink = store.openJournal(journalHeader('a', '2026'), 'hash', () => {});
    const audio = { direction: 'in', generation: 0, rate: 16_000 } as const;
    for (const sample of [0, 3, 6]) sink.audio({ ...audio, sample, samples: Int16Array.of(1, -2, sample) });
    await sink.end();

    const pieces = await store.journalAudio('a', 1, 1);

    expect(pieces.map(({ sample, samples }) => [sample, [...samples]])).toEqual([[3, [1, -2, 3]]]);
  });
});
