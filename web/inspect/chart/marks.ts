import { activeStates, innermost, within } from './active.ts';
import type { ChartMap, MapTransition } from './chart-map.ts';

/** What the chart shows of one moment. */
export interface Marks {
  readonly active: ReadonlySet<string>;
  /** Innermost of the active states that the last event entered. */
  readonly entered: ReadonlySet<string>;
}

/** What an event did: ids of transitions. */
export interface Effect {
  /** Taken, in order. */
  readonly taken: readonly string[];
  /** Whose guard said no. */
  readonly refused: readonly string[];
}

export const NO_EFFECT: Effect = { taken: [], refused: [] };

/** The one transition that carries its words, and the guards that were refused beside it. */
export interface ChartLabel {
  readonly transition: MapTransition;
  /** Whether it was taken; otherwise its guard is among those that refused. */
  readonly taken: boolean;
  /** Guards in words, each once: of the same state, if one of its transitions was taken. */
  readonly refused: readonly string[];
}

export function marksOf(map: ChartMap, value: unknown, { taken }: Effect): Marks {
  const active = activeStates(value);
  const leaves = innermost(active);
  const targets = map.transitions.filter(({ id }) => taken.includes(id)).flatMap((one) => one.targets);
  const entered = leaves.filter((leaf) => targets.some((target) => leaf === target || within(leaf, target)));
  return { active, entered: new Set(entered) };
}

/**
 * Picks the transition to describe: one that changed the public state, else one that moved an inner state, else one that
 * stayed; the last of equals. If none was taken, the first refused one.
 */
export function labelOf(map: ChartMap, { taken, refused }: Effect): ChartLabel | undefined {
  const known = new Map(map.transitions.map((transition) => [transition.id, transition]));
  const find = (ids: readonly string[]) => ids.flatMap((id) => known.get(id) ?? []);
  const took = find(taken);
  const refusals = find(refused.filter((id) => !taken.includes(id)));
  const most = Math.max(...took.map(weight));
  const said = took.findLast((transition) => weight(transition) === most);
  if (said) {
    const beside = refusals.filter(({ state }) => state === said.state);
    return { transition: said, taken: true, refused: guardsOf(beside) };
  }
  const [first] = refusals;
  return first && { transition: first, taken: false, refused: guardsOf(refusals) };
}

function guardsOf(transitions: readonly MapTransition[]): string[] {
  return [...new Set(transitions.map(({ guard }) => guard))];
}

function weight({ from, to, targets }: MapTransition): number {
  if (to !== null && !from.every((state) => state === to)) return 3;
  if (to !== null) return 2;
  return targets.length > 0 ? 1 : 0;
}

/** A transition in a line: what happens, and if what. */
export function transitionWords({ event, guard }: MapTransition): string {
  return guard === '' ? event : `${event} [${guard}]`;
}

/** Where it leads, seen from where it starts: `asking → streaming`; empty if it stays. */
export function moveWords({ state, targets }: MapTransition): string {
  const [target] = targets;
  if (target === undefined) return '';
  return target === state ? `${lastOf(state)} again` : `${lastOf(state) || 'anywhere'} → ${lastOf(target)}`;
}

export function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
