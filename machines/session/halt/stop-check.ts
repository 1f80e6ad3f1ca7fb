import type { LogEntry } from '../../log.ts';
import { STOP_IN_FORCE_MS } from '../../wire.ts';

/**
 * Invariant 11 of docs/explanation/architecture.md over a session's log: a stop is in force within 50 ms of its arrival, and from its arrival
 * until `rearm` no frame leaves and no action starts.
 */
export class StopCheck {
  #arrivedAtMs: number | undefined;
  #stopped = false;
  #ended = false;

  /** Describes the violation that the entry shows; undefined if there is none. Call for each entry, in order. */
  observe(entry: LogEntry): string | undefined {
    if (entry.type === 'halt.arrived') {
      if (!this.#stopped && !this.#ended) this.#arrivedAtMs ??= entry.atMs;
      return undefined;
    }
    const fault = this.#fault(entry);
    if (entry.type === 'event') {
      this.#stopped = entry.state === 'stopped';
      this.#ended = entry.state === 'ended';
      if (this.#stopped || this.#ended) this.#arrivedAtMs = undefined;
    }
    return fault;
  }

  /** Reports what is missing at the end of the log. */
  end(): string | undefined {
    return this.#arrivedAtMs === undefined ? undefined : 'a stop that arrived was never in force';
  }

  #fault(entry: LogEntry): string | undefined {
    if (this.#arrivedAtMs === undefined && !this.#stopped) return undefined;
    if (entry.type === 'frame') return 'a frame left after a stop';
    if (entry.type === 'action.start') return `action ${entry.id} started after a stop`;
    if (this.#arrivedAtMs === undefined || entry.atMs <= this.#arrivedAtMs + STOP_IN_FORCE_MS)
      return undefined;
    return `a stop was not in force ${entry.atMs - this.#arrivedAtMs} ms after its arrival`;
  }
}
