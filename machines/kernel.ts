import {
  type AnyActorScope,
  createActor,
  type ExecutableActionObject,
  type SnapshotFrom,
  type StateValue,
} from 'xstate';
import type { Json } from './json.ts';
import type { Command, SpawnCommand } from './session/commands.ts';
import type { SessionContext, SessionInput } from './session/context.ts';
import type { MachineEvent } from './session/effects.ts';
import { CHILD_KINDS, type ChildKind, type SessionEvent } from './session/events.ts';
import type { SessionMachine } from './session/machine.ts';
import { publicState } from './session/public-state.ts';
import type { PublicState } from './wire.ts';

/** A delay of the chart that has run out. Firing it is an event like any other. */
export interface TimerEvent {
  readonly type: `xstate.after.${string}`;
}

export type KernelEvent = SessionEvent | TimerEvent;

/** What one event did. */
export interface Step {
  /** Counts the events of the session from 1; 0 is the start. */
  readonly seq: number;
  readonly atMs: number;
  readonly commands: readonly Command[];
}

interface Timer {
  readonly id: string;
  readonly dueMs: number;
  readonly order: number;
  readonly event: TimerEvent;
}

type Snapshot = SnapshotFrom<SessionMachine>;

/**
 * One session's machine, stepped by XState's own pure transition: an event in, commands out, nothing done. Time is
 * the time of the event in hand; delays wait in a queue ordered by (time, sequence) that the caller empties.
 */
export class SessionKernel {
  readonly #machine: SessionMachine;
  #snapshot: Snapshot;
  readonly #scope: AnyActorScope;
  readonly #actions: ExecutableActionObject[] = [];
  #seq = 0;
  #order = 0;
  #atMs = 0;
  #timers: Timer[] = [];

  /** `initial` holds the commands of the start itself. */
  readonly initial: Step;

  constructor(machine: SessionMachine, input: SessionInput) {
    this.#machine = machine;
    this.#scope = inertScope(machine, input, (action) => this.#actions.push(action));
    this.#snapshot = machine.getInitialSnapshot(this.#scope, input);
    const actions = this.#actions.splice(0);
    this.initial = { seq: 0, atMs: 0, commands: [...this.#commands(actions), this.#stateMessage()] };
  }

  get context(): SessionContext {
    return this.#snapshot.context;
  }

  get value(): StateValue {
    return this.#snapshot.value;
  }

  get state(): PublicState {
    return publicState(this.#snapshot.value);
  }

  get ended(): boolean {
    return this.#snapshot.status !== 'active';
  }

  get nowMs(): number {
    return this.#atMs;
  }

  /** All that decides what happens next, as plain data. */
  plain(): Json {
    return JSON.parse(
      JSON.stringify({
        value: this.#snapshot.value,
        context: this.#snapshot.context,
        status: this.#snapshot.status,
        timers: this.#timers,
      }),
    );
  }

  /** When the next delay runs out; undefined if none waits. */
  nextTimerAtMs(): number | undefined {
    return this.#timers[0]?.dueMs;
  }

  /** Takes the next delay that is due at `nowMs` out of the queue. The caller steps it at its `dueMs`. */
  takeTimer(nowMs: number): { readonly event: TimerEvent; readonly dueMs: number } | undefined {
    const timer = this.#timers[0];
    if (!timer || timer.dueMs > nowMs) return undefined;
    this.#timers.shift();
    return timer;
  }

  /**
   * Takes one event at `atMs` (ms since the session's start; never before the last one) and gives back what is to be
   * done, in order. A change of the public state comes last, as a `state` message.
   */
  step(event: KernelEvent, atMs: number): Step {
    this.#atMs = Math.max(this.#atMs, atMs);
    this.#seq += 1;
    if (this.ended) return { seq: this.#seq, atMs: this.#atMs, commands: [] };
    const before = this.state;
    const generation = this.context.generation;
    const snapshot = { ...this.#snapshot, context: { ...this.#snapshot.context, nowMs: this.#atMs } };
    this.#snapshot = this.#machine.transition(snapshot, event as MachineEvent, this.#scope);
    const actions = this.#actions.splice(0);
    const commands = this.#commands(actions);
    if (this.state !== before || this.context.generation !== generation) commands.push(this.#stateMessage());
    return { seq: this.#seq, atMs: this.#atMs, commands };
  }

  #stateMessage(): Command {
    const { turn, generation } = this.context;
    return {
      type: 'publish',
      message: { type: 'state', value: this.state, turn, generation, seq: this.#seq, at: this.#atMs },
    };
  }

  #commands(actions: readonly ExecutableActionObject[]): Command[] {
    const commands: Command[] = [];
    for (const action of actions) {
      const command = this.#command(action);
      if (command) commands.push(command);
    }
    return commands;
  }

  #command(action: { readonly type: string; readonly params: unknown }): Command | undefined {
    const params = action.params;
    switch (action.type) {
      case 'command':
        return params as Command;
      case 'xstate.spawnChild':
        // The chart types each input where it is made; XState hands it back untyped.
        return {
          type: 'spawn',
          child: childKind(field(params, 'id')),
          input: field(params, 'input'),
        } as SpawnCommand;
      case 'xstate.stopChild':
        // Without params: the chart stops a child that it has stopped before.
        return params === undefined ? undefined : { type: 'stop', child: childKind(field(params, 'id')) };
      case 'xstate.cancel':
        return this.#cancel(String(field(params, 'sendId')));
      case 'xstate.raise':
        return this.#delay(params);
      default:
        throw new Error(`the machine asked for an unknown action: ${action.type}`);
    }
  }

  #delay(params: unknown): Command | undefined {
    const delayMs = field(params, 'delay');
    if (typeof delayMs !== 'number') return undefined;
    const id = String(field(params, 'id'));
    const timer: Timer = {
      id,
      dueMs: this.#atMs + delayMs,
      order: this.#order++,
      event: { type: id as TimerEvent['type'] },
    };
    const at = this.#timers.findIndex((other) => other.dueMs > timer.dueMs);
    this.#timers.splice(at < 0 ? this.#timers.length : at, 0, timer);
    return { type: 'delay', id, delayMs };
  }

  #cancel(id: string): Command | undefined {
    const at = this.#timers.findIndex((timer) => timer.id === id);
    if (at < 0) return undefined;
    this.#timers.splice(at, 1);
    return { type: 'cancelDelay', id };
  }
}

function field(params: unknown, name: string): unknown {
  return typeof params === 'object' && params !== null ? Reflect.get(params, name) : undefined;
}

function childKind(id: unknown): ChildKind {
  const kind = CHILD_KINDS.find((one) => one === id);
  if (!kind) throw new Error(`the machine named an unknown child: ${String(id)}`);
  return kind;
}

/**
 * XState asks for the actor that a step belongs to. Its exported `transition` makes a new one for every step, which is
 * a third of the step's cost; this one serves the whole session, is never started, and does nothing but collect.
 */
function inertScope(
  machine: SessionMachine,
  input: SessionInput,
  collect: (action: ExecutableActionObject) => void,
): AnyActorScope {
  const self = createActor(machine, { input });
  return {
    self,
    id: '',
    sessionId: '',
    system: self.system,
    actionExecutor: collect,
    logger: () => {},
    defer: () => {},
    emit: () => {},
    stopChild: () => {},
  };
}
