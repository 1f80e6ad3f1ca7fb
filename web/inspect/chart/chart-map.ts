import type { StateValue } from 'xstate';
import {
  type ChartDescription,
  describeChart,
  type TransitionInfo,
} from '../../../machines/chart-description.ts';
import { type SessionMachine, sessionMachine } from '../../../machines/session/machine.ts';
import { publicState } from '../../../machines/session/public-state.ts';
import { REGIONS } from '../../../machines/session/regions.ts';
import type { PublicState } from '../../../machines/wire.ts';
import { isPublicState, PUBLIC_STATES } from '../../../machines/wire.ts';
import { within } from './active.ts';

/** The session's statechart arranged as a map: six public states, their inner states, and lanes side by side. */
export interface ChartMap {
  readonly nodes: readonly MapNode[];
  readonly frame: MapFrame;
  /** Every state but the root, by its path. */
  readonly states: ReadonlyMap<string, MapState>;
  readonly transitions: readonly MapTransition[];
}

export interface MapState {
  /** As in machines/chart-description.ts. */
  readonly path: string;
  readonly name: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final';
  /** Whether the state around it begins here. */
  readonly first: boolean;
  /** Children that live exactly as long as the state is active. */
  readonly invokes: readonly string[];
  /** Levels below the node, lane or frame in which it is drawn; of these themselves, 0. */
  readonly depth: number;
  /** The state within whose box it is drawn; empty for nodes and the frame. */
  readonly around: string;
}

/** A public state: what a client sees of the session. */
export interface MapNode {
  readonly state: PublicState;
  readonly path: string;
  /** Drawn below it, those around before those within. */
  readonly inner: readonly MapState[];
}

/** The parallel state: it holds some of the nodes, and its regions run side by side. */
export interface MapFrame {
  readonly path: string;
  /** Public states that lie within it. */
  readonly holds: readonly PublicState[];
  readonly lanes: readonly MapLane[];
}

/** A region of the frame. */
export interface MapLane {
  readonly path: string;
  readonly name: string;
  /** Its states that do not belong to a node, those around before those within. */
  readonly inner: readonly MapState[];
  /** Public states that lie within it: their columns are this lane. */
  readonly holds: readonly PublicState[];
}

export interface MapTransition extends TransitionInfo {
  /** Public states in which it can be taken. */
  readonly from: readonly PublicState[];
  /** The public state it leads to; null if it stays, or leads to a part that does not determine the public state. */
  readonly to: PublicState | null;
}

/** Lanes as a reply flows through them; others follow in the chart's order. */
const LANE_ORDER = ['llm', 'tts', 'playback', 'actions'];

/** The map of the machine of this version. */
export function sessionMap(): ChartMap {
  return mapOf(conversationChart(sessionMachine));
}

/** The other regions have no place on the map. */
export function conversationChart(machine: SessionMachine): ChartDescription {
  const { states, transitions } = describeChart(machine);
  const beside = Object.keys(REGIONS);
  const drawn = (path: string) => !beside.some((region) => within(path, region) || path === region);
  return {
    states: states.filter(({ path }) => drawn(path)),
    transitions: transitions.filter(({ state }) => drawn(state)),
  };
}

/** Throws if a public state has no state of its name, or if the machine does not have exactly one parallel state. */
export function mapOf(chart: ChartDescription): ChartMap {
  const arranged = new Arrangement(chart);
  return {
    nodes: arranged.nodes,
    frame: arranged.frame,
    states: arranged.states,
    transitions: chart.transitions.map((transition) => ({ ...transition, ...arranged.endsOf(transition) })),
  };
}

class Arrangement {
  readonly nodes: readonly MapNode[];
  readonly frame: MapFrame;
  readonly states = new Map<string, MapState>();
  readonly #chart: ChartDescription;
  readonly #pathOf: ReadonlyMap<PublicState, string>;

  constructor(chart: ChartDescription) {
    this.#chart = chart;
    this.#pathOf = new Map(PUBLIC_STATES.map((state) => [state, only(chart, ({ name }) => name === state)]));
    const framePath = only(chart, ({ kind }) => kind === 'parallel');
    const inFrame = PUBLIC_STATES.filter((state) => within(this.#path(state), framePath));
    this.nodes = PUBLIC_STATES.map((state) => {
      const path = this.#path(state);
      this.#place(path, '', 0);
      const strays = inFrame.includes(state) ? this.#strays(framePath, state) : [];
      return { state, path, inner: [...this.#below(path), ...strays] };
    });
    this.#place(framePath, '', 0);
    const lanes = chart.states.filter(({ parent }) => parent === framePath);
    this.frame = {
      path: framePath,
      holds: inFrame,
      lanes: lanes
        .map(({ path, name }) => {
          this.#place(path, framePath, 0);
          const holds = inFrame.filter((state) => within(this.#path(state), path));
          return { path, name, holds, inner: holds.length > 0 ? [] : this.#below(path) };
        })
        .sort((a, b) => laneRank(a.name) - laneRank(b.name)),
    };
    const forgotten = chart.states.filter(({ path }) => path !== '' && !this.states.has(path));
    if (forgotten.length > 0)
      throw new Error(`the map has no place for ${forgotten.map(({ path }) => path).join(', ')}`);
  }

  endsOf({ state, targets }: TransitionInfo): Pick<MapTransition, 'from' | 'to'> {
    const [target] = targets;
    return { from: this.#publicAt(state), to: target === undefined ? null : this.#homeOf(target) };
  }

  /** Public states while `path` is active. */
  #publicAt(path: string): PublicState[] {
    const { frame } = this;
    return PUBLIC_STATES.filter((state) => {
      const node = this.#path(state);
      // A final state has no transitions.
      if (this.states.get(node)?.kind === 'final') return false;
      if (within(node, path) || node === path) return true;
      const home = this.#homeOf(path);
      return home === null ? within(path, frame.path) && frame.holds.includes(state) : home === state;
    });
  }

  #path(state: PublicState): string {
    return this.#pathOf.get(state) ?? '';
  }

  /** States below `path`, in the order in which they are written. */
  #below(path: string, depth = 1): MapState[] {
    return this.#chart.states
      .filter(({ parent }) => parent === path)
      .flatMap((child) => {
        // States that are drawn as nodes are not drawn again.
        if (this.states.has(child.path)) return [];
        const own = this.#place(child.path, path, depth);
        return [own, ...this.#below(child.path, depth + 1)];
      });
  }

  /** States beside a node, in its region, in which the public state is that node's too. */
  #strays(framePath: string, node: PublicState): MapState[] {
    const path = this.#path(node);
    const region = this.#chart.states.find((state) => state.parent === framePath && within(path, state.path));
    return this.#chart.states
      .filter(({ parent, name }) => parent === region?.path && !isPublicState(name))
      .filter((state) => this.#homeOf(state.path) === node)
      .flatMap((state) => [this.#place(state.path, state.parent ?? '', 1), ...this.#below(state.path, 2)]);
  }

  #place(path: string, around: string, depth: number): MapState {
    const known = this.states.get(path);
    if (known) return known;
    const state = this.#chart.states.find((one) => one.path === path);
    if (!state) throw new Error(`the chart has no state ${path}`);
    const { name, kind, invokes } = state;
    const first = this.#chart.states.some(({ initial }) => initial === path);
    const placed = { path, name, kind, invokes, first, depth, around };
    this.states.set(path, placed);
    return placed;
  }

  /** The public state while the state is active; null for the root and for regions that decide nothing about it. */
  #homeOf(path: string): PublicState | null {
    if (path === '') return null;
    const entered = this.#entered(path);
    const decides = [...this.#pathOf.values()].some((node) => {
      const region = this.#regionOf(node);
      return within(entered, region) || entered === region;
    });
    return decides ? publicState(stateValue(entered)) : null;
  }

  /** The public state that entering a state leads to, if it determines one. */
  #entered(path: string): string {
    const state = this.#chart.states.find((one) => one.path === path);
    if (state?.kind === 'parallel') {
      const region = this.#chart.states.find(
        (one) => one.parent === path && [...this.#pathOf.values()].some((node) => within(node, one.path)),
      );
      return region ? this.#entered(region.path) : path;
    }
    return state?.initial ? this.#entered(state.initial) : path;
  }

  /** The region of the frame around a node; of nodes outside it, themselves. */
  #regionOf(node: string): string {
    const frame = only(this.#chart, ({ kind }) => kind === 'parallel');
    if (!within(node, frame)) return node;
    return (
      this.#chart.states.find(({ parent, path }) => parent === frame && within(node, path))?.path ?? node
    );
  }
}

function only(chart: ChartDescription, is: (state: ChartDescription['states'][number]) => boolean): string {
  const [found, ...more] = chart.states.filter(is);
  if (!found || more.length > 0)
    throw new Error(`the chart has ${found ? 'several states' : 'no state'} of a kind`);
  return found.path;
}

function stateValue(path: string): StateValue {
  const [head = '', ...rest] = path.split('.');
  return rest.length === 0 ? head : { [head]: stateValue(rest.join('.')) };
}

function laneRank(name: string): number {
  const rank = LANE_ORDER.indexOf(name);
  return rank < 0 ? LANE_ORDER.length : rank;
}
