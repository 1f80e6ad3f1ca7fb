import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { race } from './arbitrary.ts';
import { runRace } from './scheduled.ts';

const RUNS = 120;
const SEED = 20_261_121;

/** It computes, for a minute on a busy machine. */
describe('a session whose engines answer in any order', { timeout: 120_000 }, () => {
  it('keeps its invariants, replays identically, and comes to rest', async () => {
    const reached = { bargeIn: 0, resumed: 0, stopped: 0, failed: 0, speculated: 0, taken: 0, discarded: 0 };
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), race, async (scheduler, raced) => {
        const { rested, violations, divergence, defects, speculations, messages } = await runRace(
          scheduler,
          raced,
        );
        expect({ violations, divergence, defects }).toEqual({
          violations: [],
          divergence: undefined,
          defects: [],
        });
        expect(['idle', 'stopped']).toContain(rested);
        const had = (found: boolean) => (found ? 1 : 0);
        reached.bargeIn += had(messages.some((one) => one.type === 'playback' && one.state === 'paused'));
        reached.resumed += had(messages.some((one) => one.type === 'playback' && one.state === 'playing'));
        reached.stopped += had(messages.some((one) => one.type === 'state' && one.value === 'stopped'));
        reached.speculated += had(speculations.begun > 0);
        reached.taken += had(speculations.taken > 0);
        reached.discarded += had(speculations.begun > speculations.taken);
        reached.failed += had(messages.some((one) => one.type === 'reply.end' && one.reason === 'failed'));
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: false, interruptAfterTimeLimit: 60_000 },
    );
    // Races that never run prove nothing.
    expect(Object.entries(reached).filter(([, times]) => times === 0)).toEqual([]);
  });
});
