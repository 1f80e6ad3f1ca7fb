import type { PublicState } from '../../../machines/wire.ts';
import type { SessionLog } from '../model/session-log.ts';

/** One way from a public state to another, and the records that took it. */
export interface Travelled {
  readonly from: PublicState;
  readonly to: PublicState;
  readonly records: readonly number[];
}

/** Visits, durations and paths of a session's public states. Grows with the session. */
export class PublicTravel {
  readonly #log: SessionLog;
  readonly #stays = new Map<PublicState, { times: number; totalMs: number; entered: number[] }>();
  readonly #ways = new Map<string, { from: PublicState; to: PublicState; records: number[] }>();
  #seen = 0;
  #now: PublicState | undefined;
  #since = 0;

  constructor(log: SessionLog) {
    this.#log = log;
  }

  /** Of the states that were reached; the current stay counts up to the last record. */
  stays(): ReadonlyMap<PublicState, { readonly times: number; readonly totalMs: number }> {
    this.#advance();
    const { durationMs } = this.#log;
    return new Map(
      [...this.#stays].map(([state, { times, totalMs }]) => [
        state,
        { times, totalMs: totalMs + (state === this.#now ? durationMs - this.#since : 0) },
      ]),
    );
  }

  /** Records at which the state was entered. */
  entered(state: PublicState): readonly number[] {
    this.#advance();
    return this.#stays.get(state)?.entered ?? [];
  }

  ways(): readonly Travelled[] {
    this.#advance();
    return [...this.#ways.values()];
  }

  way(from: PublicState, to: PublicState): Travelled | undefined {
    this.#advance();
    return this.#ways.get(`${from} ${to}`);
  }

  #advance(): void {
    const { entries } = this.#log;
    for (; this.#seen < entries.length; this.#seen++) {
      const entry = entries[this.#seen];
      if (entry && entry.state !== this.#now) this.#enter(entry.state, entry.index, entry.t);
    }
  }

  #enter(state: PublicState, record: number, t: number): void {
    const before = this.#now;
    if (before !== undefined) {
      const stay = this.#stays.get(before);
      if (stay) stay.totalMs += t - this.#since;
      const key = `${before} ${state}`;
      const way = this.#ways.get(key) ?? { from: before, to: state, records: [] };
      way.records.push(record);
      this.#ways.set(key, way);
    }
    const stay = this.#stays.get(state) ?? { times: 0, totalMs: 0, entered: [] };
    stay.times += 1;
    stay.entered.push(record);
    this.#stays.set(state, stay);
    this.#now = state;
    this.#since = t;
  }
}
