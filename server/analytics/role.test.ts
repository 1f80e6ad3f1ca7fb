import { expect, it } from 'vitest';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { afterTest, temporaryFolder } from '../../test/support/after-test.ts';
import { loadConfig } from '../config/load.ts';
import { makeLogger } from '../log.ts';
import { analyticsRole } from './role.ts';

it('figures older than sessions may be are deleted, at the start and daily', async () => {
  const { analytics, close } = sqliteStore({ path: `${await temporaryFolder()}/parley.db` });
  afterTest(close);
  const DAY_MS = 86_400_000;
  const save = (id: string, daysOld: number) =>
    analytics.save({
      ...{ id, session: 's', turn: 1, facts: '{}' },
      at: new Date(Date.now() - daysOld * DAY_MS).toISOString(),
    });
  const kept = async () =>
    (await analytics.turns({ since: '', from: 0, limit: 10 })).map(({ id }) => id).toSorted();
  await save('old', 8);
  await save('new', 6);
  const clock = new VirtualClock();
  const config = loadConfig({ flags: { 'journal.max-age-days': '7' }, cwd: '/' });
  const role = analyticsRole({ analytics, config, log: makeLogger('silent') }, clock);
  await expect.poll(kept).toEqual(['new']);
  await save('late', 9);
  await clock.advance(DAY_MS);
  await expect.poll(kept).toEqual(['new']);
  await role.close?.();
});
