import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Act, type Race, runRace } from './scheduled.ts';

const RUNS = 120;
const SEED = 20_261_121;

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Act>({ type: 'text' }) },
  { weight: 4, arbitrary: fc.constant<Act>({ type: 'speech.start' }) },
  { weight: 3, arbitrary: fc.constant<Act>({ type: 'speech.stop' }) },
  { weight: 2, arbitrary: fc.constant<Act>({ type: 'interrupt' }) },
  { weight: 1, arbitrary: fc.constant<Act>({ type: 'estop' }) },
  { weight: 1, arbitrary: fc.constant<Act>({ type: 'rearm' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant<'played'>('played'),
      generation: fc.integer({ min: 0, max: 4 }),
      samples: fc.integer({ min: 0, max: 20_000 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant<'wait'>('wait'),
      ms: fc.constantFrom(0, 1, 20, 100, 250, 600, 1_500, 5_000),
    }),
  },
);

const race: fc.Arbitrary<Race> = fc.record({
  acts: fc.array(act, { minLength: 1, maxLength: 14 }),
  words: fc.array(fc.constantFrom('', 'uh-huh', 'please tell me more', 'stop now'), {
    minLength: 1,
    maxLength: 4,
  }),
  fails: fc.uniqueArray(fc.constantFrom('stt', 'llm', 'tts', 'memory', 'action'), { maxLength: 2 }),
  calm: fc.array(fc.boolean(), { maxLength: 80 }),
});

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
