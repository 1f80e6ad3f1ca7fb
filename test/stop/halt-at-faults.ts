/** Simulated conversations with faults of one kind, in which users stop the robot at the moment of a fault. */
import {
  FAULT_NAMES,
  FAULT_POINTS,
  type FaultPoint,
  type FaultProfile,
} from '../../testing/simulation/faults.ts';
import { runSeed } from '../../testing/simulation/run-seed.ts';
import type { Finding } from '../../testing/simulation/seed.ts';

const FIRST_SEED = 4_101;
const TURNS = 30;

const kindOf = (name: FaultPoint) => name.slice(0, name.indexOf('.'));
export const KINDS = [...new Set(FAULT_NAMES.map(kindOf))];

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

export interface StopsAtFaults {
  /** Of the first seed that found something. */
  readonly findings: readonly Finding[];
  /** Faults at which there was a stop. */
  readonly stopped: readonly string[];
  /** Faults of this kind at which there was none. */
  readonly missed: readonly string[];
}

/** Runs seeds, at most `maxSeeds`, until a stop has come at every fault of `kind`. */
export async function stopsAtFaults(kind: string, maxSeeds: number): Promise<StopsAtFaults> {
  const missed = new Set(FAULT_NAMES.filter((name) => kindOf(name) === kind && name !== 'user.halt'));
  const stopped = new Set<string>();
  for (let seed = FIRST_SEED; seed < FIRST_SEED + maxSeeds && missed.size > 0; seed++) {
    const { findings, faultsDone } = await runSeed({ seed, turns: TURNS, profile: profileOf(kind) });
    if (findings.length > 0) return { findings, stopped: [...stopped], missed: [...missed] };
    for (const [i, done] of faultsDone.entries()) {
      if (!done.startsWith('user.halt@')) continue;
      for (const name of missed)
        if (faultsDone[i - 1]?.startsWith(`${name}@`)) {
          missed.delete(name);
          stopped.add(name);
        }
    }
  }
  return { findings: [], stopped: [...stopped], missed: [...missed] };
}
