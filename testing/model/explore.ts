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
    serializeState: ({ state }) => model.key(state),
    serializeEvent: (event) => nameOf(model, event),
    limit,
  });
  const explored = new Map<string, Explored<State, Event>>();
  const reach = (state: State, path: readonly Event[]) => {
    const key = model.key(state);
    const known = explored.get(key) ?? { key, state, path, edges: new Map() };
    explored.set(key, known);
    return known;
  };
  reach(model.initial(), []);
  // XState walks breadth first and keeps that order, so the first path to a state is a shortest one.
  for (const { state, event, nextState } of adjacencyMapToArray(map)) {
    const from = reach(state.state, []);
    const { key: to } = reach(nextState.state, [...from.path, event]);
    from.edges.set(nameOf(model, event), { event, state: nextState.state, to });
  }
  return explored;
}

interface Explored<State, Event> extends ExploredState<State, Event> {
  readonly edges: Map<string, Edge<State, Event>>;
}

/** A model's state in the form that XState's graph requires. */
type Dressed<State> = Snapshot<undefined> & { readonly status: 'active'; readonly state: State };

function actorLogic<State, Event extends { readonly type: string }>(
  model: Model<State, Event>,
): ActorLogic<Dressed<State>, Event> {
  const dress = (state: State): Dressed<State> => ({
    status: 'active',
    output: undefined,
    error: undefined,
    state,
  });
  return {
    getInitialSnapshot: () => dress(model.initial()),
    transition: ({ state }, event) => dress(model.step(state, event)),
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

class Coverer<State, Event extends { readonly type: string }> {
  readonly #model: Model<State, Event>;
  readonly #explored: Exploration<State, Event>;
  readonly #goal: (before: State, event: Event, after: State) => string;
  readonly #maxSteps: number;
  readonly #goals = new Map<Edge<State, Event>, string>();
  readonly #open = new Set<string>();

  constructor(
    model: Model<State, Event>,
    explored: Exploration<State, Event>,
    options: CoverOptions<State, Event>,
  ) {
    this.#model = model;
    this.#explored = explored;
    this.#maxSteps = options.maxSteps ?? 60;
    this.#goal = options.goal ?? ((before, event) => `${model.key(before)} ${nameOf(model, event)}`);
    for (const { state, edges } of explored.values()) {
      for (const edge of edges.values()) {
        const goal = this.#goal(state, edge.event, edge.state);
        this.#goals.set(edge, goal);
        this.#open.add(goal);
      }
    }
  }

  isOpen(edge: Edge<State, Event>): boolean {
    return this.#open.has(this.#goals.get(edge) ?? '');
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
        this.#open.delete(this.#goal(state, event, next));
        state = next;
        steps.push({ event, state });
      }
    }
    return { start, steps };
  }

  /** The shortest path from `state` through an open goal; empty if none is near. */
  #next(state: State): readonly Event[] {
    const possible = this.#possible(state);
    const seen = new Set<string>();
    let front: { readonly key: string; readonly way: readonly Event[] }[] = [
      { key: this.#model.key(state), way: [] },
    ];
    for (let depth = 0; depth <= LOOK_AHEAD && front.length > 0; depth++) {
      const further: typeof front = [];
      for (const { key, way } of front) {
        const node = this.#explored.get(key);
        if (!node || seen.has(key)) continue;
        seen.add(key);
        for (const [name, edge] of node.edges) {
          if (depth === 0 && !possible.has(name)) continue;
          // Final events come last, because nothing can follow them.
          const ends = this.#explored.get(edge.to)?.edges.size === 0;
          if (ends) continue;
          if (this.isOpen(edge)) return [...way, edge.event];
          further.push({ key: edge.to, way: [...way, edge.event] });
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
