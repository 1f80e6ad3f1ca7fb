/**
 * What a set of transitions does to a configuration: which states are left and entered, in which order. The rules are
 * those of SCXML's microstep (https://www.w3.org/TR/scxml/#AlgorithmforSCXMLInterpretation) as XState 5 reads them.
 */
import type { MachineEvent } from '../session/effects.ts';
import type { FlatNode, FlatTransition } from './nodes.ts';
import type { Operation } from './operations.ts';

export interface NodePlan {
  readonly operations: readonly Operation[];
  /** The states afterwards, in the order in which they were entered. */
  readonly nodes: readonly FlatNode[];
  /** True if those are other states than before. */
  readonly moves: boolean;
  /** True if the machine has come to its end. */
  readonly ends: boolean;
}

/** `transitions`: all that are enabled, innermost state first. */
export function planOf(nodes: readonly FlatNode[], transitions: readonly FlatTransition[]): NodePlan {
  const active = new Set(nodes);
  const chosen = withoutConflicts(transitions, active);
  const operations: Operation[] = [];
  for (const node of exitSet(chosen, active).sort((a, b) => b.order - a.order)) {
    operations.push(...node.exit, ...node.stops);
    active.delete(node);
  }
  for (const { operations: own } of chosen) operations.push(...own);
  let ends = false;
  const completed = new Set<FlatNode>();
  for (const node of entrySet(chosen).sort((a, b) => a.order - b.order)) {
    active.add(node);
    operations.push(...node.entry);
    if (node.type !== 'final') continue;
    if (node.parent?.type === 'compound') operations.push(done(node.parent));
    let above = node.parent?.type === 'parallel' ? node.parent : node.parent?.parent;
    while (above?.type === 'parallel' && !completed.has(above) && isFinal(above, active)) {
      completed.add(above);
      operations.push(done(above));
      above = above.parent;
    }
    ends ||= !above;
  }
  const moves = active.size !== nodes.length || nodes.some((node) => !active.has(node));
  const after = moves ? [...active] : nodes;
  if (ends) for (const node of [...after].sort((a, b) => b.order - a.order)) operations.push(...node.exit);
  return { operations, nodes: after, moves, ends };
}

function done({ id }: FlatNode): Operation {
  // The chart's own type names the one that it waits for; the others find no transition.
  return { kind: 'raise', event: { type: `xstate.done.state.${id}` } as MachineEvent };
}

function isFinal(node: FlatNode, active: ReadonlySet<FlatNode>): boolean {
  if (node.type === 'compound')
    return node.children.some((child) => child.type === 'final' && active.has(child));
  return node.type === 'parallel'
    ? node.children.every((child) => isFinal(child, active))
    : node.type === 'final';
}

/** Of two transitions that leave the same state the one of the inner source is taken, else the first. */
function withoutConflicts(
  transitions: readonly FlatTransition[],
  active: ReadonlySet<FlatNode>,
): readonly FlatTransition[] {
  if (transitions.length < 2) return transitions;
  const chosen = new Set<FlatTransition>();
  for (const one of transitions) {
    const leaves = new Set(exitSet([one], active));
    const rivals = [...chosen].filter((other) => exitSet([other], active).some((node) => leaves.has(node)));
    if (rivals.some((other) => !isBelow(one.source, other.source))) continue;
    for (const other of rivals) chosen.delete(other);
    chosen.add(one);
  }
  return [...chosen];
}

function exitSet(transitions: readonly FlatTransition[], active: ReadonlySet<FlatNode>): FlatNode[] {
  const left = new Set<FlatNode>();
  for (const transition of transitions) {
    if (transition.targets.length === 0) continue;
    const domain = domainOf(transition);
    if (domain && transition.reenter && transition.source === domain) left.add(domain);
    for (const node of active) if (!domain || isBelow(node, domain)) left.add(node);
  }
  return [...left];
}

/** The state within which a transition happens; null: the whole machine is entered anew. */
function domainOf({ source, targets, reenter }: FlatTransition): FlatNode | null {
  if (!reenter && targets.every((target) => target === source || isBelow(target, source))) return source;
  const [first, ...others] = [...targets, source];
  for (let node = first?.parent ?? null; node; node = node.parent) {
    const common = node;
    if (others.every((other) => isBelow(other, common))) return common;
  }
  return reenter ? null : rootOf(source);
}

function rootOf(node: FlatNode): FlatNode {
  return node.parent ? rootOf(node.parent) : node;
}

function entrySet(transitions: readonly FlatTransition[]): FlatNode[] {
  const entered = new Set<FlatNode>();
  for (const transition of transitions) {
    const { source, targets, reenter } = transition;
    if (targets.length === 0) continue;
    const domain = domainOf(transition);
    for (const target of targets) {
      if (target !== source || source !== domain || reenter) entered.add(target);
      enterBelow(target, entered);
    }
    const within = !source.parent && reenter ? null : domain;
    for (const target of targets) {
      const above = ancestorsBelow(target, domain);
      if (domain?.type === 'parallel') above.push(domain);
      enterAbove(above, within, entered);
    }
  }
  return [...entered];
}

/** A state is entered with all that is in it by default. */
function enterBelow(node: FlatNode, entered: Set<FlatNode>): void {
  if (node.type === 'compound' && node.initial) {
    entered.add(node.initial);
    enterBelow(node.initial, entered);
  } else if (node.type === 'parallel') enterRegions(node, entered);
}

function enterRegions(parallel: FlatNode, entered: Set<FlatNode>): void {
  for (const region of parallel.children) {
    if ([...entered].some((node) => isBelow(node, region))) continue;
    entered.add(region);
    enterBelow(region, entered);
  }
}

function enterAbove(ancestors: readonly FlatNode[], within: FlatNode | null, entered: Set<FlatNode>): void {
  for (const ancestor of ancestors) {
    if (!within || isBelow(ancestor, within)) entered.add(ancestor);
    if (ancestor.type === 'parallel') enterRegions(ancestor, entered);
  }
}

/** From the inside out. */
function ancestorsBelow(node: FlatNode, end: FlatNode | null): FlatNode[] {
  const ancestors: FlatNode[] = [];
  if (node === end) return ancestors;
  for (let above = node.parent; above && above !== end; above = above.parent) ancestors.push(above);
  return ancestors;
}

/** Whether `node` lies within `outer`, and is not it. */
export function isBelow(node: FlatNode, outer: FlatNode): boolean {
  for (let above = node.parent; above; above = above.parent) if (above === outer) return true;
  return false;
}
