import { expect, it } from 'vitest';
import { simulate } from '../../testing/simulation/simulate.ts';
import { SOMETIMES, type Sometimes } from '../../testing/simulation/sometimes.ts';

/** Seeds at a time, and at most: which of them reach the rare things changes with every new kind of step. */
const SOME = 7;
const MOST = 56;

it('the simulator finds nothing, and reaches everything that should sometimes happen', async () => {
  const unreached = new Set<Sometimes>(SOMETIMES);
  // That one has a test of its own, with the chains.
  unreached.delete('fifty sessions talked while an engine was down');
  const fired = new Set<string>();
  let seeds = 0;
  do {
    const from = 10 + seeds;
    const report = await simulate({ from, to: from + SOME - 1, turns: 100 });
    expect(report.failure).toBeNull();
    expect(report.turns).toBe(SOME * 100);
    for (const [fault, count] of Object.entries(report.fired)) if (count > 0) fired.add(fault);
    for (const name of report.reached) unreached.delete(name);
    seeds += SOME;
  } while (seeds < 14 || (unreached.size > 0 && seeds < MOST));
  expect([...unreached]).toEqual([]);
  expect(fired.size).toBeGreaterThan(25);
}, 1_200_000);
