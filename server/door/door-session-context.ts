import type { ResamplerFactory } from '../../actors/ports/resampler.ts';
import type { Clock } from '../../machines/clock.ts';
import type { Admission } from './admission.ts';
import type { DoorLog } from './door.ts';
import type { DoorLimits } from './limits.ts';
import type { Share } from './quotas.ts';
import type { SessionHost } from './session-host.ts';
import type { DoorCounters } from './stats.ts';

/** What the sessions of a door share. */
export interface DoorSessionContext {
  readonly clock: Clock;
  readonly host: SessionHost;
  readonly resamplers: ResamplerFactory;
  readonly limits: DoorLimits;
  readonly admission: Admission;
  readonly stalledMs: () => number;
  /** Of the session's user and address. */
  readonly share: Share;
  readonly counters: DoorCounters;
  readonly log: DoorLog;
  /** The session has ended completely. Called once. */
  readonly onReleased: () => void;
}
