/** The ways of a behaviour's chart: its transitions, by the names that reports give them. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import type { JsonObject } from '../../machines/json.ts';

/** One transition of the chart. */
export interface Way {
  /** Unique in the chart and stable: `driving: heard.where`. */
  readonly name: string;
  readonly from: AnyStateNode;
  readonly event: string;
  readonly targets: readonly AnyStateNode[];
  readonly hasGuard: boolean;
}

/** Path of a state; `(the chart)` for the root. */
export function pathOf(node: AnyStateNode): string {
  return node.path.length === 0 ? '(the chart)' : node.path.join('.');
}

/** All states of a chart, each before its children. */
export function statesOf(machine: AnyStateMachine): readonly AnyStateNode[] {
  const all: AnyStateNode[] = [];
  const add = (node: AnyStateNode) => {
    all.push(node);
    for (const child of Object.values(node.states)) add(child);
  };
  add(machine.root);
  return all;
}

/** All transitions of a chart, by their objects, which watched steps name. */
export function waysOf(machine: AnyStateMachine): ReadonlyMap<AnyTransitionDefinition, Way> {
  const ways = new Map<AnyTransitionDefinition, Way>();
  for (const node of statesOf(machine)) {
    const lists: (readonly [string, readonly AnyTransitionDefinition[]])[] = [...node.transitions];
    if (node.always) lists.push(['always', node.always]);
    for (const [event, list] of lists)
      list.forEach((one, at) => {
        // A transition that does nothing only forbids those of the ancestors.
        if (!one.target && one.actions.length === 0) return;
        const which = list.length > 1 ? ` (${at + 1} of ${list.length})` : '';
        ways.set(one, {
          name: `${pathOf(node)}: ${readable(event, node)}${which}`,
          from: node,
          event,
          targets: one.target ?? [],
          hasGuard: one.guard !== undefined,
        });
      });
  }
  return ways;
}

/** The parts that a state invokes, with their names as the chart has them. */
export function partsOf(node: AnyStateNode): readonly { readonly id: string; readonly src: string }[] {
  return node.invoke.map(({ id, src }: { readonly id: string; readonly src: unknown }) => ({
    id,
    src: typeof src === 'string' ? src : 'a behaviour',
  }));
}

/** Delays of a state, ms. Named ones may depend on the context. */
export function delaysOf(node: AnyStateNode, context: JsonObject): readonly number[] {
  return node.after.flatMap(({ delay }) => {
    const named: unknown = typeof delay === 'string' ? node.machine.implementations.delays[delay] : delay;
    const ms: unknown =
      typeof named === 'function' ? named({ context, event: {} }, undefined) : (named ?? delay);
    return Number.isFinite(Number(ms)) ? Number(ms) : [];
  });
}

/** A state and its ancestors, without the chart itself. */
export function withAncestors(node: AnyStateNode): readonly AnyStateNode[] {
  const found: AnyStateNode[] = [];
  for (let one: AnyStateNode | undefined = node; one?.parent; one = one.parent) found.push(one);
  return found;
}

/** The events of XState in the words of the chart. */
function readable(event: string, node: AnyStateNode): string {
  const [, how, id] = /^xstate\.(done|error)\.actor\.(.*)$/u.exec(event) ?? [];
  if (how !== undefined) {
    const parts = partsOf(node);
    const part = parts.find((one) => one.id === id);
    const name = how === 'done' ? 'onDone' : 'onError';
    return parts.length > 1 && part ? `${name} of ${part.src}` : name;
  }
  const [, delay] = /^xstate\.after\.([^.]+)\./u.exec(event) ?? [];
  if (delay !== undefined) return `after ${delay}`;
  return event.startsWith('xstate.done.state.') ? 'onDone' : event;
}
