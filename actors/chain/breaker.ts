import type { Clock } from '../../machines/clock.ts';
import type { BreakerOptions } from './options.ts';

export type BreakerChange =
  | { readonly state: 'open'; readonly ms: number }
  | { readonly state: 'probing' | 'closed' };

/**
 * Identifies the opening of the breaker under which a request began. A request from before an outage proves nothing
 * about its end.
 */
export type Ticket = number;

const SLICES = 10;

/**
 * Circuit breaker. It is closed at first, opens after failures, and half-opens for one probe. It closes if the probe
 * succeeds, else it stays open for twice as long. It reads the clock and sets no timers.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #options: BreakerOptions;
  readonly #onChange: (change: BreakerChange) => void;
  /** Outcomes of the last `windowMs`, in ten buckets. */
  #slices: { readonly index: number; failed: number; succeeded: number }[] = [];
  #state: 'closed' | 'open' | 'probing' = 'closed';
  #openings: Ticket = 0;
  #openUntilMs = 0;
  #backoffMs: number;

  constructor(clock: Clock, options: BreakerOptions, onChange: (change: BreakerChange) => void) {
    this.#clock = clock;
    this.#options = options;
    this.#onChange = onChange;
    this.#backoffMs = options.backoffMs;
  }

  get state(): 'closed' | 'open' | 'probing' {
    return this.#state;
  }

  /** Epoch for a request that begins now. */
  ticket(): Ticket {
    return this.#openings;
  }

  /** True if a probe is due; the caller then owns it and must report how it ended. */
  takeProbe(): boolean {
    if (this.#state !== 'open' || this.#clock.nowMs() < this.#openUntilMs) return false;
    this.#state = 'probing';
    this.#onChange({ state: 'probing' });
    return true;
  }

  succeeded(ticket: Ticket): void {
    if (this.#state === 'closed') {
      this.#slice().succeeded++;
    } else if (ticket === this.#openings) {
      this.#state = 'closed';
      this.#slices = [];
      this.#backoffMs = this.#options.backoffMs;
      this.#onChange({ state: 'closed' });
    }
  }

  failed(ticket: Ticket): void {
    if (this.#state === 'closed') {
      this.#slice().failed++;
      const failed = this.#slices.reduce((sum, slice) => sum + slice.failed, 0);
      const succeeded = this.#slices.reduce((sum, slice) => sum + slice.succeeded, 0);
      if (failed >= this.#options.failures && failed >= succeeded) this.#open();
    } else if (this.#state === 'probing' && ticket === this.#openings) {
      this.#backoffMs = Math.min(2 * this.#backoffMs, this.#options.maxBackoffMs);
      this.#open();
    }
  }

  /** The probe ended without a result: the next one is due at once. */
  abandoned(ticket: Ticket): void {
    if (this.#state === 'probing' && ticket === this.#openings) this.#state = 'open';
  }

  /** Opens the breaker without waiting for more failures. */
  trip(): void {
    if (this.#state === 'closed') this.#open();
  }

  #open(): void {
    this.#state = 'open';
    this.#openings++;
    this.#openUntilMs = this.#clock.nowMs() + this.#backoffMs;
    this.#slices = [];
    this.#onChange({ state: 'open', ms: this.#backoffMs });
  }

  #slice() {
    const index = Math.floor((this.#clock.nowMs() * SLICES) / this.#options.windowMs);
    this.#slices = this.#slices.filter((slice) => slice.index > index - SLICES);
    const last = this.#slices.at(-1);
    if (last?.index === index) return last;
    const slice = { index, failed: 0, succeeded: 0 };
    this.#slices.push(slice);
    return slice;
  }
}
