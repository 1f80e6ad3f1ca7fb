import { expect, it } from 'vitest';
import { FAULT_NAMES, FAULT_POINTS, type FaultProfile } from '../../testing/simulation/faults.ts';
import { runSeed } from '../../testing/simulation/run-seed.ts';

const FIRST_SEED = 4_101;
/** Maximum number of seeds until a stop has come at every fault. */
const MAX_SEEDS = 40;
const TURNS = 30;
/** Every second fault triggers a stop, and rare faults are frequent enough that each occurs many times. */
const PROFILE: FaultProfile = {
  ...Object.fromEntries(
    FAULT_NAMES.map((name) => {
      const { probability } = FAULT_POINTS[name];
      return [name, /^(?:bus|vad)/u.test(name) ? 4 * probability : Math.max(0.08, probability)];
    }),
  ),
  'action.error': 0.3,
  'action.slow': 0.4,
  'action.hang': 0.3,
  'action.resultLate': 0.4,
  'action.resultTwice': 0.4,
  'action.resultUnknown': 0.4,
  'tts.fillerMissing': 0.4,
  'tts.fillerHang': 0.2,
  'tts.fillerError': 0.2,
  'user.halt': 0.5,
};

it('a stop at the moment of any fault is in force at once', async () => {
  const missed = new Set(FAULT_NAMES.filter((name) => name !== 'user.halt'));
  for (let seed = FIRST_SEED; seed < FIRST_SEED + MAX_SEEDS && missed.size > 0; seed++) {
    const { findings, faultsDone } = await runSeed({ seed, turns: TURNS, profile: PROFILE });
    expect(findings, `seed ${seed}`).toEqual([]);
    for (const [i, done] of faultsDone.entries()) {
      if (!done.startsWith('user.halt@')) continue;
      for (const name of missed) if (faultsDone[i - 1]?.startsWith(`${name}@`)) missed.delete(name);
    }
  }
  expect([...missed]).toEqual([]);
}, 240_000);
