import { beforeEach, expect, it } from 'vitest';
import { opening, recordOf } from '../../actors/failover/stores-test-util.ts';
import type { TakenSession } from '../../actors/failover/takeover.ts';
import { type SqliteStore, sqliteStore } from '../../adapters/store/sqlite.ts';
import type { JournalRecord } from '../../machines/journal/record.ts';
import { afterTest, temporaryFolder } from '../../test/support/after-test.ts';
import { adopt } from './adopt.ts';

let store: SqliteStore;
beforeEach(async () => {
  store = sqliteStore({ path: `${await temporaryFolder()}/parley.db` });
  afterTest(() => store.close());
});

const records = (count: number) => Array.from({ length: count }, (_, n) => recordOf(n));
const elsewhere = (record: JournalRecord) => ({ ...record, stateHash: `another ${record.record}` });

function taken(session: string, of: readonly JournalRecord[]): TakenSession {
  const lease = { server: 'a', url: 'ws://a', epoch: 2, proof: 'p', machine: 'm' };
  const header = { ...opening.header, session };
  return { lease, revision: 1, last: 1, opening: { ...opening, header }, records: of };
}

/** Adopts it; resolves with the journal to go on from, and what the store has. */
async function adopted(session: string, of: readonly JournalRecord[]) {
  const { journal, complete } = await adopt(store, taken(session, of));
  await complete();
  return [journal.records, (await store.readJournal(session)).records];
}

it('brings many long journals into the store at once', async () => {
  const sessions = Array.from({ length: 8 }, (_, n) => `s${n}`);
  await Promise.all(sessions.map((session) => adopted(session, records(2_000))));
  for (const session of sessions) expect(await store.lastRecord(session)).toMatchObject({ record: 1_999 });
});

it('adds what the own journal lacks', async () => {
  await adopted('s', records(3));
  expect(await adopted('s', records(5))).toEqual([records(5), records(5)]);
});

it('goes on from the own journal where that has more', async () => {
  await adopted('s', records(5));
  expect(await adopted('s', records(3))).toEqual([records(5), records(5)]);
});

it('replaces an own journal that differs, whichever is longer', async () => {
  const differing = records(5).map((record) => (record.record < 2 ? record : elsewhere(record)));
  await adopted('s', records(4));
  expect(await adopted('s', differing)).toEqual([differing, differing]);
  expect(await adopted('s', records(3))).toEqual([records(3), records(3)]);
});
