import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/after-test.ts';
import { killRound } from './kill-round.ts';

// More rounds: npx tsx scripts/kill-rounds.ts 50
it('a server killed during conversations loses no acknowledged turn, and its journals replay', async () => {
  const dataDir = await temporaryFolder();
  let acknowledged = 0;
  for (const seed of [1, 2, 3]) {
    const round = await killRound(dataDir, seed);
    expect(round.problems).toEqual([]);
    acknowledged += round.acknowledged;
  }
  expect(acknowledged).toBeGreaterThan(0);
});
