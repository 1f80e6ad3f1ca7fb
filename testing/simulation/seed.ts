import type { LogEntry } from '../../machines/log.ts';
import type { FaultPoint, FaultProfile } from './faults.ts';
import { Random } from './random.ts';
import { type UserStep, userScript } from './script.ts';
import type { Sometimes } from './sometimes.ts';

/** A violation. */
export interface Finding {
  /** The check that found it: an invariant by its number, the replay, the client's ear, … */
  readonly by:
    | `invariant ${number}`
    | 'replay'
    | 'chain'
    | 'model'
    | 'tool'
    | 'resumed'
    | 'liveness'
    | 'client'
    | 'defect'
    | 'unhandled';
  readonly what: string;
  readonly session: string;
  /** Number of the event in its session; -1 if there is none. */
  readonly seq: number;
}

/** Runs one seed's conversation; the same options always give the same result. */
export interface SeedOptions {
  readonly seed: number;
  /** Turns that the user opens before the quiet tail. */
  readonly turns: number;
  readonly profile?: FaultProfile;
  /** Replaces the seed's own script (for shrinking). */
  readonly script?: readonly UserStep[];
  /** Single faults to omit, as `point@step#n`. */
  readonly suppressed?: ReadonlySet<string>;
  /** Receives every entry of every session's log, in order. */
  readonly onLog?: (session: string, entry: LogEntry) => void;
}

export interface SeedResult {
  readonly seed: number;
  /** Hash of the ordered logs of all sessions, hex; see `LogHash`. */
  readonly hash: string;
  readonly turns: number;
  readonly events: number;
  readonly sessions: number;
  /** Virtual time that passed. */
  readonly virtualMs: number;
  readonly findings: readonly Finding[];
  readonly fired: ReadonlyMap<FaultPoint, number>;
  /** Every fault that happened, as `point@step#n`. */
  readonly faultsDone: readonly string[];
  readonly reached: ReadonlySet<Sometimes>;
}

/** Returns the script of a seed. */
export function scriptOf(seed: number, turns: number): readonly UserStep[] {
  return userScript(Random.named(seed, 'user'), turns);
}
