/** Paths that cover every edge of a model, built on XState's graph of states. */
import type { ActorLogic, Snapshot } from 'xstate';
import { adjacencyMapToArray, getAdjacencyMap } from 'xstate/graph';

/** A model: its transition function, the possible events of each state, and the relevant part of a state. */
export interface Model<State, Event extends { readonly type: string }> {
  readonly initial: () => State;
  /** Pure. */
  readonly step: (state: State, event: Event) => State;
  /** The events that can happen in a state, including those that it ignores. */
  readonly events: (state: State) => readonly Event[];
  /**
   * The relevant part of a state, as text. States with the same key count as one; otherwise a growing context would
   * have no end.
   */
  readonly key: (state: State) => string;
  /** An event as text. Default: its type. */
  readonly eventKey?: (event: Event) => string;
}

export interface Edge<State, Event> {
  readonly event: Event;
  readonly state: State;
  /** Key of the state it leads to. */
  readonly to: string;
}

export interface ExploredState<State, Event> {
  readonly key: string;
  /** The first state of this key, reached by `path`. */
  readonly state: State;
  /** The shortest path to this state. */
  readonly path: readonly Event[];
  readonly edges: ReadonlyMap<string, Edge<State, Event>>;
}

/** By key, nearest first. */
export type Exploration<State, Event> = ReadonlyMap<string, ExploredState<State, Event>>;

/** Limit on states; more mean that the key does not abstract enough. */
const MAX_STEPS = 500_000;

/** All reachable states and the edges between them. Throws beyond the limit. */
export function explore<State, Event extends { readonly type: string }>(
  model: Model<State, Event>,
  limit = MAX_STEPS,
): Exploration<State, Event> {
  const map = getAdjacencyMap(actorLogic(model), {
    events: ({ state }) => model.events(state),
    serializeState: ({ key }) => key,
    serializeEvent: (event) => nameOf(model, event),
    limit,
  });
  const explored = new Map<string, Explored<State, Event>>();
  const reach = ({ key, state }: Dressed<State>, before: readonly Event[], ...event: Event[]) => {
    const known = explored.get(key) ?? { key, state, path: [...before, ...event], edges: new Map() };
    explored.set(key, known);
    return known;
  };
  reach(dress(model, model.initial()), []);
  // XState walks breadth first and keeps that order, so the first path to a state is a shortest one.
  for (const { state, event, nextState } of adjacencyMapToArray(map)) {
    const from = reach(state, []);
    reach(nextState, from.path, event);
    from.edges.set(nameOf(model, event), { event, state: nextState.state, to: nextState.key });
  }
  return explored;
}

interface Explored<State, Event> extends ExploredState<State, Event> {
  readonly edges: Map<string, Edge<State, Event>>;
}

/** A model's state in the form that XState's graph requires, with its key, which costs as much as a step. */
type Dressed<State> = Snapshot<undefined> & {
  readonly status: 'active';
  readonly state: State;
  readonly key: string;
};

function dress<State, Event extends { readonly type: string }>(
  model: Model<State, Event>,
  state: State,
): Dressed<State> {
  return { status: 'active', output: undefined, error: undefined, state, key: model.key(state) };
}

function actorLogic<State, Event extends { readonly type: string }>(
  model: Model<State, Event>,
): ActorLogic<Dressed<State>, Event> {
  return {
    getInitialSnapshot: () => dress(model, model.initial()),
    transition: ({ state }, event) => dress(model, model.step(state, event)),
    getPersistedSnapshot: (snapshot) => snapshot,
  };
}

function nameOf<State, Event extends { readonly type: string }>(
  model: Model<State, Event>,
  event: Event,
): string {
  return model.eventKey?.(event) ?? event.type;
}

export interface PathStep<State, Event> {
  readonly event: Event;
  /** The target state. */
  readonly state: State;
}

export interface ModelPath<State, Event> {
  readonly start: State;
  readonly steps: readonly PathStep<State, Event>[];
}

export interface CoverOptions<State, Event> {
  /** Goals that paths must reach once, as text. Default: each event in each explored state. */
  readonly goal?: (before: State, event: Event, after: State) => string;
  /** A path continues from goal to goal while it is shorter than this, so that a failing one stays readable. 60. */
  readonly maxSteps?: number;
}

/** How far a path searches for an open goal before a new path starts. */
const LOOK_AHEAD = 4;

/**
 * Paths that together reach every goal: the shortest path to each state, then every event of it. A path that has
 * reached its goal continues to others nearby, so that common beginnings are not walked again for each goal.
 */
export function coveringPaths<State, Event extends { readonly type: string }>(
  model: Model<State, Event>,
  explored: Exploration<State, Event>,
  options: CoverOptions<State, Event> = {},
): ModelPath<State, Event>[] {
  const coverer = new Coverer(model, explored, options);
  const paths: ModelPath<State, Event>[] = [];
  for (const node of explored.values()) {
    for (const edge of node.edges.values()) {
      if (coverer.isOpen(edge)) paths.push(coverer.pathThrough([...node.path, edge.event]));
    }
  }
  return paths;
}

/** What paths must reach once: one or more edges. */
interface Goal {
  open: boolean;
}

/** An edge, as a path that looks for an open goal sees it. */
interface Lead<State, Event> {
  readonly name: string;
  readonly event: Event;
  readonly goal: Goal;
  readonly to: ExploredState<State, Event>;
}

/** A state on the way to an open goal. */
interface Stop<State, Event> {
  readonly node: ExploredState<State, Event>;
  readonly event?: Event;
  readonly before?: Stop<State, Event>;
}

class Coverer<State, Event extends { readonly type: string }> {
  readonly #model: Model<State, Event>;
  readonly #explored: Exploration<State, Event>;
  readonly #goalKey: (before: State, event: Event, after: State) => string;
  readonly #maxSteps: number;
  readonly #goals = new Map<string, Goal>();
  readonly #goalOf = new Map<Edge<State, Event>, Goal>();
  /** The edges of each state, without those to final states, because nothing can follow them. */
  readonly #leads = new Map<ExploredState<State, Event>, readonly Lead<State, Event>[]>();

  constructor(
    model: Model<State, Event>,
    explored: Exploration<State, Event>,
    options: CoverOptions<State, Event>,
  ) {
    this.#model = model;
    this.#explored = explored;
    this.#maxSteps = options.maxSteps ?? 60;
    this.#goalKey = options.goal ?? ((before, event) => `${model.key(before)} ${nameOf(model, event)}`);
    for (const node of explored.values()) {
      const leads: Lead<State, Event>[] = [];
      for (const [name, edge] of node.edges) {
        const key = this.#goalKey(node.state, edge.event, edge.state);
        const goal = this.#goals.get(key) ?? { open: true };
        this.#goals.set(key, goal);
        this.#goalOf.set(edge, goal);
        const to = explored.get(edge.to);
        if (to && to.edges.size > 0) leads.push({ name, event: edge.event, goal, to });
      }
      this.#leads.set(node, leads);
    }
  }

  isOpen(edge: Edge<State, Event>): boolean {
    return this.#goalOf.get(edge)?.open === true;
  }

  pathThrough(way: readonly Event[]): ModelPath<State, Event> {
    const start = this.#model.initial();
    const steps: PathStep<State, Event>[] = [];
    let state = start;
    for (let plan = way; plan.length > 0; plan = this.#next(state)) {
      if (steps.length > 0 && steps.length + plan.length > this.#maxSteps) break;
      for (const event of plan) {
        // States with the same key can differ in details outside the key; an impossible event ends the plan.
        if (!this.#possible(state).has(nameOf(this.#model, event))) break;
        const next = this.#model.step(state, event);
        const goal = this.#goals.get(this.#goalKey(state, event, next));
        if (goal) goal.open = false;
        state = next;
        steps.push({ event, state });
      }
    }
    return { start, steps };
  }

  /** The shortest path from `state` through an open goal; empty if none is near. */
  #next(state: State): readonly Event[] {
    const possible = this.#possible(state);
    const first = this.#explored.get(this.#model.key(state));
    const seen = new Set([first]);
    let front: Stop<State, Event>[] = first ? [{ node: first }] : [];
    for (let depth = 0; depth <= LOOK_AHEAD && front.length > 0; depth++) {
      const further: typeof front = [];
      for (const stop of front) {
        for (const { name, event, goal, to } of this.#leads.get(stop.node) ?? []) {
          if (depth === 0 && !possible.has(name)) continue;
          if (goal.open) return [...wayTo(stop), event];
          if (seen.has(to)) continue;
          seen.add(to);
          further.push({ node: to, event, before: stop });
        }
      }
      front = further;
    }
    return [];
  }

  #possible(state: State): ReadonlySet<string> {
    return new Set(this.#model.events(state).map((event) => nameOf(this.#model, event)));
  }
}

function wayTo<State, Event>({ event, before }: Stop<State, Event>): Event[] {
  return before && event ? [...wayTo(before), event] : [];
}
