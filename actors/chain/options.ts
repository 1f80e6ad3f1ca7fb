import type { Clock } from '../../machines/clock.ts';
import type { ChainEvent } from './events.ts';

/** When the circuit breaker of an engine opens, and for how long. */
export interface BreakerOptions {
  /** So many failures within `windowMs`, and no fewer than successes, open it. 3. */
  readonly failures: number;
  /** 30,000. */
  readonly windowMs: number;
  /** Time until the first probe, ms; doubled each time that the probe fails. 5,000. */
  readonly backoffMs: number;
  /** 60,000. */
  readonly maxBackoffMs: number;
}

export interface ChainOptions {
  readonly clock: Clock;
  /**
   * Time to the first part of an answer, ms, after which the next engine is asked. A recogniser's time counts from the end
   * of the audio to the final transcript. The last engine of a chain has no such limit: whoever asked has one.
   */
  readonly firstByteMs: number;
  /**
   * Longest pause within an answer, ms, after which it has failed, if anything can be done about it. Not for
   * recognisers. Default: `firstByteMs`.
   */
  readonly stallMs?: number;
  /** Whether the next engine is asked too when one is slower than it is 95 times in 100. Default false. */
  readonly hedge?: boolean;
  /** No engine is hedged sooner, however fast it is otherwise. Default 50. */
  readonly hedgeMinMs?: number;
  readonly breaker?: Partial<BreakerOptions>;
  /** False: every answer is waited for as a whole. Default true. */
  readonly stream?: boolean;
  /** Must not throw. */
  readonly onEvent?: (event: ChainEvent) => void;
}

const BREAKER: BreakerOptions = { failures: 3, windowMs: 30_000, backoffMs: 5_000, maxBackoffMs: 60_000 };

export function breakerOptions(options: Partial<BreakerOptions> | undefined): BreakerOptions {
  return options ? { ...BREAKER, ...options } : BREAKER;
}
