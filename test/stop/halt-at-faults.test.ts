import { expect, it } from 'vitest';
import {
  FAULT_NAMES,
  FAULT_POINTS,
  type FaultPoint,
  type FaultProfile,
} from '../../testing/simulation/faults.ts';
import { runSeed } from '../../testing/simulation/run-seed.ts';

const FIRST_SEED = 4_101;
/** Maximum number of seeds until a stop has come at every fault of a kind. */
const MAX_SEEDS = 40;
const TURNS = 30;

const kindOf = (name: FaultPoint) => name.slice(0, name.indexOf('.'));
const KINDS = [...new Set(FAULT_NAMES.map(kindOf))];

/** Faults of one kind, frequent enough that each occurs many times, and at every second one a stop. */
function profileOf(kind: string): FaultProfile {
  const probabilityOf = (name: FaultPoint) => {
    const { probability } = FAULT_POINTS[name];
    if (name === 'user.halt') return 0.5;
    if (kindOf(name) !== kind) return 0;
    return /^(?:bus|vad)/u.test(name) ? 4 * probability : Math.max(0.2, probability);
  };
  return Object.fromEntries(FAULT_NAMES.map((name) => [name, probabilityOf(name)]));
}

it.each(KINDS)(
  'a stop at the moment of any fault of %s is in force at once',
  async (kind) => {
    const missed = new Set(FAULT_NAMES.filter((name) => kindOf(name) === kind && name !== 'user.halt'));
    for (let seed = FIRST_SEED; seed < FIRST_SEED + MAX_SEEDS && missed.size > 0; seed++) {
      const { findings, faultsDone } = await runSeed({ seed, turns: TURNS, profile: profileOf(kind) });
      expect(findings, `seed ${seed}`).toEqual([]);
      for (const [i, done] of faultsDone.entries()) {
        if (!done.startsWith('user.halt@')) continue;
        for (const name of missed) if (faultsDone[i - 1]?.startsWith(`${name}@`)) missed.delete(name);
      }
    }
    expect([...missed]).toEqual([]);
  },
  120_000,
);
