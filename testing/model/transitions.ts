/** The transitions of a machine as it is written, and which of them a step takes. */
import {
  type AnyStateMachine,
  type AnyTransitionDefinition,
  createActor,
  type EventFromLogic,
  type ExecutableActionsFrom,
  type InputFrom,
  type SnapshotFrom,
} from 'xstate';
import { getStateNodes } from 'xstate/graph';

/** One transition of one state node: one guarded branch of one event. */
export interface TransitionInfo {
  /** Unique within the machine, and the same in every build of it. */
  readonly id: string;
  /** Path of the state node, with dots; the root is empty. */
  readonly state: string;
  /** As a reader of the chart calls it: `text`, `after sttDeadline`, `done llm`, `always`. */
  readonly event: string;
  /** Its guard in words; empty if it has none. */
  readonly guard: string;
  /** Paths of the states it enters; empty if it stays. */
  readonly targets: readonly string[];
}

/** Every transition that the machine's author wrote (`on`, `always`, `after`, `onDone`, `onError`), in the chart's order. */
export function transitionsOf(
  machine: AnyStateMachine,
): ReadonlyMap<AnyTransitionDefinition, TransitionInfo> {
  const all = new Map<AnyTransitionDefinition, TransitionInfo>();
  for (const node of [machine.root, ...getStateNodes(machine.root)]) {
    const groups = [...node.transitions.values(), ...(node.always ? [node.always] : [])];
    for (const group of groups) {
      group.forEach((definition, index) => {
        const state = node.path.join('.');
        const event = eventName(definition.eventType);
        const branch = group.length > 1 ? ` #${index + 1}` : '';
        all.set(definition, {
          id: `${state || '(root)'} · ${event}${branch}`,
          state,
          event,
          guard: guardName(definition.guard),
          targets: (definition.target ?? []).map((target) => target.path.join('.')),
        });
      });
    }
  }
  return all;
}

/** One macrostep: what XState made of it, and the ids of the transitions it took, in order. */
export interface Stepped<Machine extends AnyStateMachine> {
  readonly snapshot: SnapshotFrom<Machine>;
  readonly actions: readonly ExecutableActionsFrom<Machine>[];
  readonly taken: readonly string[];
}

/** Steps a machine without running anything, and tells which transitions were taken, `always` included. */
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
    // Never started: XState wants an actor to belong to, and tells its inspector each microstep.
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
        // XState types what a machine that is not known by name wants executed as any machine's.
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
    // XState types the snapshots of a machine that is not known by name as any machine's.
    const snapshot = step() as SnapshotFrom<Machine>;
    return { snapshot, actions: this.#actions, taken: this.#taken };
  }

  #note(definitions: readonly AnyTransitionDefinition[]): void {
    for (const definition of definitions) {
      const info = this.#infos.get(definition);
      // The initial transitions of compound states are no transitions of the chart.
      if (info) this.#taken.push(info.id);
    }
  }
}

function eventName(type: string): string {
  if (type === '') return 'always';
  const after = /^xstate\.after\.(.+?)\.[^.]*(?:\..*)?$/.exec(type);
  if (after) return `after ${after[1]}`;
  const end = /^xstate\.(done|error)\.(?:actor|state)\.(.+)$/.exec(type);
  return end ? `${end[1]} ${end[2]}` : type;
}

/** XState's guards are a name, a name with parameters, or a function that carries what it was made of. */
function guardName(guard: unknown): string {
  if (guard === undefined) return '';
  if (typeof guard === 'string') return guard;
  if (typeof guard === 'object' && guard !== null) return String(Reflect.get(guard, 'type'));
  if (typeof guard !== 'function') return '?';
  const inner: unknown = Reflect.get(guard, 'guards');
  if (Array.isArray(inner)) return `${guard.name} ${inner.map(guardName).join(', ')}`;
  const value: unknown = Reflect.get(guard, 'stateValue');
  if (value !== undefined) return `in ${stateName(value)}`;
  return guard.name === '' || guard.name === 'guard' ? 'by a function' : guard.name;
}

function stateName(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key}.${stateName(inner)}`)
    .join(' & ');
}
