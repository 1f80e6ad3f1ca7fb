import type { TransitionInfo } from '../../../machines/chart-description.ts';
import type { JournalHeader, JournalRecord } from '../../../machines/journal/record.ts';
import { restoredIn, restoreKernel } from '../../../machines/journal/restored.ts';
import { type KernelEvent, SessionKernel } from '../../../machines/kernel.ts';
import { type Explanation, type TracedMachine, tracedMachine } from './explain.ts';

const NOTHING: Explanation = { taken: [], guards: [] };

/**
 * Goes through a growing journal with this page's kernel, and keeps for each record which guards were asked and which
 * transitions taken. Not a replay: it takes the journal's word, and only notes from where on this version decides
 * otherwise.
 */
export class Tracer {
  /** By id; empty if the machine of this version cannot be made from what was recorded. */
  readonly transitions: ReadonlyMap<string, TransitionInfo>;
  readonly #records: readonly JournalRecord[];
  readonly #kernel: SessionKernel;
  readonly #traces: Explanation[] = [];
  readonly #take: TracedMachine['take'];
  #strays: number | undefined;

  constructor(header: JournalHeader, records: readonly JournalRecord[]) {
    this.#records = records;
    const { machine, transitions, take } = tracedMachine();
    this.transitions = transitions;
    this.#take = take;
    // The page has no behaviour: from its first decision on, the traces are the page's own.
    const { behaviour: _, ...input } = header.input;
    this.#kernel = new SessionKernel(header.parameters, input, { machine });
    // A guard that misses its parameters ends the machine before it begins.
    if (this.#kernel.ended) this.#strays = 0;
  }

  /** How many records have been gone through. */
  get done(): number {
    return this.#traces.length;
  }

  /** First record at which this version's machine does something else than recorded: from there on its traces are its own. */
  get straysAt(): number | undefined {
    return this.#strays;
  }

  /** Undefined if the record has not been gone through yet. */
  at(index: number): Explanation | undefined {
    return this.#traces[index];
  }

  /** Goes through the next record; false if there is none. */
  next(): boolean {
    const index = this.#traces.length;
    const record = this.#records[index];
    if (!record) return false;
    this.#traces.push(this.#step(record, index));
    return true;
  }

  #step(record: JournalRecord, index: number): Explanation {
    const kernel = this.#kernel;
    if (record.stale) return NOTHING;
    try {
      const restored = restoredIn(record);
      if (restored) restoreKernel(kernel, restored);
      else if (index === 0) this.#check(record, kernel.initial.commands);
      else {
        if (record.source === 'timer') kernel.popTimer(record.t);
        // Its type is that of the recording kernel; a machine ignores what it does not know.
        const event = JSON.parse(record.event) as KernelEvent;
        this.#check(record, kernel.step(event, record.t).commands);
      }
    } catch {
      this.#strays ??= index; // an event that this version's machine cannot take
    }
    const trace = this.#take();
    return trace.taken.length + trace.guards.length === 0 ? NOTHING : trace;
  }

  #check(record: JournalRecord, commands: readonly unknown[]): void {
    if (this.#strays === undefined && JSON.stringify(commands) !== record.commands)
      this.#strays = record.record;
  }
}
