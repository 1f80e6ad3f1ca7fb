import type { AnyStateMachine, EventFromLogic, InputFrom, SnapshotFrom } from 'xstate';
import type { Model } from './explore.ts';
import { Stepper } from './transitions.ts';

/** State of a machine, and the transitions that led there last. */
export interface MachineState<Machine extends AnyStateMachine> {
  readonly snapshot: SnapshotFrom<Machine>;
  readonly taken: readonly string[];
}

export interface MachineModelOptions<Machine extends AnyStateMachine> {
  readonly input: InputFrom<Machine>;
  /** Representative events of a state, including `xstate.after.…` and `xstate.done.actor.…`. */
  readonly events: (snapshot: SnapshotFrom<Machine>) => readonly EventFromLogic<Machine>[];
  /** Relevant part of a snapshot besides its state: an abstraction of its context. Default: none. */
  readonly facts?: (snapshot: SnapshotFrom<Machine>) => unknown;
}

/** Any machine as a model. It runs nothing: delays and children are events like others. */
export function machineModel<Machine extends AnyStateMachine>(
  machine: Machine,
  { input, events, facts }: MachineModelOptions<Machine>,
): Model<MachineState<Machine>, EventFromLogic<Machine>> & { readonly stepper: Stepper<Machine> } {
  const stepper = new Stepper(machine, input);
  return {
    stepper,
    initial: () => stepper.initial(),
    step: ({ snapshot }, event) => stepper.step(snapshot, event),
    events: ({ snapshot }) => (member(snapshot, 'status') === 'active' ? events(snapshot) : []),
    key: ({ snapshot }) => JSON.stringify([member(snapshot, 'value'), facts?.(snapshot)]),
    eventKey: (event) => JSON.stringify(event),
  };
}

/** XState has no precise snapshot type for a machine that is unknown at compile time. */
function member(snapshot: unknown, name: 'status' | 'value'): unknown {
  return typeof snapshot === 'object' && snapshot !== null ? Reflect.get(snapshot, name) : undefined;
}
