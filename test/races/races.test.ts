import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { race } from './arbitrary.ts';
import { runRace } from './scheduled.ts';

const RUNS = 120;
const SEED = 20_261_121;

describe('a session whose engines answer in any order', () => {
  it('keeps its invariants, is replayed alike, and comes to rest', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), race, async (scheduler, raced) => {
        const { rested, violations, divergence, defects } = await runRace(scheduler, raced);
        expect({ violations, divergence, defects }).toEqual({
          violations: [],
          divergence: undefined,
          defects: [],
        });
        expect(['idle', 'stopped']).toContain(rested);
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: false, interruptAfterTimeLimit: 60_000 },
    );
  }, 90_000);
});
