import {
  type AnyActorScope,
  createActor,
  type ExecutableActionObject,
  type SnapshotFrom,
  type StateValue,
} from 'xstate';
import { type BehaviourProgram, identityOf } from './behaviour/program.ts';
import type { BehaviourSnapshot } from './behaviour/snapshot.ts';
import type { Task } from './behaviour/task.ts';
import { ParleyError } from './errors.ts';
import type { Json } from './json.ts';
import type { SessionParameters } from './parameters.ts';
import { KernelFloor } from './session/behaviour/floor.ts';
import { CHILD_KINDS, type ChildKind } from './session/children.ts';
import type { Command, SpawnCommand } from './session/commands.ts';
import { initialContext } from './session/context.ts';
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
  readonly type: `xstate.after.${string}` | `${typeof OF_BEHAVIOUR}${string}`;
}

/** The name of a delay of the behaviour begins so. */
const OF_BEHAVIOUR = 'behaviour.after.';

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

/** Everything that decides the next step but the parameters, as plain JSON. Children are not included: none runs after a restart. */
export interface KernelSnapshot {
  readonly seq: number;
  readonly atMs: number;
  /** Of the whole chart. */
  readonly value: StateValue;
  readonly context: Omit<SessionContext, 'parameters'>;
  /** Ordered by when they are due. */
  readonly timers: readonly Timer[];
  /** Absent in a session without one. */
  readonly behaviour?: BehaviourSnapshot;
}

/** Where a kernel begins that goes on with what another one did. Its first event should be `resumed`, unless no child ran. */
export interface KernelStart {
  readonly seq: number;
  /** Of the whole chart. */
  readonly value: StateValue;
  readonly context: SessionContext;
  /** Ordered by when they are due. */
  readonly timers: readonly Timer[];
  /** Absent in a session without one. */
  readonly behaviour?: BehaviourSnapshot;
}

export interface KernelOptions {
  readonly from?: KernelStart | undefined;
  /** One that also reports what it does, for inspection. Default: that of all sessions. */
  readonly machine?: SessionMachine;
  /** The one that the input names. */
  readonly behaviour?: BehaviourProgram | undefined;
}

/** Where a kernel begins that resumes a session with these parameters. Members of the context that a snapshot lacks are as at a start. */
export function kernelStart(snapshot: KernelSnapshot, parameters: SessionParameters): KernelStart {
  const { seq, atMs, value, context, timers, behaviour } = snapshot;
  const whole = { ...initialContext(context.input, parameters), ...context, parameters, nowMs: atMs };
  return { seq, value, timers, context: whole, ...(behaviour && { behaviour }) };
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
  readonly #program: BehaviourProgram | undefined;
  #task: Task | undefined;

  /** The commands of the start. */
  readonly initial: Step;

  /** Throws BEHAVIOUR_MISSING if the behaviour is not the one that the input names. */
  constructor(
    parameters: SessionParameters,
    input: SessionInput,
    { from, machine = sessionMachine, behaviour }: KernelOptions = {},
  ) {
    this.#machine = machine;
    const given = { input, parameters };
    this.#scope = collectingScope(machine, given, (action) => this.#collect(action));
    this.#snapshot = from ? machine.resolveState(from) : machine.getInitialSnapshot(this.#scope, given);
    this.#state = publicState(this.value);
    this.#program = behaviourOf(input, behaviour);
    if (from) this.restore(from);
    else {
      this.#commands.push(this.#stateMessage());
      this.#task = this.#program?.begin(input.seed);
      if (this.#task) {
        const { state, context } = this;
        this.#task.start(this.#floor);
        this.#stateChanged(state, context);
      }
    }
    this.initial = { seq: this.#seq, atMs: this.#atMs, commands: this.#commands };
  }

  /** Goes on from here, whatever happened before. */
  restore(from: KernelStart): void {
    this.#snapshot = this.#machine.resolveState(from);
    this.#timers = [...from.timers];
    this.#seq = from.seq;
    this.#atMs = from.context.nowMs;
    this.#state = publicState(this.value);
    this.#task = this.#program?.begin(from.context.input.seed, from.behaviour);
    this.#task?.attach(this.#floor);
  }

  /** Its members are never changed: a later step replaces them. */
  snapshot(): KernelSnapshot {
    const { parameters: _, ...context } = this.context;
    const { behaviour } = this;
    const { value } = this.#snapshot;
    return {
      ...{ seq: this.#seq, atMs: this.#atMs, value, context, timers: [...this.#timers] },
      ...(behaviour && { behaviour }),
    };
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

  /** Of the behaviour; undefined without one. The same object until it changes. */
  get behaviour(): BehaviourSnapshot | undefined {
    return this.#task?.snapshot;
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
        behaviour: this.behaviour,
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
    this.#snapshot = { ...this.#snapshot, context: { ...context, nowMs: this.#atMs, listener } };
    if (event.type.startsWith(OF_BEHAVIOUR))
      this.#task?.due(event.type.slice(OF_BEHAVIOUR.length), this.#floor);
    else {
      this.#converse(event);
      this.#task?.happened(event, this.#floor);
    }
    this.#stateChanged(state, context, event.type === 'resumed');
    return { seq: this.#seq, atMs: this.#atMs, commands: this.#commands };
  }

  #converse(event: KernelEvent): void {
    // The chart handles the delays that it has set; its own event types do not list them.
    this.#snapshot = this.#machine.transition(this.#snapshot, event as SessionEvent, this.#scope);
    this.#state = publicState(this.value);
  }

  #stateChanged(state: PublicState, context: SessionContext, always = false): void {
    if (
      always ||
      this.state !== state ||
      this.context.generation !== context.generation ||
      lastingOf(this.context) !== lastingOf(context)
    )
      this.#commands.push(this.#stateMessage());
  }

  /** What the behaviour sees of this session. */
  get #floor(): KernelFloor {
    return new KernelFloor({
      snapshot: () => this.#snapshot,
      commands: this.#commands,
      converse: (request) => this.#converse(request),
      setTimer: (id, delayMs) => this.#delay(OF_BEHAVIOUR + id, delayMs),
      cancelTimer: (id) => this.#cancel(OF_BEHAVIOUR + id),
      cancelTimers: () => {
        for (const { id } of this.#timers.filter((timer) => timer.id.startsWith(OF_BEHAVIOUR)))
          this.#cancel(id);
      },
    });
  }

  #collect({ type, params }: { readonly type: string; readonly params: unknown }): void {
    switch (type) {
      case 'command':
        // The chart types each command where it is made; XState returns it untyped.
        this.#commands.push(params as Command);
        return;
      case 'xstate.spawnChild': {
        const command = {
          ...{ type: 'spawn', child: childKind(field(params, 'id')), input: field(params, 'input') },
        } as SpawnCommand;
        const wanted = command.child === 'stt' ? this.#task?.wanted : undefined;
        this.#commands.push(
          command.child === 'stt' && wanted ? { ...command, input: { ...command.input, wanted } } : command,
        );
        return;
      }
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

/** The behaviour of a session; undefined for one that began without. */
function behaviourOf(
  { behaviour: wanted }: SessionInput,
  given: BehaviourProgram | undefined,
): BehaviourProgram | undefined {
  if (!wanted) return undefined;
  const now = given && identityOf(given);
  if (now?.id === wanted.id && now.version === wanted.version) return given;
  const found = now ? `${now.id} ${now.version}` : 'none';
  throw new ParleyError(
    'BEHAVIOUR_MISSING',
    `it began with ${wanted.id} ${wanted.version}, and this is ${found}`,
  );
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
