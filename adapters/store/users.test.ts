import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { headerHash } from '../../machines/journal/writer.ts';
import { sha256 } from './sha256.ts';
import type { SqliteStore } from './sqlite.ts';
import { journalHeader, open, path, SESSION, useStoreFolder } from './store-test-util.ts';

useStoreFolder();

/** A live session of a user with recorded audio and a memory, whose bytes contain `mark`. */
async function visit(store: SqliteStore, user: string, session: string, mark: string): Promise<void> {
  await store.saveSession({ ...SESSION, session, user });
  const header = { ...journalHeader(session), input: { ...journalHeader(session).input, user } };
  const sink = store.openJournal(header, headerHash(header, sha256), () => {});
  const samples = new Int16Array(Uint8Array.from(Buffer.from(`${mark}!!`.repeat(500))).buffer);
  sink.audio({ direction: 'in', generation: 0, sample: 0, rate: 16_000, samples });
  await sink.end();
  const at = '2026-01-02T03:04:06.000Z';
  const head = { owner: 'a', epoch: 1, leaseUntilMs: 0, contextVersion: 1, snapshot: `"${mark}"` };
  await store.records.save(
    session,
    { ...head, opening: { startedAt: at, language: 'en', user, proof: 'p' } },
    0,
  );
  await store.memories.remember([
    { id: `${session}/1`, user, key: null, text: `${mark} was here`, at, session, vector: null },
  ]);
}

function bytes(): string {
  const folder = dirname(path);
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'latin1'))
    .join();
}

it('deletes all sessions of a user with audio, journal, record and memories, and leaves other users alone', async () => {
  const store = open();
  await visit(store, 'anna', 's1', 'walnut');
  await visit(store, 'anna', 's2', 'walnut');
  await visit(store, 'ben', 's3', 'quince');
  for (const mark of ['walnut', 'quince', 'anna']) expect(bytes()).toContain(mark);

  expect([...(await store.deleteUser('anna'))].toSorted()).toEqual(['s1', 's2']);

  for (const mark of ['walnut', 'anna']) expect(bytes()).not.toContain(mark);
  expect(bytes()).toContain('quince!!quince');
  expect((await store.sessions()).map(({ session }) => session)).toEqual(['s3']);
  expect(await store.records.load('s1')).toBeUndefined();
  expect(await store.records.load('s3')).toBeDefined();
  expect(await store.memories.list('ben')).toHaveLength(1);
  expect(await store.deleteUser('anna')).toEqual([]);
});
