import { expect, it } from 'vitest';
import { KINDS, stopsAtFaults } from './halt-at-faults.ts';

/** Maximum number of seeds until a stop has come at every fault of a kind. */
const MAX_SEEDS = 40;

it.each(KINDS)(
  'a stop at the moment of any fault of %s is in force at once',
  async (kind) => {
    const { findings, missed } = await stopsAtFaults(kind, MAX_SEEDS);
    expect(findings).toEqual([]);
    expect(missed).toEqual([]);
  },
  120_000,
);
