import type { StateValue } from 'xstate';
import { publicState } from '../session/public-state.ts';
import type { PublicState } from '../wire.ts';
import { guardAt } from './guards.ts';
import type { FlatNode, FlatTransition } from './nodes.ts';
import type { Scope } from './operations.ts';
import { type NodePlan, planOf } from './plan.ts';

export interface Plan extends NodePlan {
  readonly next: Configuration;
}

/** A transition that a configuration may take; without a guard it does whenever it is asked. */
interface Candidate {
  readonly transition: FlatTransition;
  readonly guard: ((scope: Scope) => boolean) | null;
}

/** A state's own transitions for an event, asked when those of its inner states do not want it. */
interface Choice {
  readonly inner: readonly Choice[];
  readonly own: readonly Candidate[];
}

const NOTHING: Choice = { inner: [], own: [] };

/** A set of states that are active together, and all that follows from it alone, found once. */
export class Configuration {
  readonly nodes: readonly FlatNode[];
  readonly value: StateValue;
  readonly state: PublicState;
  readonly #intern: (nodes: readonly FlatNode[]) => Configuration;
  readonly #always: readonly (readonly Candidate[])[];
  readonly #choices = new Map<string, Choice>();
  readonly #plans = new Map<number, Plan>();
  readonly #plansOfMany = new Map<string, Plan>();

  /** `nodes` in the order in which they were entered: among equals the first comes first. */
  constructor(nodes: readonly FlatNode[], intern: (nodes: readonly FlatNode[]) => Configuration) {
    const [root] = nodes;
    if (!root) throw new RangeError('no state is active');
    this.nodes = nodes;
    this.#intern = intern;
    this.value = this.#valueOf(rootOf(root));
    this.state = publicState(this.value);
    this.#always = nodes
      .filter(({ type }) => type === 'atomic' || type === 'final')
      .map((leaf) => this.#candidates(upwards(leaf).flatMap(({ always }) => always)))
      .filter(({ length }) => length > 0);
  }

  /** The transitions that `scope.event` enables, into `enabled`. */
  select(scope: Scope, enabled: FlatTransition[]): void {
    const { type } = scope.event;
    let choice = this.#choices.get(type);
    if (!choice) {
      const [root] = this.nodes;
      choice = (root && this.#choice(rootOf(root), type)) ?? NOTHING;
      this.#choices.set(type, choice);
    }
    choose(choice, scope, enabled);
  }

  /** The transitions that need no event, into `enabled`. */
  selectAlways(scope: Scope, enabled: FlatTransition[]): void {
    for (const candidates of this.#always) {
      const transition = firstOf(candidates, scope);
      if (transition && !enabled.includes(transition)) enabled.push(transition);
    }
  }

  planOf(enabled: readonly FlatTransition[]): Plan {
    const [first] = enabled;
    if (enabled.length === 1 && first) {
      const known = this.#plans.get(first.index);
      if (known) return known;
      const plan = this.#plan(enabled);
      this.#plans.set(first.index, plan);
      return plan;
    }
    const key = enabled.map(({ index }) => index).join();
    const known = this.#plansOfMany.get(key);
    if (known) return known;
    const plan = this.#plan(enabled);
    this.#plansOfMany.set(key, plan);
    return plan;
  }

  #plan(enabled: readonly FlatTransition[]): Plan {
    const plan = planOf(this.nodes, enabled);
    return { ...plan, next: plan.moves ? this.#intern(plan.nodes) : this };
  }

  #valueOf(node: FlatNode): StateValue {
    const children = this.#childrenOf(node);
    const [only] = children;
    if (node.type === 'compound' && only && only.children.length === 0) return only.key;
    return Object.fromEntries(children.map((child) => [child.key, this.#valueOf(child)]));
  }

  #childrenOf(node: FlatNode): readonly FlatNode[] {
    return this.nodes.filter(({ parent }) => parent === node);
  }

  #choice(node: FlatNode, type: string): Choice | undefined {
    const inner = this.#childrenOf(node).flatMap((child) => this.#choice(child, type) ?? []);
    const own = this.#candidates(node.on.get(type) ?? []);
    return inner.length > 0 || own.length > 0 ? { inner, own } : undefined;
  }

  /** Without those that cannot be taken in this configuration, and up to the first that cannot but be. */
  #candidates(transitions: readonly FlatTransition[]): readonly Candidate[] {
    const candidates: Candidate[] = [];
    for (const transition of transitions) {
      const guard = transition.guard ? guardAt(transition.guard, this.value) : true;
      if (guard === false) continue;
      candidates.push({ transition, guard: guard === true ? null : guard });
      if (guard === true) break;
    }
    return candidates;
  }
}

function choose({ inner, own }: Choice, scope: Scope, enabled: FlatTransition[]): void {
  const before = enabled.length;
  for (const one of inner) choose(one, scope, enabled);
  if (enabled.length > before || own.length === 0) return;
  const transition = firstOf(own, scope);
  if (transition) enabled.push(transition);
}

function firstOf(candidates: readonly Candidate[], scope: Scope): FlatTransition | undefined {
  for (const { transition, guard } of candidates) if (!guard || guard(scope)) return transition;
  return undefined;
}

function upwards(node: FlatNode): readonly FlatNode[] {
  return node.parent ? [node, ...upwards(node.parent)] : [node];
}

function rootOf(node: FlatNode): FlatNode {
  return node.parent ? rootOf(node.parent) : node;
}
