import type { AnyStateMachine, EventFromLogic, InputFrom, SnapshotFrom } from 'xstate';
import type { Model } from './explore.ts';
import { Stepper } from './transitions.ts';

/** Where a machine is, and which transitions brought it there last. */
export interface MachineState<Machine extends AnyStateMachine> {
  readonly snapshot: SnapshotFrom<Machine>;
  readonly taken: readonly string[];
}

export interface MachineModelOptions<Machine extends AnyStateMachine> {
  readonly input: InputFrom<Machine>;
  /** Representative events of a state; `xstate.after.…` and `xstate.done.actor.…` among them. */
  readonly events: (snapshot: SnapshotFrom<Machine>) => readonly EventFromLogic<Machine>[];
  /** What of a snapshot matters, beside its state: an abstract of its context. Nothing unless given. */
  readonly facts?: (snapshot: SnapshotFrom<Machine>) => unknown;
}

/** Any machine as a model. Nothing is run: delays and children are events like others. */
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

/** XState types the snapshot of a machine that is not known by name as nothing in particular. */
function member(snapshot: unknown, name: 'status' | 'value'): unknown {
  return typeof snapshot === 'object' && snapshot !== null ? Reflect.get(snapshot, name) : undefined;
}
