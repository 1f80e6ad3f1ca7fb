/** Steps the chart of a behaviour with XState's pure transition function. */
import {
  type AnyActorScope,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateNode,
  type AnyTransitionDefinition,
  createActor,
  type ExecutableActionObject,
} from 'xstate';
import type { Json } from '../json.ts';
import { type BehaviourDefinition, EFFECTS, PARTS } from './define.ts';
import { frozenObject, plainJson, plainObject } from './plain.ts';
import type { BehaviourProgram } from './program.ts';
import type { ChartSnapshot } from './snapshot.ts';

/** More microsteps for one event mean a loop in the chart. */
export const MAX_MICROSTEPS = 100;

/** What one step of the chart asks for, in order. */
export type ChartEffect =
  | {
      readonly type: 'begin';
      readonly id: string;
      readonly part: (typeof PARTS)[number];
      readonly input: Json;
    }
  | { readonly type: 'end'; readonly id: string }
  | { readonly type: 'effect'; readonly name: (typeof EFFECTS)[number]; readonly params: Json }
  | { readonly type: 'delay'; readonly id: string; readonly delayMs: number }
  | { readonly type: 'cancelDelay'; readonly id: string };

/** One step of a chart, for who watches it: the transitions that it took, in order, and what it asked for. */
export interface ChartStep {
  readonly event: AnyEventObject;
  readonly taken: readonly AnyTransitionDefinition[];
  readonly effects: readonly ChartEffect[];
}

/** The chart of one session. Everything that it throws is the behaviour's fault. */
export class BehaviourChart {
  readonly #program: BehaviourProgram;
  readonly #scope: AnyActorScope;
  readonly #delayed = new Map<string, AnyEventObject>();
  #snapshot: AnyMachineSnapshot;
  #effects: ChartEffect[] = [];
  /** Transitions of the present step, if it is watched. */
  #steps: AnyTransitionDefinition[] = [];
  /** Invocations of the active states. */
  #invoked: ReadonlySet<string> = new Set();

  constructor(program: BehaviourProgram, from?: ChartSnapshot) {
    this.#program = program;
    const { machine } = program;
    this.#scope = collectingScope(program, (action) => this.#collect(action));
    if (program.watch)
      this.#scope.system.inspect((seen) => {
        if (seen.type === '@xstate.microstep') this.#steps.push(...seen._transitions);
      });
    if (!from) {
      this.#snapshot = sound(machine.getInitialSnapshot(this.#scope, undefined));
      return;
    }
    for (const [id, event] of Object.entries(from.delayed ?? {}))
      if (isEvent(event)) this.#delayed.set(id, event);
    const historyValue = Object.fromEntries(
      Object.entries(from.history ?? {}).map(([id, nodes]) => [
        id,
        nodes.map((node) => machine.getStateNodeById(node)),
      ]),
    );
    this.#snapshot = sound(machine.resolveState({ value: from.value, context: from.context, historyValue }));
    this.#invoked = this.#invocations();
  }

  /** The effects of the start. Call once. */
  start(): readonly ChartEffect[] {
    return this.#watched({ type: 'xstate.init' });
  }

  /** Handles an event and returns its effects: ended parts first. */
  step(event: AnyEventObject): readonly ChartEffect[] {
    this.#effects = [];
    // A step that fails leaves the state as it was.
    this.#snapshot = sound(this.#program.machine.transition(this.#snapshot, event, this.#scope));
    return this.#watched(event);
  }

  /** The event of a delay that is over; undefined if the chart no longer waits for it. */
  dueEvent(id: string): AnyEventObject {
    const event = this.#delayed.get(id) ?? { type: id };
    this.#delayed.delete(id);
    return event;
  }

  get isDone(): boolean {
    return this.#snapshot.status !== 'active';
  }

  /** The events for which the active states and their ancestors have a transition. */
  get enabled(): ReadonlySet<string> {
    const nodes: readonly AnyStateNode[] = this.#snapshot._nodes;
    return new Set(nodes.flatMap((node) => node.ownEvents));
  }

  /** Wait for the user's silence, ms, of the innermost state that has one in its `meta`. */
  get silenceMs(): number | undefined {
    const nodes: readonly AnyStateNode[] = this.#snapshot._nodes;
    const own = nodes
      .toSorted((a, b) => b.path.length - a.path.length)
      .map(({ meta }) => field(meta, 'silenceMs'));
    return own.find((ms) => typeof ms === 'number');
  }

  /** The names of the active states. */
  get stateName(): string {
    return JSON.stringify(this.#snapshot.value);
  }

  get context(): Readonly<Record<string, unknown>> {
    return this.#snapshot.context;
  }

  plain(): ChartSnapshot {
    const { value, context, historyValue } = this.#snapshot;
    const history = Object.entries(historyValue as Record<string, readonly AnyStateNode[]>).map(
      ([id, nodes]) => [id, nodes.map((node) => node.id)] as const,
    );
    return {
      value,
      context: plainObject(context, 'context'),
      ...(history.length > 0 && { history: Object.fromEntries(history) }),
      ...(this.#delayed.size > 0 && { delayed: plainObject(Object.fromEntries(this.#delayed), 'raise') }),
    };
  }

  #invocations(): ReadonlySet<string> {
    const nodes: readonly AnyStateNode[] = this.isDone ? [] : this.#snapshot._nodes;
    return new Set(nodes.flatMap(({ invoke }) => invoke.map(({ id }) => id)));
  }

  #watched(event: AnyEventObject): readonly ChartEffect[] {
    const effects = this.#taken();
    this.#program.watch?.({ event, taken: this.#steps, effects });
    this.#steps = [];
    // What began in a state that was left within the step never begins.
    return effects.filter((effect) => effect.type !== 'begin' || this.#invoked.has(effect.id));
  }

  /** Those of a state that was left end first; one that was entered again ends before it begins. */
  #taken(): readonly ChartEffect[] {
    const invoked = this.#invocations();
    const effects = this.#effects;
    this.#effects = [];
    const begun = new Set(effects.flatMap((effect) => (effect.type === 'begin' ? effect.id : [])));
    const ended = [...this.#invoked].filter((id) => !invoked.has(id) || begun.has(id));
    this.#invoked = invoked;
    return [...ended.map((id) => ({ type: 'end', id }) as const), ...effects];
  }

  #collect({ type, params }: { readonly type: string; readonly params: unknown }): void {
    switch (type) {
      case 'xstate.spawnChild': {
        const id = String(field(params, 'id'));
        const src = field(params, 'src');
        const part = PARTS.find((one) => one === src);
        if (!part) throw new TypeError(`${id} invokes ${String(src)}; the parts are ${PARTS.join(', ')}`);
        this.#effects.push({
          type: 'begin',
          id,
          part,
          input: plainJson(field(params, 'input') ?? {}, `the input of ${part}`),
        });
        return;
      }
      case 'xstate.stopChild':
        return; // follows from the states
      case 'xstate.cancel': {
        const id = String(field(params, 'sendId'));
        this.#delayed.delete(id);
        this.#effects.push({ type: 'cancelDelay', id });
        return;
      }
      case 'xstate.raise': {
        const delayMs = field(params, 'delay');
        if (typeof delayMs !== 'number') return;
        const id = String(field(params, 'id'));
        const event = field(params, 'event');
        if (isEvent(event) && event.type !== id) this.#delayed.set(id, event);
        this.#effects.push({ type: 'delay', id, delayMs });
        return;
      }
      default: {
        const name = EFFECTS.find((one) => one === type);
        if (!name)
          throw new TypeError(`a behaviour has no action "${type}": use assign, raise, say or report`);
        this.#effects.push({ type: 'effect', name, params: plainJson(params ?? {}, name) });
      }
    }
  }
}

/** The snapshot, if it can be stored; throws what is wrong with it. */
function sound(snapshot: AnyMachineSnapshot): AnyMachineSnapshot {
  if (snapshot.status === 'error') throw snapshot.error;
  frozenObject(snapshot.context, 'context');
  return snapshot;
}

/** The definition that a chart carries; undefined for a chart that `behaviour` did not make. */
export function definitionOf(machine: BehaviourProgram['machine']): BehaviourDefinition | undefined {
  return field(machine.implementations.actors.say, 'definition') as BehaviourDefinition | undefined;
}

function field(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
}

function isEvent(event: unknown): event is AnyEventObject {
  return typeof field(event, 'type') === 'string';
}

/** As for the conversation: its actor is never started; it only collects actions. */
function collectingScope(
  { machine }: BehaviourProgram,
  collect: (action: ExecutableActionObject) => void,
): AnyActorScope {
  const self = createActor(machine);
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
