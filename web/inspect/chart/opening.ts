import type { ChartMap } from './chart-map.ts';

/** The open states: active ones, and those opened by hand. */
export function openStates(
  map: ChartMap,
  active: ReadonlySet<string>,
  byHand: ReadonlySet<string>,
): ReadonlySet<string> {
  return new Set([...active, ...byHand].map((path) => doorOf(map, path)));
}

/** What opens when a state is opened: nodes of the frame open with the frame. */
export function doorOf({ frame, nodes }: ChartMap, path: string): string {
  const node = nodes.find((one) => one.path === path);
  return node && frame.holds.includes(node.state) ? frame.path : path;
}

/** All that can be opened. */
export function allDoors(map: ChartMap): ReadonlySet<string> {
  return new Set(
    [...map.states.values()]
      .filter(({ kind }) => kind === 'compound' || kind === 'parallel')
      .map(({ path }) => doorOf(map, path)),
  );
}

/** Opens a closed state, or closes one that was opened by hand; active states stay open. */
export function toggled(byHand: ReadonlySet<string>, door: string): ReadonlySet<string> {
  const next = new Set(byHand);
  if (!next.delete(door)) next.add(door);
  return next;
}
