import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JournalAudio, JournalPiece, JournalSink } from '../../actors/ports/journal.ts';
import { checkJournal } from '../../machines/journal/check.ts';
import type { Journal, JournalHeader, JournalRecord } from '../../machines/journal/record.ts';
import { chainAfter, headerHash, stateHashOf } from '../../machines/journal/writer.ts';
import { sha256 } from './sha256.ts';
import type { SqliteStore } from './sqlite.ts';
import { inFile, journalHeader, open, path, SESSION, useStoreFolder } from './store-test-util.ts';

useStoreFolder();

/** Records with valid hashes; each event contains `text`. */
function records(of: JournalHeader, count: number, text = 'hello'): JournalRecord[] {
  const made: JournalRecord[] = [];
  let before = headerHash(of, sha256);
  for (let record = 0; record < count; record++) {
    const event = JSON.stringify({ text: `${text} ${record}`, type: 'text' });
    const facts = { record, seq: record, t: record * 10.5, generation: 0, stale: false };
    const unhashed = { ...facts, source: 'client' as const, event, change: '[]', commands: '[]' };
    const stateHash = stateHashOf(unhashed, before, sha256);
    const whole = { ...unhashed, stateHash, commandsHash: sha256('[]') };
    made.push(whole);
    before = chainAfter(whole);
  }
  return made;
}

interface Kept {
  readonly failures: Error[];
  readonly sink: JournalSink;
  readonly made: readonly JournalRecord[];
}

function keep(store: SqliteStore, of: JournalHeader, count: number, text?: string): Kept {
  const failures: Error[] = [];
  const sink = store.openJournal(of, headerHash(of, sha256), (error) => failures.push(error));
  const made = records(of, count, text);
  for (const record of made) sink.append(record);
  return { failures, sink, made };
}

function* piecesOf(
  { records, footer }: Journal,
  audio: readonly JournalAudio[] = [],
): Generator<JournalPiece> {
  for (const record of records) yield { type: 'record', record };
  for (const piece of audio) yield { type: 'audio', audio: piece };
  yield { type: 'end', footer };
}

/** All bytes of the database's files. */
function bytes(): string {
  const files = dirname(path);
  return readdirSync(files)
    .map((name) => readFileSync(join(files, name)).toString('latin1'))
    .join();
}

/** Number of rows in `table`. */
function rows(table: string): number {
  return inFile((db) => Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()));
}

describe('journals in SQLite', () => {
  it('are read as they were appended, after a restart', async () => {
    const store = open();
    const { sink, made } = keep(store, journalHeader('s1'), 300);
    await sink.durable();
    await sink.end();
    await store.close();
    const journal = await open().readJournal('s1');
    expect(journal).toEqual({
      header: journalHeader('s1'),
      headerHash: headerHash(journalHeader('s1'), sha256),
      records: made,
      footer: { status: 'ended', records: 300 },
    });
    expect(checkJournal(journal, sha256)).toBeUndefined();
  });

  it('are appended in groups, and durable when on disk', async () => {
    const store = open();
    const { sink } = keep(store, journalHeader('s1'), 500);
    await sink.durable();
    expect(store.stats().transactions).toBeLessThan(5);
    expect(rows('journal')).toBe(500);
    expect((await store.readJournal('s1')).footer).toEqual({ status: 'open', records: null });
  });

  it('wait to be committed in groups, but not while a caller waits for them', async () => {
    const store = open({ gatherMs: 3_600_000 });
    const failures: Error[] = [];
    const sink = store.openJournal(journalHeader('s1'), headerHash(journalHeader('s1'), sha256), (e) =>
      failures.push(e),
    );
    for (const record of records(journalHeader('s1'), 20)) {
      sink.append(record);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(store.stats()).toMatchObject({ transactions: 0 });

    await sink.durable();

    expect(store.stats()).toMatchObject({ transactions: 1, saved: 21 });
    expect(failures).toEqual([]);
  });

  it('of many sessions share their parameters', async () => {
    const store = open();
    for (const session of ['a', 'b', 'c']) await keep(store, journalHeader(session), 2).sink.end();
    expect(rows('journal_parameters')).toBe(1);
    const ended = ['c', 'b', 'a'].map((session) => ({ session, records: 2, status: 'ended' }));
    expect(await store.journals()).toMatchObject(ended);
  });

  it('are marked incomplete when the disk is full, without a gap, and report it once', async () => {
    const store = open({ maxPages: 60 });
    await store.ready();
    const { sink, failures, made } = keep(store, journalHeader('s1'), 400, 'x'.repeat(1_000));
    await expect(sink.durable()).rejects.toMatchObject({ code: 'STORE_FAILED' });
    sink.append({ ...made[0], record: 400 } as JournalRecord);
    await sink.end();
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({ code: 'STORE_FAILED', cause: { code: 'SQLITE_FULL' } });
    await expect(sink.durable()).rejects.toMatchObject({ code: 'STORE_FAILED' });
    const journal = await store.readJournal('s1');
    expect(journal.records.length).toBeLessThan(400);
    expect(journal.footer.status).toBe('incomplete');
    expect(checkJournal(journal, sha256)).toMatchObject({
      code: 'JOURNAL_INCOMPLETE',
      record: journal.records.length,
    });
  });

  it('refuse a record without its predecessor', async () => {
    const store = open();
    const { sink, made, failures } = keep(store, journalHeader('s1'), 2);
    const [, , , later] = records(journalHeader('s1'), 4);
    if (later) sink.append(later);
    await expect(sink.durable()).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(failures[0]?.message).toContain('no predecessor');
    expect((await store.readJournal('s1')).records).toEqual(made);
  });

  it('are unknown if they were not recorded', async () => {
    const store = open();
    await expect(store.readJournal('nobody')).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' });
    expect(await store.deleteSession('nobody')).toBe(false);
  });

  it('are imported whole or not at all, and only once', async () => {
    const store = open();
    const whole = {
      header: journalHeader('s1'),
      headerHash: headerHash(journalHeader('s1'), sha256),
      records: records(journalHeader('s1'), 9_000),
      footer: { status: 'ended' as const, records: 9_000 },
    };
    const audio = [
      { direction: 'in' as const, generation: 0, sample: 0, rate: 16_000, samples: Int16Array.of(1, -2, 3) },
    ];
    await store.importJournal(whole, piecesOf(whole, audio));
    expect(await store.readJournal('s1')).toEqual(whole);
    expect(await store.readAudio('s1')).toEqual(audio);
    await expect(store.importJournal(whole, piecesOf(whole))).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(await store.readJournal('s1')).toEqual(whole);
    const gap = { ...whole, header: journalHeader('s2'), records: whole.records.toSpliced(5, 1) };
    await expect(store.importJournal(gap, piecesOf(gap))).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(store.readJournal('s2')).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' });
    const cut = { ...whole, header: journalHeader('s3') };
    const pieces = [...piecesOf(cut)].slice(0, 3_000);
    await expect(store.importJournal(cut, pieces)).rejects.toMatchObject({ code: 'JOURNAL_GAP' });
    await expect(store.readJournal('s3')).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' });
  });

  it('store equal audio once', async () => {
    const store = open();
    const { sink } = keep(store, journalHeader('s1'), 1);
    const samples = new Int16Array(16_000);
    for (const sample of [0, 16_000, 32_000])
      sink.audio({ direction: 'in', generation: 0, sample, rate: 16_000, samples });
    await sink.end();
    expect(rows('audio')).toBe(1);
    expect((await store.readAudio('s1')).map(({ sample }) => sample)).toEqual([0, 16_000, 32_000]);
  });
});

describe('deleting a session', () => {
  const SECRET = 'the-users-own-words';
  const turn = (session: string) => ({
    ...{ session, turn: 1, generation: 1, userText: SECRET, replyText: SECRET, heard: SECRET },
    ...{ reason: 'completed' as const, timings: {}, endedAtMs: 1 },
  });

  it('leaves nothing of it in any file, and keeps the others', async () => {
    const store = open();
    const gone = keep(store, journalHeader('gone'), 200, SECRET);
    gone.sink.audio({
      direction: 'in',
      generation: 0,
      sample: 0,
      rate: 16_000,
      samples: new Int16Array(Uint8Array.from(Buffer.from(`${SECRET}!`.repeat(50))).buffer),
    });
    await gone.sink.end();
    await store.saveSession({ ...SESSION, session: 'gone' });
    await store.saveTurn(turn('gone'));
    const { sink, made } = keep(store, journalHeader('stays'), 50);
    await sink.end();
    expect(bytes()).toContain(SECRET);

    expect(await store.deleteSession('gone')).toBe(true);

    expect(bytes()).not.toContain(SECRET);
    expect(bytes()).not.toContain('gone');
    expect((await store.readJournal('stays')).records).toEqual(made);
    await expect(store.readJournal('gone')).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' });
    expect(await store.turns('gone')).toEqual([]);
    expect(await store.readAudio('gone')).toEqual([]);
  });

  it('works while another process has the file open', async () => {
    const [server, command] = [open(), open()];
    const { sink } = keep(server, journalHeader('gone'), 20, SECRET);
    await sink.end();
    await command.deleteSession('gone');
    expect(bytes()).not.toContain(SECRET);
    await keep(server, journalHeader('next'), 3).sink.durable();
  });

  it('ends the journal of a session that is still live, and stores nothing more of it', async () => {
    const store = open();
    await store.saveSession(SESSION);
    const { sink, failures } = keep(store, journalHeader('s1'), 3);
    await sink.durable();
    await store.deleteSession('s1');
    const [, , , next] = records(journalHeader('s1'), 4);
    sink.audio({ direction: 'in', generation: 0, sample: 0, rate: 16_000, samples: new Int16Array(9) });
    if (next) sink.append(next);
    await expect(sink.durable()).rejects.toMatchObject({ code: 'SESSION_DELETED' });
    await expect(store.saveTurn(turn('s1'))).rejects.toMatchObject({ code: 'SESSION_DELETED' });
    await sink.end();
    const tables = ['sessions', 'turns', 'journals', 'journal', 'journal_errors', 'journal_audio', 'audio'];
    expect(tables.filter((table) => rows(table) > 0)).toEqual([]);
    expect(failures).toMatchObject([{ code: 'SESSION_DELETED' }]);
    expect(await store.journals()).toEqual([]);
  });
});

describe('retention', () => {
  const day = (number: number) => `2026-01-${String(number).padStart(2, '0')}T00:00:00.000Z`;

  async function days(store: SqliteStore, count: number): Promise<void> {
    for (let number = 1; number <= count; number++)
      await keep(store, journalHeader(`d${number}`, day(number)), 100, 'y'.repeat(500)).sink.end();
  }

  it('deletes sessions that began too long ago, but no live ones', async () => {
    const store = open();
    await days(store, 4);
    expect(await store.prune({ startedBefore: day(4), except: ['d2'] })).toEqual(['d1', 'd3']);
    expect((await store.journals()).map(({ session }) => session)).toEqual(['d4', 'd2']);
  });

  it('deletes the oldest until the rest fits, ended sessions before those whose end is unknown', async () => {
    const store = open();
    const lost = keep(store, journalHeader('lost', day(1)), 100, 'y'.repeat(500));
    await lost.sink.durable();
    await days(store, 6);
    const deleted = await store.prune({ maxBytes: 450_000, except: [] });
    expect(deleted.length).toBeGreaterThan(0);
    expect(deleted.length).toBeLessThan(6);
    expect(deleted).toEqual(['d1', 'd2', 'd3', 'd4', 'd5', 'd6'].slice(0, deleted.length));
    expect(await store.prune({ maxBytes: 450_000, except: [] })).toEqual([]);
  });

  it('includes sessions recorded without a journal', async () => {
    const store = open();
    await store.saveSession({ session: 'old', startedAt: day(1), language: 'en' });
    await store.endSession('old', day(1));
    expect(await store.prune({ startedBefore: day(2), except: [] })).toEqual(['old']);
    expect(await store.sessions()).toEqual([]);
  });
});
