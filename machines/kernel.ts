import {
  type AnyActorScope,
  createActor,
  type ExecutableActionObject,
  type SnapshotFrom,
  type StateValue,
} from 'xstate';
import type { Json } from './json.ts';
import type { SessionParameters } from './parameters.ts';
import { CHILD_KINDS, type ChildKind } from './session/children.ts';
import type { Command, SpawnCommand } from './session/commands.ts';
import { NEVER_MS } from './session/effects.ts';
import type { SessionEvent } from './session/events.ts';
import { lastingOf } from './session/lasting/lasting.ts';
import { type SessionMachine, sessionMachine } from './session/machine.ts';
import type { ListenerSample, SessionContext, SessionInput } from './session/model.ts';
import { publicState } from './session/public-state.ts';
import { conversationOf, type RegionStates, regionsOf } from './session/regions.ts';
import type { MachineInput } from './session/setup.ts';
import type { PublicState } from './wire.ts';

/** An expired delay of the chart. Firing it is an event like any other. */
export interface TimerEvent {
  readonly type: `xstate.after.${string}`;
}

/** The chart's name of a delay: `xstate.after.<name>.<state>`. */
export function delayName(type: string): string {
  return type.split('.')[2] ?? '';
}

/** An event as stored in the journal: with the listener's position at its time, if a reply is in progress. */
export type KernelEvent = (SessionEvent | TimerEvent) & { readonly listener?: ListenerSample };

/** Result of one event. */
export interface Step {
  /** Number of the event in the session, from 1; 0 is the start. */
  readonly seq: number;
  readonly atMs: number;
  readonly commands: readonly Command[];
}

/** A delay that is set. */
export interface Timer {
  readonly id: string;
  readonly dueMs: number;
  readonly event: TimerEvent;
}

/** Where a kernel begins that goes on with what another one did, while no child ran. */
export interface KernelStart {
  readonly seq: number;
  /** Of the whole chart. */
  readonly value: StateValue;
  readonly context: SessionContext;
  /** Ordered by when they are due. */
  readonly timers: readonly Timer[];
}

/**
 * Steps one session's statechart with XState's pure transition function: an event in, commands out, no side effects.
 * Time is the time of the event. Delays wait in a queue ordered by (time, sequence), which the caller empties.
 */
export class SessionKernel {
  readonly #machine: SessionMachine;
  readonly #scope: AnyActorScope;
  #snapshot: SnapshotFrom<SessionMachine>;
  #state: PublicState;
  #commands: Command[] = [];
  #seq = 0;
  #atMs = 0;
  #timers: Timer[] = [];

  /** The commands of the start. */
  readonly initial: Step;

  /** `machine`: one that also reports what it does, for inspection. */
  constructor(
    parameters: SessionParameters,
    input: SessionInput,
    from?: KernelStart,
    machine: SessionMachine = sessionMachine,
  ) {
    this.#machine = machine;
    const given = { input, parameters };
    this.#scope = collectingScope(machine, given, (action) => this.#collect(action));
    if (from) {
      this.#snapshot = machine.resolveState(from);
      this.#timers = [...from.timers];
      this.#seq = from.seq;
      this.#atMs = from.context.nowMs;
    } else this.#snapshot = machine.getInitialSnapshot(this.#scope, given);
    this.#state = publicState(this.value);
    if (!from) this.#commands.push(this.#stateMessage());
    this.initial = { seq: this.#seq, atMs: this.#atMs, commands: this.#commands };
  }

  get context(): SessionContext {
    return this.#snapshot.context;
  }

  /** The state of the conversation. */
  get value(): StateValue {
    return conversationOf(this.#snapshot.value);
  }

  /** The regions beside it; undefined while all are in their first state. */
  get regions(): RegionStates | undefined {
    return regionsOf(this.#snapshot.value);
  }

  get state(): PublicState {
    return this.#state;
  }

  get ended(): boolean {
    return this.#state === 'ended' || this.#snapshot.status !== 'active';
  }

  get nowMs(): number {
    return this.#atMs;
  }

  /** Everything that decides the next step, as plain data. */
  plain(): Json {
    return JSON.parse(
      JSON.stringify({
        value: this.value,
        regions: this.regions,
        context: { ...this.context, parameters: undefined },
        ended: this.ended,
        timers: this.#timers,
      }),
    );
  }

  /** When the next delay expires; undefined if there is none. */
  nextTimerAtMs(): number | undefined {
    return this.#timers[0]?.dueMs;
  }

  /** Removes and returns the next delay that is due at `nowMs`. The caller steps it at its `dueMs`. */
  popTimer(nowMs: number): { readonly event: TimerEvent; readonly dueMs: number } | undefined {
    const timer = this.#timers[0];
    if (!timer || timer.dueMs > nowMs) return undefined;
    this.#timers.shift();
    return timer;
  }

  /**
   * Handles one event at `atMs` (ms since the session's start; never before the last one) and returns the resulting
   * commands, in order. A change of the public state comes last, as a `state` message.
   */
  step(event: KernelEvent, atMs: number): Step {
    this.#atMs = Math.max(this.#atMs, atMs);
    this.#seq += 1;
    if (this.ended) return { seq: this.#seq, atMs: this.#atMs, commands: [] };
    const { state, context } = this;
    const listener =
      event.listener?.generation === context.reply?.generation ? (event.listener ?? null) : null;
    this.#commands = [];
    const now = { ...this.#snapshot, context: { ...context, nowMs: this.#atMs, listener } };
    // The chart handles the delays that it has set; its own event types do not list them.
    this.#snapshot = this.#machine.transition(now, event as SessionEvent, this.#scope);
    this.#state = publicState(this.value);
    if (
      this.state !== state ||
      event.type === 'resumed' ||
      this.context.generation !== context.generation ||
      lastingOf(this.context) !== lastingOf(context)
    )
      this.#commands.push(this.#stateMessage());
    return { seq: this.#seq, atMs: this.#atMs, commands: this.#commands };
  }

  #collect({ type, params }: { readonly type: string; readonly params: unknown }): void {
    switch (type) {
      case 'command':
        // The chart types each command where it is made; XState returns it untyped.
        this.#commands.push(params as Command);
        return;
      case 'xstate.spawnChild':
        this.#commands.push({
          type: 'spawn',
          child: childKind(field(params, 'id')),
          input: field(params, 'input'),
        } as SpawnCommand);
        return;
      case 'xstate.stopChild':
        // Without params: the chart stops a child that was stopped before.
        if (params !== undefined)
          this.#commands.push({ type: 'stop', child: childKind(field(params, 'id')) });
        return;
      case 'xstate.cancel':
        this.#cancel(String(field(params, 'sendId')));
        return;
      case 'xstate.raise': {
        const delayMs = field(params, 'delay');
        if (typeof delayMs === 'number') this.#delay(String(field(params, 'id')), delayMs);
        return;
      }
      default:
        throw new Error(`the machine asked for an unknown action: ${type}`);
    }
  }

  #stateMessage(): Command {
    const { turn, generation } = this.context;
    const actions = lastingOf(this.context).map(({ id, name }) => ({ id, name }));
    return {
      type: 'publish',
      message: {
        ...{ type: 'state', value: this.state, turn, generation, seq: this.#seq, at: this.#atMs },
        ...(actions.length > 0 && { actions }),
      },
    };
  }

  #delay(id: string, delayMs: number): void {
    if (delayMs === NEVER_MS) return;
    const timer: Timer = {
      id,
      dueMs: this.#atMs + delayMs,
      event: { type: id as TimerEvent['type'] },
    };
    const at = this.#timers.findIndex((other) => other.dueMs > timer.dueMs);
    this.#timers.splice(at < 0 ? this.#timers.length : at, 0, timer);
    this.#commands.push({ type: 'delay', id, delayMs });
  }

  #cancel(id: string): void {
    const at = this.#timers.findIndex((timer) => timer.id === id);
    if (at < 0) return;
    this.#timers.splice(at, 1);
    this.#commands.push({ type: 'cancelDelay', id });
  }
}

function childKind(id: unknown): ChildKind {
  const kind = CHILD_KINDS.find((one) => one === id);
  if (!kind) throw new Error(`the machine named an unknown child: ${String(id)}`);
  return kind;
}

function field(params: unknown, name: string): unknown {
  return typeof params === 'object' && params !== null ? Reflect.get(params, name) : undefined;
}

/**
 * The actor scope that a transition belongs to. XState's exported `transition` creates one for every step, which is a
 * third of the step's cost; this one serves a whole session. Its actor is never started; it only collects actions.
 */
function collectingScope(
  machine: SessionMachine,
  input: MachineInput,
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
