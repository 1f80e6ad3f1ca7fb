import { expect, it } from 'vitest';
import { opening, recordOf } from '../../actors/failover/stores-test-util.ts';
import type { TakenSession } from '../../actors/failover/takeover.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { afterTest, temporaryFolder } from '../../test/support/after-test.ts';
import { adopt } from './adopt.ts';

it('brings many long journals into the store at once', async () => {
  const store = sqliteStore({ path: `${await temporaryFolder()}/parley.db` });
  afterTest(() => store.close());
  const records = Array.from({ length: 2_000 }, (_, n) => recordOf(n));
  const lease = { server: 'a', url: 'ws://a', epoch: 2, proof: 'p', machine: 'm' };
  const sessions = Array.from({ length: 8 }, (_, n): TakenSession => {
    const header = { ...opening.header, session: `s${n}` };
    return { lease, revision: 1, last: 1, opening: { ...opening, header }, records };
  });
  await Promise.all(sessions.map((one) => adopt(store, one)));
  for (const { opening } of sessions)
    expect(await store.journalRecords(opening.header.session, 1_999, 1)).toHaveLength(1);
});
