import { ParleyError } from '../../../machines/errors.ts';
import type { JournalHeader, JournalRecord } from '../../../machines/journal/record.ts';
import { RecordedState } from '../../../machines/journal/state.ts';
import { type KernelEvent, SessionKernel } from '../../../machines/kernel.ts';
import type { SessionParameters } from '../../../machines/parameters.ts';
import { CHILD_KINDS, type ChildKind } from '../../../machines/session/children.ts';
import type { Command } from '../../../machines/session/commands.ts';
import type { Row, Side } from './rows.ts';

/** What is changed in a session that is lived through once more. */
export interface Changes {
  /** By record: the event that happens instead; null if none does. */
  readonly edits?: ReadonlyMap<number, KernelEvent | null>;
  /** Default: those recorded. */
  readonly parameters?: SessionParameters;
}

/**
 * Lives through a session again with something changed. What the world did (the client, the ear) happens again at its
 * time; timers run out when this run's own are due; a child speaks only if this run has started it. One record a turn;
 * yields how many are done. Throws JOURNAL_FORMAT if this version's machine cannot begin with what was recorded.
 */
export function* liveAgain(
  header: JournalHeader,
  records: readonly JournalRecord[],
  changes: Changes,
): Generator<number, Row[], undefined> {
  const run = new Run(header, changes.parameters ?? header.parameters);
  const state = new RecordedState();
  for (const [index, record] of records.entries()) {
    state.apply(record.change);
    const left = recordedSide(record, state.part('value') ?? 'null');
    if (index === 0) run.start(left);
    else run.take(record, left, changes.edits?.get(record.record));
    yield index + 1;
  }
  return run.rows;
}

class Run {
  readonly rows: Row[] = [];
  readonly #kernel: SessionKernel;
  /** The children that this run has started and not ended, with the generation of their start. */
  readonly #alive = new Map<ChildKind, number>();

  constructor(header: JournalHeader, parameters: SessionParameters) {
    this.#kernel = new SessionKernel(parameters, header.input);
    // A guard that misses its parameters ends the machine before it begins.
    if (this.#kernel.ended) throw new ParleyError('JOURNAL_FORMAT', 'its parameters are not of this version');
  }

  start(left: Side): void {
    const { commands } = this.#kernel.initial;
    this.#follow(commands);
    this.#row(left, this.#side(left.record, 0, 'start', 'null', commands));
  }

  take(record: JournalRecord, left: Side, edit: KernelEvent | null | undefined): void {
    if (record.source === 'restored') {
      this.#alive.clear();
      this.#row(left, undefined, 'another process resumed the session here');
      return;
    }
    if (record.source === 'timer') {
      if (this.#due(record, left)) return;
      this.#row(left, undefined, 'this timer does not run out here');
      return;
    }
    this.#overdue(record.t);
    if (edit === null) this.#row(left, undefined, 'left out');
    else if (!this.#speaks(record)) {
      // An event that is stale in both runs is not a difference.
      if (record.stale) this.#row(left, { ...left, stale: true, value: this.#value() });
      else this.#row(left, undefined, `no ${record.source} lives here that could say this`);
    } else {
      const event = edit ?? (JSON.parse(record.event) as KernelEvent);
      this.#row(
        left,
        this.#step(record.record, record.source, event, record.t),
        edit ? 'changed' : undefined,
      );
    }
  }

  /** Fires the timers up to the one recorded; true if that one was among them. */
  #due(record: JournalRecord, left: Side): boolean {
    for (;;) {
      const timer = this.#timer(record.t);
      if (!timer) return false;
      // As recorded: with where the listener was.
      const event = JSON.parse(record.event) as KernelEvent;
      const same = timer.event.type === event.type && timer.dueMs === record.t;
      const right = this.#step(
        same ? record.record : undefined,
        'timer',
        same ? event : timer.event,
        timer.dueMs,
      );
      this.#row(same ? left : undefined, right, same ? undefined : 'this timer runs out only here');
      if (same) return true;
    }
  }

  #overdue(t: number): void {
    const next = this.#kernel.nextTimerAtMs();
    if (next === undefined || next >= t) return;
    const timer = this.#timer(t);
    if (!timer) return;
    const right = this.#step(undefined, 'timer', timer.event, timer.dueMs);
    this.#row(undefined, right, 'this timer runs out only here');
    this.#overdue(t);
  }

  /** The next timer that has run out; a session that is over has none. */
  #timer(t: number) {
    return this.#kernel.ended ? undefined : this.#kernel.popTimer(t);
  }

  #speaks(record: JournalRecord): boolean {
    const kind = CHILD_KINDS.find((one) => one === record.source);
    if (!kind) return true;
    const generation = this.#alive.get(kind);
    if (generation === undefined) return false;
    return kind === 'stt' ? !record.stale : generation === record.generation || !record.stale;
  }

  #step(record: number | undefined, source: Side['source'], event: KernelEvent, t: number): Side {
    let commands: readonly Command[];
    try {
      commands = this.#kernel.step(event, t).commands;
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      return { ...this.#side(record, t, source, JSON.stringify(event), []), thrown: words };
    }
    this.#ends(event.type);
    this.#follow(commands);
    return this.#side(record, t, source, JSON.stringify(event), commands);
  }

  #ends(type: string): void {
    for (const kind of CHILD_KINDS)
      if (type === `xstate.done.actor.${kind}` || type === `xstate.error.actor.${kind}`)
        this.#alive.delete(kind);
  }

  #follow(commands: readonly Command[]): void {
    for (const command of commands) {
      if (command.type === 'spawn') this.#alive.set(command.child, this.#kernel.context.generation);
      else if (command.type === 'stop') this.#alive.delete(command.child);
    }
  }

  #side(
    record: number | undefined,
    t: number,
    source: Side['source'],
    event: string,
    commands: readonly Command[],
  ): Side {
    return {
      record,
      t,
      source,
      event,
      value: this.#value(),
      commands: JSON.stringify(commands),
      stale: false,
    };
  }

  #value(): string {
    return JSON.stringify(this.#kernel.value);
  }

  #row(left: Side | undefined, right: Side | undefined, why?: string): void {
    const parts = ['event', 'stale', 'value', 'commands'] as const;
    const same = !!left && !!right && parts.every((part) => left[part] === right[part]);
    this.rows.push({ left, right, same, why });
  }
}

/** A record as one side of a comparison; `value` is where the statechart was after it, as JSON. */
export function recordedSide(record: JournalRecord, value: string): Side {
  const { record: at, t, source, event, commands, stale } = record;
  return { record: at, t, source, event, value, commands, stale };
}
