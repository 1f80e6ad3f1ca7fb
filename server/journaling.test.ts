import { expect, it } from 'vitest';
import { sqliteStore } from '../adapters/store/sqlite.ts';
import { defaultParameters } from '../machines/parameters.ts';
import { afterTest, temporaryFolder } from '../test/support/after-test.ts';
import { loadConfig } from './config/load.ts';
import { startJournaling } from './journaling.ts';
import { makeLogger } from './log.ts';

it('a journal has all that decides in its session, and nothing else of the configuration', async () => {
  const store = sqliteStore({ path: `${await temporaryFolder()}/parley.db` });
  afterTest(() => store.close());
  const { journal } = loadConfig();
  const journaling = startJournaling(store, journal, makeLogger('silent'), () => undefined);
  const decides = { ...defaultParameters, partials: true, steps: { memory: false } };
  const input = { session: 's', language: 'en', outputRate: 24_000, seed: 1, memory: false } as const;
  const ignore = () => {};
  const recorder = journaling.open('s', input, ignore, { ...decides, ...{ token: 'secret' } });
  await recorder.end();
  await journaling.close();
  expect((await store.readJournal('s')).header.parameters).toEqual(decides);
});
