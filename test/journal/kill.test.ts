import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { killRound } from './kill-round.ts';

// More rounds: npx tsx scripts/kill-rounds.ts 50
it('a server killed during conversations loses no acknowledged turn, and its journals replay', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-kill-'));
  try {
    let acknowledged = 0;
    for (const seed of [1, 2, 3]) {
      const round = await killRound(dataDir, seed);
      expect(round.problems).toEqual([]);
      acknowledged += round.acknowledged;
    }
    expect(acknowledged).toBeGreaterThan(0);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}, 120_000);
