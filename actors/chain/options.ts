import type { Clock } from '../../machines/clock.ts';
import type { ChainEvent } from './events.ts';

/** When the circuit breaker of an engine opens, and for how long. */
export interface BreakerOptions {
  /** Opens after this many failures within `windowMs`, if they are at least as many as the successes. 3. */
  readonly failures: number;
  /** 30,000. */
  readonly windowMs: number;
  /** Time until the first probe, ms; doubled after each failed probe. 5,000. */
  readonly backoffMs: number;
  /** 60,000. */
  readonly maxBackoffMs: number;
}

export interface ChainOptions {
  readonly clock: Clock;
  /**
   * Time to the first part of an answer, ms, after which the next engine is asked. For a recogniser: from the end of
   * the audio to the final transcript. The last engine of a chain has no such limit, because the caller has one.
   */
  readonly firstByteMs: number;
  /**
   * Longest pause within an answer, ms; after it the engine has failed, if another one can continue. Not for
   * recognisers. Default: `firstByteMs`.
   */
  readonly stallMs?: number;
  /** Whether to ask the next engine too when one is slower than its own 95th percentile. Default false. */
  readonly hedge?: boolean;
  /** Shortest delay before hedging, ms. Default 50. */
  readonly hedgeMinMs?: number;
  readonly breaker?: Partial<BreakerOptions>;
  /** False: every answer is requested whole. Default true. */
  readonly stream?: boolean;
  /** Must not throw. */
  readonly onEvent?: (event: ChainEvent) => void;
}

const BREAKER: BreakerOptions = { failures: 3, windowMs: 30_000, backoffMs: 5_000, maxBackoffMs: 60_000 };

export function breakerOptions(options: Partial<BreakerOptions> | undefined): BreakerOptions {
  return options ? { ...BREAKER, ...options } : BREAKER;
}
