import { activeStates, innermost, within } from './active.ts';
import type { ChartLayout, LaidState, WrittenTransition } from './layout.ts';
import { around, type Rect } from './view.ts';

/** What of the chart is to be seen at one moment. */
export interface Marks {
  readonly active: ReadonlySet<string>;
  /** Ids of transitions. */
  readonly taken: ReadonlySet<string>;
  /** Ids of transitions whose guard said no, and that were not taken all the same. */
  readonly refused: ReadonlySet<string>;
}

export type TransitionMark = 'taken' | 'refused' | 'plain';

export function marksOf(value: unknown, taken: readonly string[], refused: readonly string[]): Marks {
  const took = new Set(taken);
  return {
    active: activeStates(value),
    taken: took,
    refused: new Set(refused.filter((id) => !took.has(id))),
  };
}

export function markOf({ taken, refused }: Marks, { id }: { readonly id: string }): TransitionMark {
  if (taken.has(id)) return 'taken';
  return refused.has(id) ? 'refused' : 'plain';
}

/** Of several transitions along one line, what the line is to show. */
export function lineMark(marks: Marks, transitions: readonly WrittenTransition[]): TransitionMark {
  const all = transitions.map((transition) => markOf(marks, transition));
  return all.find((mark) => mark === 'taken') ?? all.find((mark) => mark === 'refused') ?? 'plain';
}

/** Where to look: at the states that were left and entered last, or else at those that are active. */
export function focusOf({ states, edges }: ChartLayout, { active, taken }: Marks): Rect | undefined {
  const boxes = new Map(states.map((state) => [state.path, state]));
  const leaves = innermost(active);
  const all = [
    ...states.flatMap(({ path, rows }) => rows.map((one) => ({ from: path, ...one }))),
    ...edges.flatMap(({ from, transitions }) => transitions.map((one) => ({ from, ...one }))),
  ];
  const last = all.findLast(({ id }) => taken.has(id));
  const entered = leaves.filter((leaf) =>
    last?.targets.some((target) => leaf === target || within(leaf, target)),
  );
  const paths = last && entered.length > 0 ? [last.from, ...entered.slice(0, 1)] : leaves.slice(0, 1);
  return around(paths.flatMap((path) => titleOf(boxes.get(path)) ?? []));
}

/** Of a large state it is enough to see where its name is. */
function titleOf(state: LaidState | undefined): Rect | undefined {
  if (!state) return undefined;
  const { x, y, width, height } = state;
  return { x, y, width: Math.min(width, 240), height: Math.min(height, 120) };
}
