import type { PublicState } from '../../../machines/wire.ts';
import type { Place, PlacedNode, Rect } from './place.ts';

/** A way between two public states that was taken. */
export interface Path {
  readonly from: PublicState;
  readonly to: PublicState;
  /** How often. */
  readonly times: number;
}

export interface Route extends Path {
  /** The line, as the `d` of an SVG path; it ends where the arrow's head begins. */
  readonly line: string;
  /** Thickness of the line. */
  readonly thickness: number;
  readonly head: string;
  /** Its middle: where its label belongs. */
  readonly middle: Point;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Between ports of one side of a node, at most. */
const PORT_STEP = 16;
/** Of an arc's channel, what stays free above the highest one. */
const CLEAR = 10;
/** Of two lines that run against each other beside one another, how far each is from the middle. */
const BESIDE = 8;

/** Draws each path: a straight line to a neighbour, an arc above a row of nodes, or a curve between two rows. */
export function routesOf(place: Place, paths: readonly Path[]): Route[] {
  const nodes = new Map(place.nodes.map((node) => [node.state, node]));
  const ends = paths.flatMap((path) => {
    const from = nodes.get(path.from);
    const to = nodes.get(path.to);
    return from && to ? [{ path, from, to, kind: kindOf(place, from, to) }] : [];
  });
  const ports = portsOf(ends);
  return ends.map((end) => {
    const thickness = thicknessOf(end.path.times);
    if (end.kind === 'straight') {
      const both = paths.some(({ from, to }) => from === end.path.to && to === end.path.from);
      return { ...end.path, thickness, ...straight(end.from, end.to, both, thickness) };
    }
    const start = ports(end.from, end);
    const stop = ports(end.to, end);
    if (end.kind === 'bow') return { ...end.path, thickness, ...bow(start, stop, thickness) };
    const channel = place.channels.find(({ y, height }) => Math.abs(y + height - end.from.y) < 1);
    const reach = Math.abs(end.from.x - end.to.x) / place.width;
    const height = ((channel?.height ?? 0) - CLEAR) * Math.min(1, 0.45 + 0.75 * reach);
    return { ...end.path, thickness, ...arc(start, stop, height, thickness) };
  });
}

/** In pixels. It grows with the logarithm, so that a count of 1 stays visible beside 100. */
export function thicknessOf(times: number): number {
  return Math.min(8, 1.5 + 1.2 * Math.log2(Math.max(1, times)));
}

/** The outline of the frame: its neck above, its body below, as one shape with round corners. */
export function outline(neck: Rect, body: Rect | undefined, radius = 10): string {
  if (!body) return outline(neck, neck, radius);
  const [bodyRight, bodyBottom] = [body.x + body.width, body.y + body.height];
  // A side of the neck that is close to the body's own runs on into it.
  const left = neck.x - body.x > 2 * radius ? neck.x : body.x;
  const right = bodyRight - neck.x - neck.width > 2 * radius ? neck.x + neck.width : bodyRight;
  const points: Point[] = [
    { x: left, y: neck.y },
    { x: right, y: neck.y },
    ...(right < bodyRight
      ? [
          { x: right, y: body.y },
          { x: bodyRight, y: body.y },
        ]
      : []),
    { x: bodyRight, y: bodyBottom },
    { x: body.x, y: bodyBottom },
    ...(left > body.x
      ? [
          { x: body.x, y: body.y },
          { x: left, y: body.y },
        ]
      : []),
  ];
  return rounded(points, radius);
}

interface End {
  readonly path: Path;
  readonly from: PlacedNode;
  readonly to: PlacedNode;
  readonly kind: 'straight' | 'arc' | 'bow';
}

function kindOf(place: Place, from: PlacedNode, to: PlacedNode): End['kind'] {
  if (from.y !== to.y) return 'bow';
  const between = place.nodes.some(
    ({ x, y }) => y === from.y && x > Math.min(from.x, to.x) && x < Math.max(from.x, to.x),
  );
  return between ? 'arc' : 'straight';
}

/** Spreads the ends of lines over the sides of the nodes, in an order in which the fewest cross. */
function portsOf(ends: readonly End[]): (node: PlacedNode, end: End) => Point {
  return (node, end) => {
    const side = sideOf(node, end);
    const all = ends
      .filter((one) => (one.from === node || one.to === node) && one.kind !== 'straight')
      .filter((one) => sideOf(node, one) === side)
      .sort((a, b) => compare(rankOf(node, a), rankOf(node, b)) || (a.from === node ? -1 : 1));
    const step = Math.min(PORT_STEP, (node.width * 0.84) / all.length);
    const x = node.x + node.width / 2 + (all.indexOf(end) - (all.length - 1) / 2) * step;
    return { x, y: side === 'top' ? node.y : node.y + node.height };
  };
}

function sideOf(node: PlacedNode, { kind, from, to }: End): 'top' | 'bottom' {
  const other = from === node ? to : from;
  return kind === 'bow' && other.y > node.y ? 'bottom' : 'top';
}

/** From left to right: arcs to the left, the nearest first; bows by where they go; arcs to the right, the farthest first. */
function rankOf(node: PlacedNode, { kind, from, to }: End): readonly [number, number] {
  const distance = (from === node ? to : from).x - node.x;
  if (kind === 'bow') return [1, distance];
  return distance < 0 ? [0, -distance] : [2, -distance];
}

function compare([a, b]: readonly [number, number], [c, d]: readonly [number, number]): number {
  return a - c || b - d;
}

function straight(from: PlacedNode, to: PlacedNode, both: boolean, thickness: number) {
  const right = to.x > from.x;
  const offset = both ? (right ? -BESIDE : BESIDE) : 0;
  const y = from.y + from.height / 2 + offset;
  const start = { x: right ? from.x + from.width : from.x, y };
  const stop = { x: right ? to.x : to.x + to.width, y };
  const { head, tip } = headOf(stop, { x: right ? 1 : -1, y: 0 }, thickness);
  const middle = { x: (start.x + stop.x) / 2, y };
  return { line: `M${at(start)}L${at(tip)}`, head, middle };
}

function arc(start: Point, stop: Point, height: number, thickness: number) {
  const { head, tip } = headOf(stop, { x: 0, y: 1 }, thickness);
  // The top of a cubic curve is three quarters of the way to its handles.
  const top = start.y - (height * 4) / 3;
  const line = `M${at(start)}C${at({ x: start.x, y: top })} ${at({ x: stop.x, y: top })} ${at(tip)}`;
  return { line, head, middle: { x: (start.x + stop.x) / 2, y: start.y - height } };
}

function bow(start: Point, stop: Point, thickness: number) {
  const { head, tip } = headOf(stop, { x: 0, y: Math.sign(stop.y - start.y) }, thickness);
  const middle = { x: (start.x + stop.x) / 2, y: (start.y + stop.y) / 2 };
  const handles = [
    { x: start.x, y: middle.y },
    { x: stop.x, y: middle.y },
  ];
  return { line: `M${at(start)}C${handles.map(at).join(' ')} ${at(tip)}`, head, middle };
}

/** The head of an arrow that ends at `end`, and where its line has to end. */
function headOf(end: Point, way: Point, thickness: number): { head: string; tip: Point } {
  const length = 6 + thickness * 0.8;
  const half = 3.2 + thickness * 0.7;
  const back = { x: end.x - way.x * length, y: end.y - way.y * length };
  const one = { x: back.x - way.y * half, y: back.y + way.x * half };
  const two = { x: back.x + way.y * half, y: back.y - way.x * half };
  return { head: `M${at(end)}L${at(one)}L${at(two)}z`, tip: { x: back.x + way.x, y: back.y + way.y } };
}

function rounded(points: readonly Point[], radius: number): string {
  const parts = points.map((point, index) => {
    const before = points[(index + points.length - 1) % points.length] ?? point;
    const after = points[(index + 1) % points.length] ?? point;
    const start = toward(point, before, radius);
    const stop = toward(point, after, radius);
    return `${index === 0 ? 'M' : 'L'}${at(start)}Q${at(point)} ${at(stop)}`;
  });
  return `${parts.join('')}z`;
}

function toward(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const share = Math.min(0.5, distance / length);
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

function at({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}
