import type { JournalRecord } from '../../../machines/journal/record.ts';
import { CHILD_KINDS, type ChildKind } from '../../../machines/session/children.ts';
import type { Command } from '../../../machines/session/commands.ts';

/** A child actor's life, from the journal. */
export interface ChildLife {
  readonly id: number;
  readonly kind: ChildKind;
  readonly generation: number;
  /** Record and position of the command that started it. */
  readonly startedBy: number;
  readonly startCommand: number;
  /** Record with which it ended; undefined while it lives. */
  endedBy: number | undefined;
  how: 'lives' | 'done' | 'error' | 'cancelled';
  /** Records of its events, including its end. */
  readonly results: number[];
  /** Records of its stale events. */
  readonly late: number[];
}

/** A delay of the chart, from its start to its firing or cancelling. */
export interface TimerLife {
  readonly name: string;
  readonly startedBy: number;
  readonly startCommand: number;
  readonly dueMs: number;
  endedBy: number | undefined;
  how: 'waits' | 'fired' | 'cancelled';
}

/** What a command led to. */
export type CommandLink =
  | { readonly type: 'child'; readonly life: ChildLife }
  | { readonly type: 'timer'; readonly timer: TimerLife };

/** Links from event to command to child to result, and back. Grows with the journal. */
export class Links {
  readonly lives: ChildLife[] = [];
  readonly #alive = new Map<ChildKind, ChildLife>();
  readonly #waiting = new Map<string, TimerLife>();
  /** By record: the life that its event came from, the timer that fired. */
  readonly #origin = new Map<number, ChildLife | TimerLife>();
  /** By record and position of the command. */
  readonly #led = new Map<string, CommandLink>();

  /** Takes in the next record. */
  add(record: JournalRecord, type: string, commands: readonly Command[]): void {
    this.#event(record, type);
    for (const [position, command] of commands.entries()) this.#command(record, command, position);
  }

  /** The child that an event came from; of a stale one, that which had ended. */
  childOf(record: number): ChildLife | undefined {
    const origin = this.#origin.get(record);
    return origin && 'kind' in origin ? origin : undefined;
  }

  /** The timer that fired with this record. */
  timerOf(record: number): TimerLife | undefined {
    const origin = this.#origin.get(record);
    return origin && 'name' in origin ? origin : undefined;
  }

  led(record: number, position: number): CommandLink | undefined {
    return this.#led.get(`${record}/${position}`);
  }

  #event(record: JournalRecord, type: string): void {
    const kind = kindOf(record.source);
    if (record.source === 'timer') {
      const timer = this.#waiting.get(type);
      if (!timer) return;
      this.#origin.set(record.record, timer);
      this.#waiting.delete(type);
      Object.assign(timer, { endedBy: record.record, how: 'fired' });
    } else if (kind && record.stale) {
      const life = this.lives.findLast(
        (one) => one.kind === kind && one.how !== 'lives' && one.generation <= record.generation,
      );
      life?.late.push(record.record);
      if (life) this.#origin.set(record.record, life);
    } else if (kind) {
      const life = this.#alive.get(kind);
      if (!life) return;
      life.results.push(record.record);
      this.#origin.set(record.record, life);
      if (type === `xstate.done.actor.${kind}`) this.#end(life, record.record, 'done');
      else if (type === `xstate.error.actor.${kind}`) this.#end(life, record.record, 'error');
    }
  }

  #command(record: JournalRecord, command: Command, position: number): void {
    const at = record.record;
    const key = `${at}/${position}`;
    if (command.type === 'spawn') {
      const before = this.#alive.get(command.child);
      if (before) this.#end(before, at, 'cancelled');
      const life: ChildLife = {
        id: this.lives.length,
        kind: command.child,
        generation: record.generation,
        startedBy: at,
        startCommand: position,
        endedBy: undefined,
        how: 'lives',
        results: [],
        late: [],
      };
      this.lives.push(life);
      this.#alive.set(command.child, life);
      this.#led.set(key, { type: 'child', life });
    } else if (command.type === 'stop' || command.type === 'send') {
      const life = this.#alive.get(command.child);
      if (!life) return;
      this.#led.set(key, { type: 'child', life });
      if (command.type === 'stop') this.#end(life, at, 'cancelled');
    } else if (command.type === 'delay') {
      const { id: name, delayMs } = command;
      const timer: TimerLife = {
        name,
        startedBy: at,
        startCommand: position,
        dueMs: record.t + delayMs,
        endedBy: undefined,
        how: 'waits',
      };
      this.#waiting.set(name, timer);
      this.#led.set(key, { type: 'timer', timer });
    } else if (command.type === 'cancelDelay') {
      const timer = this.#waiting.get(command.id);
      if (!timer) return;
      this.#waiting.delete(command.id);
      Object.assign(timer, { endedBy: at, how: 'cancelled' });
      this.#led.set(key, { type: 'timer', timer });
    }
  }

  #end(life: ChildLife, by: number, how: ChildLife['how']): void {
    life.endedBy = by;
    life.how = how;
    this.#alive.delete(life.kind);
  }
}

function kindOf(source: JournalRecord['source']): ChildKind | undefined {
  return CHILD_KINDS.find((kind) => kind === source);
}
