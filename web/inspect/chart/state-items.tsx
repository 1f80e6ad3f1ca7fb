import type { PublicState } from '../../../machines/wire.ts';
import type { ChartProps, Stay } from './chart.tsx';
import type { ChartMap, MapState } from './chart-map.ts';
import type { Marks } from './marks.ts';
import type { Place, PlacedNode, PlacedRow, Rect } from './place.ts';
import type { TreeItem } from './tree.ts';

export interface StateItemsProps extends Pick<ChartProps, 'stays' | 'counts' | 'picked'> {
  readonly map: ChartMap;
  readonly place: Place;
  readonly items: readonly TreeItem[];
  readonly marks: Marks;
  readonly now: PublicState;
  /** Path of the item that Tab leads to. */
  readonly stop: string | undefined;
}

/** Mean width of a character of a row, and of what stands before and behind its name: is there room for a count? */
const ROW_CHARACTER = 7.3;
const ROW_EXTRA = 24;
const COUNT_CHARACTER = 7;

/** Every state that is in sight, in the order of the tree. */
export function StateItems(props: StateItemsProps) {
  const { place, items } = props;
  const nodes = new Map(place.nodes.map((node) => [node.path, node]));
  const rows = new Map(place.rows.map((row) => [row.state.path, row]));
  const lanes = new Map(place.lanes.map((lane) => [lane.lane.path, lane]));
  return (
    <>
      {place.lanes.map(({ lane, title: _, ...rect }) => (
        <div key={lane.path} class="chart-lane" role="presentation" style={placed(rect)} />
      ))}
      {items.map((item) => {
        const { path } = item;
        const node = nodes.get(path);
        if (node)
          return (
            <NodeItem key={path} node={node} {...common(item, props)} stay={props.stays.get(node.state)} />
          );
        const row = rows.get(path);
        if (row)
          return (
            <RowItem key={path} row={row} {...common(item, props)} entered={props.marks.entered.has(path)} />
          );
        const lane = lanes.get(path);
        return (
          <TitleItem
            key={path}
            {...common(item, props)}
            at={lane?.title ?? place.frame.title}
            name={props.map.states.get(path)?.name ?? ''}
            kind={lane ? 'lane' : 'frame'}
          />
        );
      })}
    </>
  );
}

interface Common {
  readonly item: TreeItem;
  readonly active: boolean;
  readonly picked: boolean;
  readonly tabIndex: number;
  readonly times: number;
  readonly state: MapState | undefined;
}

function common(item: TreeItem, { map, marks, now, picked, stop, counts }: StateItemsProps): Common {
  const { path } = item;
  const node = map.nodes.find((one) => one.path === path);
  return {
    item,
    // Of a public state, what a client sees.
    active: node ? node.state === now : marks.active.has(path),
    picked: picked?.kind === 'state' && picked.path === path,
    tabIndex: path === stop ? 0 : -1,
    times: counts.get(path) ?? 0,
    state: map.states.get(path),
  };
}

/** What all items say of themselves to a screen reader. */
function attributes({ item, active, picked, tabIndex }: Common, label: string) {
  return {
    role: 'treeitem' as const,
    'aria-label': label,
    'aria-level': item.level,
    'aria-posinset': item.position,
    'aria-setsize': item.siblings,
    'aria-expanded': item.expanded,
    'aria-selected': picked,
    'aria-current': active ? ('true' as const) : undefined,
    tabIndex,
    'data-kind': 'state',
    'data-id': item.path,
    'data-active': active,
  };
}

function NodeItem({ node, stay, ...common }: Common & { node: PlacedNode; stay: Stay | undefined }) {
  const { state } = node;
  const reached = stay !== undefined && stay.times > 0;
  const said = reached ? `${stay.times} times, ${howLong(stay.totalMs)} in all` : 'never reached';
  return (
    <div
      {...attributes(common, `${state}${common.active ? ', now' : ''}, ${said}`)}
      class={`chart-node ${reached ? '' : 'never'}`}
      data-state={state}
      style={placed(node)}
    >
      <span class="chart-name">{state}</span>
      <span class="chart-stay">{reached ? `${stay.times}× · ${howLong(stay.totalMs)}` : 'never'}</span>
    </div>
  );
}

function RowItem({ row, entered, ...common }: Common & { row: PlacedRow; entered: boolean }) {
  const { name, kind, invokes } = row.state;
  const { active, times } = common;
  const living = invokes.length > 0 ? `, ${invokes.join(' and ')} works in it` : '';
  const said = `${name}${active ? ', active' : ''}${living}, entered ${times} times`;
  const count = `${times}×`;
  const room = row.width - ROW_EXTRA - name.length * ROW_CHARACTER;
  return (
    <div
      {...attributes(common, said)}
      class={`chart-row ${kind} ${entered ? 'entered' : ''}`}
      style={placed(row)}
      title={said}
    >
      {row.open === undefined ? <span class="chart-dot" /> : <Fold open={row.open} />}
      <span class="chart-name">{name}</span>
      {times > 0 && count.length * COUNT_CHARACTER <= room ? <span class="chart-count">{count}</span> : null}
    </div>
  );
}

function TitleItem({
  at,
  name,
  kind,
  ...common
}: Common & { at: Rect; name: string; kind: 'lane' | 'frame' }) {
  const said =
    kind === 'frame' ? `${name}, its parts side by side` : `${name}, a part of ${common.item.parent}`;
  return (
    <div {...attributes(common, said)} class={`chart-title ${kind}`} style={placed(at)} title={said}>
      {kind === 'frame' ? <Fold open={common.item.expanded === true} /> : null}
      <span class="chart-name">{name}</span>
    </div>
  );
}

/** A triangle that points to what is open. */
function Fold({ open }: { readonly open: boolean }) {
  return (
    <svg
      class={`chart-fold ${open ? 'open' : ''}`}
      width="10"
      height="10"
      viewBox="0 0 10 10"
      aria-hidden="true"
    >
      <path d="M2.5 1L8 5L2.5 9z" />
    </svg>
  );
}

function placed({ x, y, width, height }: Rect) {
  return { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` };
}

/** Short enough for a node on a phone: `640 ms`, `12.3 s`, `3:07`. */
export function howLong(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const rest = `${seconds % 60}`.padStart(2, '0');
  return hours > 0 ? `${hours}:${`${minutes}`.padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}
