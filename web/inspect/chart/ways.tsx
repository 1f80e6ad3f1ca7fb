import type { Picked } from './chart.tsx';
import type { ChartMap, MapTransition } from './chart-map.ts';
import { lastOf, transitionWords } from './marks.ts';

/** Of a public state all that leads to another one, of an inner state what is written in it, of a path what leads along it. */
export function waysOf(map: ChartMap, picked: Picked): MapTransition[] {
  if (picked.kind === 'path')
    return map.transitions.filter(({ from, to }) => from.includes(picked.from) && to === picked.to);
  const node = map.nodes.find(({ path }) => path === picked.path);
  if (!node) return map.transitions.filter(({ state }) => state === picked.path);
  const out = map.transitions.filter(
    ({ from, to }) => from.includes(node.state) && to !== null && to !== node.state,
  );
  // What may happen at any time, last.
  return [...out.filter(({ state }) => state !== ''), ...out.filter(({ state }) => state === '')];
}

export interface WaysProps {
  readonly ways: readonly MapTransition[];
  /** How often it was taken. */
  readonly timesOf: (way: MapTransition) => number;
  readonly label: string;
  /** Goes to a moment at which it was taken. */
  readonly onGo?: (way: MapTransition) => void;
}

/** Transitions as a list: what happens, where it leads, how often it did. */
export function Ways({ ways, timesOf, label, onGo }: WaysProps) {
  return (
    <ul class="chart-ways" aria-label={label}>
      {ways.map((way) => {
        const { id, to, from, targets } = way;
        const times = timesOf(way);
        const outside = to !== null && (from.length > 1 || !from.includes(to));
        const where = outside ? to : targets.map(lastOf).join(', ');
        return (
          <li key={id} data-transition={id}>
            <b class={times > 0 ? '' : 'untaken'}>{transitionWords(way)}</b>
            <span class="chart-to" data-state={outside ? to : undefined}>
              {where === '' ? 'stays' : `→ ${where}`}
            </span>
            {onGo && times > 0 ? (
              <button
                type="button"
                class="link"
                aria-label={`${times} times: go to one`}
                onClick={() => onGo(way)}
              >
                {times}×
              </button>
            ) : (
              <span class="chart-times">{times}×</span>
            )}
          </li>
        );
      })}
    </ul>
  );
}
