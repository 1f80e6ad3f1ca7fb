import type { LogEntry } from '../../machines/log.ts';
import type { FaultPoint, FaultProfile } from './faults.ts';
import type { Finding } from './findings.ts';
import { Random } from './random.ts';
import { type UserStep, userScript } from './script.ts';
import type { Sometimes } from './sometimes.ts';

/** One seed's conversation; the same options always give the same result. */
export interface SeedOptions {
  readonly seed: number;
  /** Turns that the user opens before the quiet tail. */
  readonly turns: number;
  readonly profile?: FaultProfile;
  /** Instead of the script that the seed makes (for shrinking). */
  readonly script?: readonly UserStep[];
  /** Single faults that are left out, as `point@step#n`. */
  readonly suppressed?: ReadonlySet<string>;
  /** Told every entry of every session's log, in order. */
  readonly onLog?: (session: string, entry: LogEntry) => void;
}

export interface SeedResult {
  readonly seed: number;
  /** Of the ordered logs of all sessions, hex; see `LogHash`. */
  readonly hash: string;
  readonly turns: number;
  readonly events: number;
  readonly sessions: number;
  /** Virtual time that passed. */
  readonly virtualMs: number;
  readonly findings: readonly Finding[];
  readonly fired: ReadonlyMap<FaultPoint, number>;
  /** Every fault that was done, as `point@step#n`. */
  readonly faultsDone: readonly string[];
  readonly reached: ReadonlySet<Sometimes>;
}

/** The script of a seed. */
export function scriptOf(seed: number, turns: number): readonly UserStep[] {
  return userScript(Random.named(seed, 'user'), turns);
}
