import type { PublicState } from '../../../machines/wire.ts';
import { within } from './active.ts';
import type { ChartMap, MapLane, MapState } from './chart-map.ts';
import { LINES, type Look, PAD, type Sizes, sizesFor } from './sizes.ts';

/** Layout of the map. Pure; all in CSS pixels, so that text has the same size at any width. */
export interface Place {
  readonly width: number;
  readonly height: number;
  readonly look: Look;
  readonly nodes: readonly PlacedNode[];
  readonly frame: PlacedFrame;
  /** Names of lanes; empty while the frame is closed. */
  readonly lanes: readonly PlacedLane[];
  /** Inner states that are in sight, in the order of the map. */
  readonly rows: readonly PlacedRow[];
  /** Where labels of paths between public states may stand. */
  readonly channels: readonly Rect[];
}

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedNode extends Rect {
  readonly state: PublicState;
  readonly path: string;
  /** Around its inner states, if it is open and not within the frame, and around the room for a label below them. */
  readonly box: Rect | undefined;
  readonly labels: Rect | undefined;
}

export interface PlacedFrame {
  readonly open: boolean;
  /** Around the nodes that it holds, its name included. */
  readonly neck: Rect;
  /** Around its lanes, if it is open. */
  readonly body: Rect | undefined;
  readonly title: Rect;
  readonly labels: Rect | undefined;
}

export interface PlacedLane extends Rect {
  readonly lane: MapLane;
  readonly title: Rect;
}

export interface PlacedRow extends Rect {
  readonly state: MapState;
  /** Whether it has states within, and shows them. */
  readonly open: boolean | undefined;
}

export interface PlaceOptions {
  readonly width: number;
  /** Of the room that it is to fill, if it needs less. */
  readonly height: number;
  /** Paths of nodes, frame and states that show what is within them. */
  readonly open: ReadonlySet<string>;
}

/** Of a row from the border of its lane. */
const INSET = 2;
/** Between boxes. */
const GAP = 6;
/** Between a node and the name of the frame around it. */
const NECK = 4;
/** Of a row within another one, by level. */
const INDENT = 8;

export function placeMap(map: ChartMap, options: PlaceOptions): Place {
  const sizes = sizesFor(options.width, options.height);
  const lines = LINES[sizes.columns];
  const columnWidth = (options.width - 2 * sizes.margin) / sizes.columns;
  const column = (index: number, span = 1): Rect => ({
    x: sizes.margin + index * columnWidth + GAP / 2,
    y: 0,
    width: span * columnWidth - GAP,
    height: 0,
  });
  const rows: PlacedRow[] = [];
  const channels: Rect[] = [];
  const spots = new Map<PublicState, Rect & { readonly column: number }>();
  let y = 0;
  for (const [line, states] of lines.entries()) {
    const height = sizes.channels[line] ?? 0;
    channels.push({ x: sizes.margin, y, width: options.width - 2 * sizes.margin, height });
    y += height;
    for (const [index, state] of states.entries()) {
      const { x, width } = column(index);
      const middle = x + width / 2;
      spots.set(state, {
        x: middle - sizes.nodeWidth / 2,
        y,
        width: sizes.nodeWidth,
        height: sizes.nodeHeight,
        column: index,
      });
    }
    y += sizes.nodeHeight;
  }
  // Boxes hang from the last line; the frame's below those of others.
  let below = y;
  const nodes = map.nodes.map(({ state, path, inner }): PlacedNode => {
    const { column: index, ...spot } = spots.get(state) ?? { column: 0, x: 0, y: 0, width: 0, height: 0 };
    const open = options.open.has(path) && inner.length > 0 && !map.frame.holds.includes(state);
    if (!open) return { state, path, ...spot, box: undefined, labels: undefined };
    const { x, width } = column(index);
    const list = listed(
      inner,
      options.open,
      { x: x + INSET, y: spot.y + spot.height + PAD, width: width - 2 * INSET },
      sizes,
    );
    rows.push(...list);
    const bottom = spot.y + spot.height + PAD + list.length * sizes.row;
    const labels = {
      x: sizes.margin,
      y: bottom + 4,
      width: options.width - 2 * sizes.margin,
      height: sizes.label,
    };
    const box = { x, y: spot.y - NECK, width, height: bottom + 4 - spot.y + NECK };
    below = Math.max(below, labels.y + labels.height);
    return { state, path, ...spot, box, labels };
  });
  const framed = placeFrame(map, { options, sizes, below, column, nodes });
  const height = Math.max(framed.bottom, below + PAD);
  return {
    width: options.width,
    height,
    look: sizes.look,
    nodes,
    frame: framed.frame,
    lanes: framed.lanes,
    rows: inOrder([...rows, ...framed.rows], map),
    channels,
  };
}

interface FrameRoom {
  readonly options: PlaceOptions;
  readonly sizes: Sizes;
  /** Lowest line that is taken by something else. */
  readonly below: number;
  readonly column: (index: number, span?: number) => Rect;
  readonly nodes: readonly PlacedNode[];
}

function placeFrame(map: ChartMap, { options, sizes, below, column, nodes }: FrameRoom) {
  const held = nodes.filter(({ state }) => map.frame.holds.includes(state));
  const first = Math.min(...held.map(({ x }) => x));
  const lowest = Math.max(...held.map(({ y, height }) => y + height));
  const firstColumn = Math.floor(
    (first - sizes.margin) / ((options.width - 2 * sizes.margin) / sizes.columns),
  );
  const around = column(firstColumn, held.length);
  const top = Math.min(...held.map(({ y }) => y)) - PAD;
  const title = { x: around.x, y: lowest + NECK, width: around.width, height: sizes.title };
  const open = options.open.has(map.frame.path);
  const neck = { ...around, y: top, height: title.y + title.height + 2 - top };
  if (!open) {
    const frame: PlacedFrame = { open, neck, body: undefined, title, labels: undefined };
    return { frame, lanes: [], rows: [], bottom: neck.y + neck.height + PAD };
  }
  const start = Math.max(title.y + title.height, below) + PAD / 2;
  const lanes: PlacedLane[] = [];
  const rows: PlacedRow[] = [];
  let y = start;
  for (const line of laneLines(map, sizes.columns, firstColumn)) {
    let bottom = y;
    const cells: { lane: MapLane; rect: Rect }[] = [];
    for (const { lane, at, span } of line) {
      const rect = { ...column(at, span), y };
      const parts =
        lane.holds.length > 0 ? map.nodes.filter(({ state }) => lane.holds.includes(state)) : [lane];
      for (const [index, part] of parts.entries()) {
        const { x, width } = column(at + index);
        const list = listed(
          part.inner,
          options.open,
          { x: x + INSET, y: y + sizes.title, width: width - 2 * INSET },
          sizes,
        );
        rows.push(...list);
        bottom = Math.max(bottom, y + sizes.title + list.length * sizes.row);
      }
      cells.push({ lane, rect });
    }
    for (const { lane, rect } of cells)
      lanes.push({ lane, ...rect, height: bottom + 4 - y, title: { ...rect, height: sizes.title } });
    y = bottom + 4 + GAP;
  }
  const width = options.width - 2 * sizes.margin;
  const labels = { x: sizes.margin + PAD, y: y - 2, width: width - 2 * PAD, height: sizes.label };
  const body = {
    x: sizes.margin - 3,
    y: start - PAD / 2,
    width: width + 6,
    height: y + sizes.label + 4 - start,
  };
  const frame: PlacedFrame = {
    open,
    neck: { ...neck, height: body.y - neck.y },
    body,
    title,
    labels,
  };
  return { frame, lanes, rows, bottom: body.y + body.height + PAD };
}

interface Cell {
  readonly lane: MapLane;
  /** First column and number of columns. */
  readonly at: number;
  readonly span: number;
}

/** The lane of the nodes stands below them; the others beside it, and in further lines as far as they need. */
function laneLines({ frame }: ChartMap, columns: number, firstColumn: number): Cell[][] {
  const main = frame.lanes.find(({ holds }) => holds.length > 0);
  const others = frame.lanes.filter((lane) => lane !== main);
  const lines: Cell[][] = [];
  if (main) {
    const beside = Array.from({ length: columns }, (_, at) => at).filter(
      (at) => at < firstColumn || at >= firstColumn + main.holds.length,
    );
    const placed = beside.flatMap((at) => {
      const lane = others.shift();
      return lane ? [{ lane, at, span: 1 }] : [];
    });
    const own = { lane: main, at: firstColumn, span: main.holds.length };
    lines.push([...placed, own].sort((a, b) => a.at - b.at));
  }
  while (others.length > 0) lines.push(others.splice(0, columns).map((lane, at) => ({ lane, at, span: 1 })));
  return lines;
}

/** Inner states one below the other; those within others only while these are open. */
function listed(
  states: readonly MapState[],
  open: ReadonlySet<string>,
  { x, y, width }: Pick<Rect, 'x' | 'y' | 'width'>,
  sizes: Sizes,
): PlacedRow[] {
  const shown = states.filter(({ path }) =>
    states.every((other) => other.path === path || !within(path, other.path) || open.has(other.path)),
  );
  return shown.map((state, index) => ({
    state,
    open: states.some((other) => other.path !== state.path && within(other.path, state.path))
      ? open.has(state.path)
      : undefined,
    x: x + (state.depth - 1) * INDENT,
    y: y + index * sizes.row,
    width: width - (state.depth - 1) * INDENT,
    height: sizes.row,
  }));
}

function inOrder(rows: readonly PlacedRow[], map: ChartMap): PlacedRow[] {
  const order = [...map.states.keys()];
  return [...rows].sort((a, b) => order.indexOf(a.state.path) - order.indexOf(b.state.path));
}
