import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { REGIONS, type RegionStates } from '../../../machines/session/regions.ts';
import type { PublicState } from '../../../machines/wire.ts';
import { spaced } from '../model/entries.ts';
import { activeStates } from './active.ts';
import type { ChartMap, MapTransition } from './chart-map.ts';
import { Label } from './label.tsx';
import { labelSpot } from './label-spot.ts';
import { Lines } from './lines.tsx';
import { type ChartLabel, type Effect, type Marks, marksOf, NO_EFFECT } from './marks.ts';
import { allDoors, doorOf, openStates, toggled } from './opening.ts';
import { placeMap } from './place.ts';
import { type Path, routesOf } from './routes.ts';
import { activeSpan, scrolledTo } from './scroll.ts';
import { StateItems } from './state-items.tsx';
import { treeKey, treeOf } from './tree.ts';
import { useSize } from './use-size.ts';
import { Ways, waysOf } from './ways.tsx';

/** How often a public state was entered, and how long the session was in it altogether. */
export interface Stay {
  readonly times: number;
  readonly totalMs: number;
}

/** What was clicked, or chosen with Enter: a state, or a path between two public states. */
export type Picked =
  | { readonly kind: 'state'; readonly path: string }
  | { readonly kind: 'path'; readonly from: PublicState; readonly to: PublicState };

export interface ChartProps {
  readonly map: ChartMap;
  /** Where the machine is: XState's state value. */
  readonly value: unknown;
  readonly now: PublicState;
  /** Regions beside the conversation that are not in their first state. */
  readonly regions?: RegionStates | undefined;
  /** What the event of the moment did. */
  readonly effect?: Effect;
  /** What is said of it, or of the last event before it that did something. */
  readonly label?: ChartLabel | undefined;
  /** The path that the label belongs to, if its transition was one between public states. */
  readonly step?: Omit<Path, 'times'> | undefined;
  readonly stays: ReadonlyMap<PublicState, Stay>;
  readonly paths: readonly Path[];
  /** How often a state was entered, by its path. */
  readonly counts: ReadonlyMap<string, number>;
  /** How often a transition was taken where it led from one public state to another. */
  readonly timesOf: (transition: MapTransition, from: PublicState | undefined) => number;
  readonly picked?: Picked | undefined;
  readonly onPick: (picked: Picked) => void;
  /** What is said of a path while the pointer is on it. */
  readonly labelFor?: (path: Path) => ChartLabel | undefined;
}

const NO_STATES: ReadonlySet<string> = new Set();

/**
 * The statechart as a map: six public states and the paths between them that were taken; what is active shows its inner
 * states, the rest shows them when it is opened. A tree for keyboard and screen reader.
 */
export function Chart(props: ChartProps) {
  const { map, value, now, effect = NO_EFFECT, paths, onPick } = props;
  const window = useRef<HTMLDivElement>(null);
  const tree = useRef<HTMLDivElement>(null);
  const size = useSize(window);
  const [byHand, setByHand] = useState(NO_STATES);
  const [focused, setFocused] = useState<string>();
  const [hovered, setHovered] = useState<Path>();
  const marks: Marks = useMemo(() => marksOf(map, value, effect), [map, value, effect]);
  const place = useMemo(
    () => placeMap(map, { ...size, open: openStates(map, marks.active, byHand) }),
    [map, marks.active, byHand, size],
  );
  const routes = useMemo(() => routesOf(place, paths), [place, paths]);
  const items = useMemo(() => treeOf(map, place), [map, place]);
  const stop = items.some(({ path }) => path === focused)
    ? focused
    : map.nodes.find((node) => node.state === now)?.path;

  const where = [...marks.active].join();
  useLayoutEffect(() => {
    const element = window.current;
    // Content that fits is visible anyway; reading its height would force another layout.
    if (!element || (place.height <= size.height && !props.picked)) return;
    const { scrollTop, clientHeight } = element;
    const wanted = scrolledTo(activeSpan(place, marks.active, now), { top: scrollTop, height: clientHeight });
    if (wanted !== scrollTop) element.scrollTop = wanted;
  }, [where, size]);

  const open = (path: string) => setByHand((before) => toggled(before, doorOf(map, path)));
  const pick = (path: string) => {
    setFocused(path);
    onPick({ kind: 'state', path });
    const item = items.find((one) => one.path === path);
    if (item?.expanded === false || byHand.has(doorOf(map, path))) open(path);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const path = pathOf(event.target);
    if (path === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = treeKey(items, { path, key: event.key, closable: byHand });
    if (event.key === 'Enter' || event.key === ' ') pick(path);
    else if (!step) return;
    else if (step.toggle !== undefined) open(step.toggle);
    else if (step.go !== undefined) {
      setFocused(step.go);
      itemOf(tree.current, step.go)?.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  };

  const said = hovered ? props.labelFor?.(hovered) : props.label;
  const way = hovered ?? props.step;
  const middle = routes.find(({ from, to }) => from === way?.from && to === way?.to)?.middle;
  const spot = said && labelSpot(place, said.transition, { now: now, middle });
  return (
    <div class="chart">
      <div class="chart-bar">
        <span class="chart-legend">
          Thicker path: taken more often. <span>Click a state to look inside.</span>
        </span>
        {Object.entries(REGIONS).map(([name, first]) => (
          <Region key={name} name={name} state={props.regions?.[name]} first={first} />
        ))}
        <button
          type="button"
          class="chart-open"
          onClick={() => setByHand(byHand.size > 0 ? NO_STATES : allDoors(map))}
        >
          {byHand.size > 0 ? 'Close' : 'Open all'}
        </button>
      </div>
      <div class="chart-window" ref={window}>
        <div
          class={`chart-map ${place.look}`}
          style={{ width: `${place.width}px`, height: `${place.height}px` }}
        >
          <Lines
            place={place}
            first={map.nodes.find(({ path }) => map.states.get(path)?.first)?.path}
            routes={routes}
            step={props.step}
            picked={props.picked}
            active={map.frame.holds.includes(now)}
            onHover={setHovered}
            onPick={onPick}
          />
          <div
            ref={tree}
            role="tree"
            aria-label="States. Right opens, left closes, Enter shows more."
            onClick={(event) => {
              const path = pathOf(event.target);
              if (path !== undefined) pick(path);
            }}
            onKeyDown={onKeyDown}
          >
            <StateItems {...{ map, place, items, marks, stop, now }} {...props} />
          </div>
          {said && spot ? (
            <Label label={said} spot={spot} path={hovered} inner={middle === undefined} />
          ) : null}
        </div>
        {place.frame.open || place.nodes.some(({ box }) => box) ? null : (
          <Waiting map={map} now={now} timesOf={props.timesOf} />
        )}
      </div>
    </div>
  );
}

/** Where a region beside the conversation is. */
function Region({ name, state, first }: { name: string; state: unknown; first: string }) {
  const moved = state !== undefined;
  return (
    <span class={`chart-region ${moved ? 'moved' : ''}`} data-region={name}>
      {spaced(name)} <b>{moved ? [...activeStates(state)].at(-1) : first}</b>
    </span>
  );
}

/** Details of a state without inner states: its ways out, or its ways in if it is final. */
function Waiting({ map, now, timesOf }: Pick<ChartProps, 'map' | 'now' | 'timesOf'>) {
  const node = map.nodes.find(({ state }) => state === now);
  const out = node ? waysOf(map, { kind: 'state', path: node.path }) : [];
  const final = out.length === 0;
  const ways = final ? map.transitions.filter(({ to, from }) => to === now && !from.includes(now)) : out;
  return (
    <div class="chart-waiting" data-state={now}>
      <p>
        <b class="chart-who">{now}</b>{' '}
        {final ? 'is final: nothing leads out of it. What leads here:' : 'waits for'}
      </p>
      <Ways
        ways={ways}
        timesOf={(way) => timesOf(way, final ? undefined : now)}
        label={`Ways ${final ? 'into' : 'out of'} ${now}`}
      />
    </div>
  );
}

function pathOf(target: EventTarget | null): string | undefined {
  const item = target instanceof Element ? target.closest('[role="treeitem"]') : null;
  return item instanceof HTMLElement ? item.dataset.id : undefined;
}

function itemOf(tree: HTMLElement | null, path: string): HTMLElement | undefined {
  const items = [...(tree?.querySelectorAll<HTMLElement>('[role="treeitem"]') ?? [])];
  return items.find(({ dataset }) => dataset.id === path);
}
