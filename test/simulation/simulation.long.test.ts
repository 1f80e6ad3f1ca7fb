import { expect, it } from 'vitest';
import { simulate } from '../../testing/simulation/simulate.ts';

it('the simulator finds nothing, and reaches everything that should sometimes happen', async () => {
  const report = await simulate({ from: 10, to: 23, turns: 100 });
  expect(report.failure).toBeNull();
  expect(report.turns).toBe(1_400);
  expect(Object.values(report.fired).filter((count) => count > 0).length).toBeGreaterThan(25);
  // That one has a test of its own, with the chains.
  expect(report.unreached).toEqual(['fifty sessions talked while an engine was down']);
}, 600_000);
