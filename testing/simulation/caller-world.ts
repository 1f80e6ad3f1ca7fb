import type { Bus } from '../../actors/ports/bus.ts';
import type { VirtualClock } from '../../machines/clock.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { Chains } from './chains.ts';
import type { Faults } from './faults.ts';
import type { LogHash } from './log-hash.ts';
import type { Random } from './random.ts';
import type { Finding } from './seed.ts';
import type { Sometimes } from './sometimes.ts';
import type { Workers } from './workers.ts';

interface Chart {
  readonly parameters: SessionParameters;
}

/** Resources that the users of a seed share. */
export interface CallerWorld {
  readonly seed: number;
  readonly bus: Bus;
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly random: Random;
  readonly workers: Workers;
  /** Present if the engines are chains. */
  readonly chains: Chains | undefined;
  readonly charts: Readonly<Record<'plain' | 'calling', Chart>>;
  /** Keys of the calls that have begun. */
  readonly begun: Set<string>;
  readonly hash: LogHash;
  readonly found: (finding: Finding) => void;
  readonly reached: (name: Sometimes) => void;
  /** Users who hear a reply now. */
  readonly sounding: Set<string>;
  /** Called when a step of a user begins. */
  readonly onStep: (step: number) => void;
  readonly onLog: ((session: string, entry: LogEntry) => void) | undefined;
}
