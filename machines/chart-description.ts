/** Description of a statechart: its states and transitions, with names that are the same in every build. */
import {
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  not,
  type StateValue,
} from 'xstate';
import { conversationOf } from './session/regions.ts';

/** One state of the chart. */
interface StateInfo {
  /** Path of the state node, with dots; the root is empty. */
  readonly path: string;
  /** Its own name; for the root, the machine's. */
  readonly name: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final';
  /** Path of the parent state; null for the root. */
  readonly parent: string | null;
  /** Path of the initial state; null for atomic and parallel states. */
  readonly initial: string | null;
  /** Children that run exactly while the state is active. */
  readonly invokes: readonly string[];
}

/** One transition of one state: one guarded branch of one event. */
export interface TransitionInfo {
  /** Unique within the machine, and the same in every build. */
  readonly id: string;
  /** Path of the state node, with dots; the root is empty. */
  readonly state: string;
  /** Readable name of the event: `text`, `after sttDeadline`, `done llm`, `always`. */
  readonly event: string;
  /** Its guard in words; empty if it has none. */
  readonly guard: string;
  /** Paths of the target states; empty if it has none. */
  readonly targets: readonly string[];
}

export interface ChartDescription {
  /** Parents before children, otherwise in source order. */
  readonly states: readonly StateInfo[];
  readonly transitions: readonly TransitionInfo[];
}

export function describeChart(machine: AnyStateMachine): ChartDescription {
  return { states: statesOf(machine), transitions: [...transitionsOf(machine).values()] };
}

/** Returns every written transition (`on`, `always`, `after`, `onDone`, `onError`), in the chart's order. */
export function transitionsOf(
  machine: AnyStateMachine,
): ReadonlyMap<AnyTransitionDefinition, TransitionInfo> {
  const all = new Map<AnyTransitionDefinition, TransitionInfo>();
  for (const node of nodesOf(machine)) {
    const groups = [...node.transitions.values(), ...(node.always ? [node.always] : [])];
    for (const group of groups) {
      group.forEach((definition, index) => {
        const state = pathOf(node);
        const event = eventName(definition.eventType);
        const branch = group.length > 1 ? ` #${index + 1}` : '';
        all.set(definition, {
          id: `${state || '(root)'} · ${event}${branch}`,
          state,
          event,
          guard: guardName(definition.guard),
          targets: (definition.target ?? []).map((target) => pathOf(target)),
        });
      });
    }
  }
  return all;
}

function statesOf(machine: AnyStateMachine): StateInfo[] {
  return nodesOf(machine).map((node) => {
    const { type } = node;
    if (type === 'history') throw new Error(`the chart has a history state: ${node.id}`);
    const initial = type === 'compound' ? node.initial?.target[0] : undefined;
    return {
      path: pathOf(node),
      name: node === node.machine.root.states.conversation ? node.machine.root.key : node.key,
      kind: type,
      parent: pathOf(node) === '' ? null : pathOf(node.parent),
      initial: initial ? pathOf(initial) : null,
      invokes: node.invoke.map(({ id }) => id),
    };
  });
}

/** Of the session, the conversation stands for the root: so it was before there were other regions. */
function nodesOf(machine: AnyStateMachine): readonly AnyStateNode[] {
  const { conversation, ...others } = machine.root.states;
  if (!conversation) return withDescendants(machine.root);
  return [conversation, ...Object.values(others)].flatMap(withDescendants);
}

function pathOf(node: AnyStateNode | undefined): string {
  const [first, ...rest] = node?.path ?? [];
  return (first === 'conversation' ? rest : (node?.path ?? [])).join('.');
}

function withDescendants(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(withDescendants)];
}

function eventName(type: string): string {
  if (type === '') return 'always';
  const after = /^xstate\.after\.(.+?)\.[^.]*(?:\..*)?$/.exec(type);
  if (after) return `after ${after[1]}`;
  const end = /^xstate\.(done|error)\.(?:actor|state)\.(.+)$/.exec(type);
  return end ? `${end[1]} ${end[2]}` : type;
}

/** The check function of XState's `not`. */
const NOT: unknown = Reflect.get(not(''), 'check');

/** A guard in XState is a name, a name with parameters, or a function that carries its operands. */
function guardName(guard: unknown): string {
  if (guard === undefined) return '';
  if (typeof guard === 'string') return guard;
  if (typeof guard === 'object' && guard !== null)
    return [Reflect.get(guard, 'type'), Reflect.get(guard, 'params') ?? []].flat().join(' ');
  if (typeof guard !== 'function') return '?';
  const inner: unknown = Reflect.get(guard, 'guards');
  if (Array.isArray(inner)) {
    // A bundler may have numbered or renamed the function.
    const kind = Reflect.get(guard, 'check') === NOT ? 'not' : guard.name.replace(/\d+$/u, '');
    return `${kind} ${inner.map(guardName).join(', ')}`;
  }
  const value: unknown = Reflect.get(guard, 'stateValue');
  if (value !== undefined) return `in ${stateName(conversationOf(value as StateValue))}`;
  return guard.name === '' || guard.name === 'guard' ? 'by a function' : guard.name;
}

function stateName(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key}.${stateName(inner)}`)
    .join(' & ');
}
