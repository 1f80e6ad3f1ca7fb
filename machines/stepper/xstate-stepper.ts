import { type AnyActorScope, createActor, type ExecutableActionObject, type SnapshotFrom } from 'xstate';
import type { Command } from '../session/commands.ts';
import type { SessionContext, SessionInput } from '../session/context.ts';
import type { MachineEvent } from '../session/effects.ts';
import type { SessionMachine } from '../session/machine.ts';
import { publicState } from '../session/public-state.ts';
import type { EffectSink, Stepper, StepperState } from './stepper.ts';

export type Snapshot = SnapshotFrom<SessionMachine>;

class XStateState implements StepperState {
  readonly snapshot: Snapshot;

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
  }

  get value() {
    return this.snapshot.value;
  }

  get state() {
    return publicState(this.snapshot.value);
  }

  get context() {
    return this.snapshot.context;
  }

  get ended() {
    return this.snapshot.status !== 'active';
  }
}

/** The chart stepped by XState's own pure `transition`: what every other way of stepping it is measured by. */
export class XStateStepper implements Stepper {
  readonly #machine: SessionMachine;
  readonly #scope: AnyActorScope;
  #sink: EffectSink | undefined;

  constructor(machine: SessionMachine) {
    this.#machine = machine;
    this.#scope = inertScope(machine, (action) => {
      if (this.#sink) tell(action, this.#sink);
    });
  }

  start(input: SessionInput, sink: EffectSink): XStateState {
    return this.#run(sink, () => this.#machine.getInitialSnapshot(this.#scope, input));
  }

  step(state: StepperState, context: SessionContext, event: MachineEvent, sink: EffectSink): XStateState {
    if (!(state instanceof XStateState)) throw new TypeError('a state of another stepper');
    const snapshot = { ...state.snapshot, context };
    return this.#run(sink, () => this.#machine.transition(snapshot, event, this.#scope));
  }

  #run(sink: EffectSink, step: () => Snapshot): XStateState {
    this.#sink = sink;
    try {
      return new XStateState(step());
    } finally {
      this.#sink = undefined;
    }
  }
}

function tell({ type, params }: { readonly type: string; readonly params: unknown }, sink: EffectSink): void {
  switch (type) {
    case 'command':
      // The chart types each command where it is made; XState hands it back untyped.
      sink.command(params as Command);
      return;
    case 'xstate.spawnChild':
      sink.spawn(String(field(params, 'id')), field(params, 'input'));
      return;
    case 'xstate.stopChild':
      // Without params: the chart stops a child that it has stopped before.
      if (params !== undefined) sink.stop(String(field(params, 'id')));
      return;
    case 'xstate.cancel':
      sink.cancel(String(field(params, 'sendId')));
      return;
    case 'xstate.raise': {
      const delayMs = field(params, 'delay');
      if (typeof delayMs === 'number') sink.delay(String(field(params, 'id')), delayMs);
      return;
    }
    default:
      throw new Error(`the machine asked for an unknown action: ${type}`);
  }
}

function field(params: unknown, name: string): unknown {
  return typeof params === 'object' && params !== null ? Reflect.get(params, name) : undefined;
}

/**
 * XState asks for the actor that a step belongs to. Its exported `transition` makes a new one for every step, which is
 * a third of the step's cost; this one serves for good, is never started, and does nothing but collect.
 */
function inertScope(
  machine: SessionMachine,
  collect: (action: ExecutableActionObject) => void,
): AnyActorScope {
  const input: SessionInput = { language: 'en', outputRate: 24_000, seed: 0, memory: false };
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
