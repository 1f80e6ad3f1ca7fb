import { activeStates } from '../chart/active.ts';
import type { SessionLog } from '../model/session-log.ts';
import type { Tracer } from '../model/tracing.ts';

/** When each state was entered and each transition taken. Grows with the journal and with its trace. */
export class ChartCounts {
  readonly #log: SessionLog;
  readonly #tracer: Tracer;
  readonly #states = new Map<string, number[]>();
  readonly #transitions = new Map<string, number[]>();
  #seen = 0;
  #traced = 0;
  #active: ReadonlySet<string> = new Set();
  /** Stays the same object until a count changes, so that views can detect changes. */
  #all: ReadonlyMap<string, number> | undefined;

  constructor(log: SessionLog, tracer: Tracer) {
    this.#log = log;
    this.#tracer = tracer;
  }

  state(path: string): readonly number[] {
    this.#advance();
    return this.#states.get(path) ?? [];
  }

  /** By the transition's id, up to where the trace is. */
  transition(id: string): readonly number[] {
    this.#advance();
    return this.#transitions.get(id) ?? [];
  }

  /** Counts, for those above 0. */
  all(): ReadonlyMap<string, number> {
    this.#advance();
    this.#all ??= new Map(
      [...this.#states, ...this.#transitions].map(([name, records]) => [name, records.length]),
    );
    return this.#all;
  }

  #advance(): void {
    if (this.#seen < this.#log.values.length || this.#traced < this.#tracer.done) this.#all = undefined;
    for (; this.#seen < this.#log.values.length; this.#seen++) {
      const { record, value } = this.#log.values[this.#seen] ?? { record: 0, value: 'null' };
      const active = activeStates(JSON.parse(value));
      for (const path of active) if (!this.#active.has(path)) push(this.#states, path, record);
      this.#active = active;
    }
    for (; this.#traced < this.#tracer.done; this.#traced++)
      for (const id of this.#tracer.at(this.#traced)?.taken ?? []) push(this.#transitions, id, this.#traced);
  }
}

function push(lists: Map<string, number[]>, name: string, record: number): void {
  const list = lists.get(name);
  if (list) list.push(record);
  else lists.set(name, [record]);
}
