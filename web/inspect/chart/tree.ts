import type { ChartMap, MapState } from './chart-map.ts';
import type { Place } from './place.ts';

/** One state as an item for keyboard and screen reader. */
export interface TreeItem {
  readonly path: string;
  /** From 1. */
  readonly level: number;
  /** Whether its inner states are visible; undefined if it has none. */
  readonly expanded: boolean | undefined;
  /** Path of the item around it; empty for the outermost. */
  readonly parent: string;
  /** Its place among its siblings, from 1, and how many they are. */
  readonly position: number;
  readonly siblings: number;
}

/** What is in sight, in reading order: public states with what is in them, and after those of the frame its lanes. */
export function treeOf(map: ChartMap, place: Place): TreeItem[] {
  const rows = new Map(place.rows.map((row) => [row.state.path, row]));
  const draft: Omit<TreeItem, 'position' | 'siblings'>[] = [];
  const inner = (states: readonly MapState[], parent: string, level: number) => {
    for (const { path, depth, around } of states) {
      const row = rows.get(path);
      if (!row) continue;
      draft.push({ path, level: level + depth, expanded: row.open, parent: depth === 1 ? parent : around });
    }
  };
  const frame = () => {
    draft.push({ path: map.frame.path, level: 1, expanded: place.frame.open, parent: '' });
    for (const { lane } of place.lanes) {
      const expanded = lane.inner.length > 0 ? true : undefined;
      draft.push({ path: lane.path, level: 2, expanded, parent: map.frame.path });
      inner(lane.inner, lane.path, 2);
    }
  };
  const lastHeld = map.frame.holds.at(-1);
  for (const { state, path, inner: states } of map.nodes) {
    const held = map.frame.holds.includes(state);
    const open = held ? place.frame.open : place.nodes.some((node) => node.path === path && node.box);
    draft.push({ path, level: 1, expanded: states.length > 0 ? open : undefined, parent: '' });
    inner(states, path, 1);
    if (state === lastHeld) frame();
  }
  return draft.map((item) => {
    const siblings = draft.filter(({ parent }) => parent === item.parent);
    return { ...item, position: siblings.indexOf(item) + 1, siblings: siblings.length };
  });
}

export interface TreeStep {
  /** Path of the item to go to. */
  readonly go?: string | undefined;
  /** Path of the item to open or close. */
  readonly toggle?: string | undefined;
}

/** What a key means at an item, as in any tree; undefined if it means nothing here. `closable`: items opened by hand. */
export function treeKey(
  items: readonly TreeItem[],
  {
    path,
    key,
    closable,
  }: { readonly path: string; readonly key: string; readonly closable: ReadonlySet<string> },
): TreeStep | undefined {
  const at = items.findIndex((item) => item.path === path);
  const item = items[at];
  if (!item) return undefined;
  switch (key) {
    case 'ArrowDown':
      return { go: items[at + 1]?.path };
    case 'ArrowUp':
      return { go: items[at - 1]?.path };
    case 'Home':
      return { go: items[0]?.path };
    case 'End':
      return { go: items.at(-1)?.path };
    case 'ArrowRight':
      if (item.expanded === false) return { toggle: path };
      return item.expanded ? { go: items.find(({ parent }) => parent === path)?.path } : {};
    case 'ArrowLeft':
      if (item.expanded && closable.has(path)) return { toggle: path };
      return item.parent === '' ? {} : { go: item.parent };
    default:
      return undefined;
  }
}
