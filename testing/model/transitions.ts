/** Transitions that a step of a machine takes. */
import {
  type AnyStateMachine,
  type AnyTransitionDefinition,
  createActor,
  type EventFromLogic,
  type ExecutableActionsFrom,
  type InputFrom,
  type SnapshotFrom,
} from 'xstate';
import { type TransitionInfo, transitionsOf } from '../../machines/chart-description.ts';

export { type TransitionInfo, transitionsOf } from '../../machines/chart-description.ts';

/** One macrostep: XState's result, and the ids of its transitions, in order. */
export interface Stepped<Machine extends AnyStateMachine> {
  readonly snapshot: SnapshotFrom<Machine>;
  readonly actions: readonly ExecutableActionsFrom<Machine>[];
  readonly taken: readonly string[];
}

/** Steps a machine without running anything, and returns the transitions taken, including `always`. */
export class Stepper<Machine extends AnyStateMachine> {
  /** By id, in the chart's order. */
  readonly transitions: ReadonlyMap<string, TransitionInfo>;
  readonly #machine: Machine;
  readonly #infos: ReadonlyMap<AnyTransitionDefinition, TransitionInfo>;
  readonly #scope: Parameters<AnyStateMachine['transition']>[2];
  readonly #input: InputFrom<Machine>;
  #actions: ExecutableActionsFrom<Machine>[] = [];
  #taken: string[] = [];

  constructor(machine: Machine, input: InputFrom<Machine>) {
    this.#machine = machine;
    this.#input = input;
    this.#infos = transitionsOf(machine);
    this.transitions = new Map([...this.#infos.values()].map((info) => [info.id, info]));
    // Never started: XState requires an actor, and reports each microstep to its inspector.
    const self = createActor<AnyStateMachine>(machine, {
      input,
      inspect: (event) => {
        if (event.type === '@xstate.microstep') this.#note(event._transitions);
      },
    });
    this.#scope = {
      self,
      id: self.id,
      sessionId: self.sessionId,
      system: self.system,
      logger: () => {},
      defer: () => {},
      emit: () => {},
      stopChild: () => {},
      actionExecutor: (action) => {
        // XState has no precise action type for a machine that is unknown at compile time.
        this.#actions.push(action as ExecutableActionsFrom<Machine>);
      },
    };
  }

  initial(): Stepped<Machine> {
    return this.#run(() => this.#machine.getInitialSnapshot(this.#scope, this.#input));
  }

  step(snapshot: SnapshotFrom<Machine>, event: EventFromLogic<Machine>): Stepped<Machine> {
    return this.#run(() => this.#machine.transition(snapshot, event, this.#scope));
  }

  #run(step: () => ReturnType<AnyStateMachine['transition']>): Stepped<Machine> {
    this.#actions = [];
    this.#taken = [];
    // XState has no precise snapshot type for a machine that is unknown at compile time.
    const snapshot = step() as SnapshotFrom<Machine>;
    return { snapshot, actions: this.#actions, taken: this.#taken };
  }

  #note(definitions: readonly AnyTransitionDefinition[]): void {
    for (const definition of definitions) {
      const info = this.#infos.get(definition);
      // The initial transitions of compound states are not transitions of the chart.
      if (info) this.#taken.push(info.id);
    }
  }
}
