/** A machine's states and transitions, read once from what XState made of its configuration. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { type Guard, guardOf } from './guards.ts';
import { type Operation, operationsOf, spawnOf, stopOf, Unsupported } from './operations.ts';

export interface FlatNode {
  readonly id: string;
  readonly key: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final';
  /** Place in the document. */
  readonly order: number;
  readonly parent: FlatNode | null;
  readonly children: FlatNode[];
  /** Where a compound state begins. */
  initial: FlatNode | null;
  readonly entry: readonly Operation[];
  readonly exit: readonly Operation[];
  /** Stops the children that it has invoked. */
  readonly stops: readonly Operation[];
  readonly on: Map<string, readonly FlatTransition[]>;
  always: readonly FlatTransition[];
}

export interface FlatTransition {
  readonly index: number;
  readonly source: FlatNode;
  /** Empty if it stays where it is. */
  readonly targets: readonly FlatNode[];
  readonly reenter: boolean;
  readonly guard: Guard | null;
  readonly operations: readonly Operation[];
}

/** Throws Unsupported. */
export function flatNodes(machine: AnyStateMachine): ReadonlyMap<AnyStateNode, FlatNode> {
  const nodes = new Map<AnyStateNode, FlatNode>();
  addNode(machine, machine.root, null, nodes);
  let index = 0;
  const flat = (source: FlatNode, definition: AnyTransitionDefinition): FlatTransition => ({
    index: index++,
    source,
    targets: (definition.target ?? []).map((target: AnyStateNode) => known(nodes, target)),
    reenter: definition.reenter,
    guard: definition.guard === undefined ? null : guardOf(definition.guard, machine.implementations.guards),
    operations: operationsOf(machine, definition.actions),
  });
  for (const [node, one] of nodes) {
    one.initial = node.type === 'compound' ? initialOf(node, nodes) : null;
    one.always = (node.always ?? []).map((definition) => flat(one, definition));
    for (const [type, definitions] of node.transitions) {
      if (type.includes('*')) throw new Unsupported(`${node.id} waits for ${type}`);
      one.on.set(
        type,
        definitions.map((definition) => flat(one, definition)),
      );
    }
  }
  return nodes;
}

function addNode(
  machine: AnyStateMachine,
  node: AnyStateNode,
  parent: FlatNode | null,
  nodes: Map<AnyStateNode, FlatNode>,
): FlatNode {
  const { id, key, type, order } = node;
  if (type === 'history' || node.output !== undefined || node.config.route !== undefined)
    throw new Unsupported(`${id} has history, an output or a route`);
  if (node.invoke.some(({ onSnapshot }) => onSnapshot !== undefined))
    throw new Unsupported(`${id} listens to snapshots`);
  const one: FlatNode = {
    ...{ id, key, type, order, parent, children: [], initial: null, on: new Map(), always: [] },
    entry: [
      ...operationsOf(machine, node.entry),
      ...node.invoke.map((child) => spawnOf(child.id, child.input)),
    ],
    exit: operationsOf(machine, node.exit),
    stops: node.invoke.map((child) => stopOf(child.id)),
  };
  nodes.set(node, one);
  for (const child of Object.values(node.states)) one.children.push(addNode(machine, child, one, nodes));
  return one;
}

function initialOf(node: AnyStateNode, nodes: ReadonlyMap<AnyStateNode, FlatNode>): FlatNode {
  const { target, actions } = node.initial;
  const [first, ...more] = target ?? [];
  if (!first || more.length > 0 || actions.length > 0)
    throw new Unsupported(`${node.id} begins with more than a state`);
  const initial = known(nodes, first);
  if (initial.parent !== known(nodes, node)) throw new Unsupported(`${node.id} begins further down`);
  return initial;
}

function known(nodes: ReadonlyMap<AnyStateNode, FlatNode>, node: AnyStateNode): FlatNode {
  const one = nodes.get(node);
  if (!one) throw new Unsupported(`${node.id} is no state of the chart`);
  return one;
}
