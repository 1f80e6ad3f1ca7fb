import { not } from 'xstate';
import type { JournalHeader, JournalRecord } from '../../../machines/journal-record.ts';
import { type KernelEvent, SessionKernel } from '../../../machines/kernel.ts';
import type { SessionParameters } from '../../../machines/parameters.ts';
import { type SessionMachine, sessionMachine } from '../../../machines/session/machine.ts';

/** A guard that was asked, and what it said. */
export interface GuardResult {
  readonly name: string;
  readonly passed: boolean;
}

/** A transition of the chart that was taken, by the ids of its state nodes. */
export interface TakenTransition {
  readonly source: string;
  readonly targets: readonly string[];
  /** Event type; empty for a transition that needs none (`always`). */
  readonly event: string;
  /** Name of its guard; empty if it has none. */
  readonly guard: string;
  /** Position among the transitions of its state that wait for the same event. */
  readonly order: number;
}

/** Why one step of the machine came out as it did. */
export interface Trace {
  /** In the order in which they were asked. */
  readonly guards: readonly GuardResult[];
  /** In the order in which they were taken. */
  readonly transitions: readonly TakenTransition[];
}

export const NO_TRACE: Trace = { guards: [], transitions: [] };

/** Collects what the machine asks and does, between two `take`s. */
export class Recorder {
  #guards: GuardResult[] = [];
  #transitions: TakenTransition[] = [];

  guard(name: string, passed: boolean): void {
    this.#guards.push({ name, passed });
  }

  transition(taken: TakenTransition): void {
    this.#transitions.push(taken);
  }

  take(): Trace {
    const trace =
      this.#guards.length + this.#transitions.length === 0
        ? NO_TRACE
        : { guards: this.#guards, transitions: this.#transitions };
    this.#guards = [];
    this.#transitions = [];
    return trace;
  }
}

/** The session's machine, telling `recorder` of each guard and each transition. It decides as the plain one does. */
export function recordedMachine(parameters: SessionParameters, recorder: Recorder): SessionMachine {
  const plain = sessionMachine(parameters);
  const guards: Record<string, unknown> = {};
  for (const [name, guard] of Object.entries(plain.implementations.guards))
    if (typeof guard === 'function') guards[name] = watched(name, guard, recorder);
  const machine = plain.provide({ guards });
  const transition = machine.transition.bind(machine);
  const seen = new WeakSet<object>();
  machine.transition = (snapshot, event, scope) => {
    if (!seen.has(scope)) {
      seen.add(scope);
      scope.system.inspect((inspected) => {
        if (inspected.type !== '@xstate.microstep') return;
        for (const taken of inspected._transitions) recorder.transition(describe(taken));
      });
    }
    return transition(snapshot, event, scope);
  };
  return machine;
}

function watched(name: string, guard: (...asked: never[]) => unknown, recorder: Recorder) {
  return (...asked: never[]): boolean => {
    const passed = Boolean(guard(...asked));
    recorder.guard(name, passed);
    return passed;
  };
}

interface Definition {
  readonly source: {
    readonly id: string;
    readonly always?: readonly object[] | undefined;
    readonly transitions: ReadonlyMap<string, readonly object[]>;
  };
  readonly target?: ReadonlyArray<{ readonly id: string }> | undefined;
  readonly eventType: string;
  readonly guard?: unknown;
}

function describe(taken: Definition): TakenTransition {
  const siblings =
    taken.eventType === '' ? taken.source.always : taken.source.transitions.get(taken.eventType);
  return {
    source: taken.source.id,
    targets: taken.target?.map(({ id }) => id) ?? [],
    event: taken.eventType,
    guard: guardName(taken.guard),
    order: Math.max(0, siblings?.indexOf(taken) ?? 0),
  };
}

/** XState's own guards are functions whose names a bundler changes; what they check with tells them apart. */
const NOT: unknown = Reflect.get(not(''), 'check');

/** What a transition's guard is called: as in the chart, `not name`, or `in state`. */
export function guardName(guard: unknown): string {
  if (guard === undefined) return '';
  if (typeof guard === 'string') return guard;
  if (typeof guard === 'object' && guard !== null) return String(Reflect.get(guard, 'type'));
  if (typeof guard !== 'function') return 'guard';
  const inner: unknown = Reflect.get(guard, 'guards');
  if (Array.isArray(inner)) {
    const names = inner.map(guardName).join(', ');
    return Reflect.get(guard, 'check') === NOT ? `not ${names}` : names;
  }
  const state: unknown = Reflect.get(guard, 'stateValue');
  return state === undefined ? guard.name : `in ${JSON.stringify(state)}`;
}

/**
 * Goes through a growing journal with this page's kernel, and keeps for each record which guards were asked and which
 * transitions taken. Not a replay: it takes the journal's word, and only notes from where on this version decides
 * otherwise.
 */
export class Tracer {
  readonly #records: readonly JournalRecord[];
  readonly #recorder = new Recorder();
  readonly #kernel: SessionKernel | undefined;
  readonly #traces: Trace[] = [];
  #strays: number | undefined;

  constructor(header: JournalHeader, records: readonly JournalRecord[]) {
    this.#records = records;
    try {
      const machine = recordedMachine(header.parameters, this.#recorder);
      this.#kernel = new SessionKernel(machine, header.input);
    } catch {
      this.#strays = 0; // parameters of a version that this one does not understand
    }
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
  at(index: number): Trace | undefined {
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

  #step(record: JournalRecord, index: number): Trace {
    const kernel = this.#kernel;
    if (!kernel || record.stale) return NO_TRACE;
    try {
      if (index === 0) this.#check(record, kernel.initial.commands);
      else {
        if (record.source === 'timer') kernel.takeTimer(record.t);
        this.#check(record, kernel.step(kernelEvent(record), record.t).commands);
      }
    } catch {
      this.#strays ??= index; // an event that this version's machine cannot take
    }
    return this.#recorder.take();
  }

  #check(record: JournalRecord, commands: readonly unknown[]): void {
    if (this.#strays === undefined && JSON.stringify(commands) !== record.commands)
      this.#strays = record.record;
  }
}

/** Its type is that of the recording kernel; a machine ignores what it does not know. */
export function kernelEvent(record: Pick<JournalRecord, 'event'>): KernelEvent {
  return JSON.parse(record.event) as KernelEvent;
}
