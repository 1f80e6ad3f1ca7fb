import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/after-test.ts';
import { killRound } from './kill-round.ts';

it('a server killed during conversations loses no acknowledged turn, and its journals replay', async () => {
  const dataDir = await temporaryFolder();
  expect((await killRound(dataDir, 1)).problems).toEqual([]);
});
