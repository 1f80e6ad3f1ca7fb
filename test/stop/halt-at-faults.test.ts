import { expect, it } from 'vitest';
import { KINDS, stopsAtFaults } from './halt-at-faults.ts';

it.each(KINDS)('a stop at the moment of a fault of %s is in force at once', async (kind) => {
  const { findings } = await stopsAtFaults(kind, 1);
  expect(findings).toEqual([]);
});

it('stops come at the moments of faults', async () => {
  const { stopped } = await stopsAtFaults('llm', 1);
  expect(stopped.length).toBeGreaterThan(3);
});
