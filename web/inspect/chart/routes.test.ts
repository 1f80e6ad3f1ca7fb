import { describe, expect, it } from 'vitest';
import { PUBLIC_STATES } from '../../../machines/wire.ts';
import { sessionMap } from './chart-map.ts';
import { type PlacedNode, placeMap } from './place.ts';
import { outline, type Path, routesOf, thicknessOf } from './routes.ts';

const place = (width: number) =>
  placeMap(sessionMap(), { width, height: 352, open: new Set(['responding', 'listening']) });
/** Every path that there could be. */
const ALL: Path[] = PUBLIC_STATES.flatMap((from) =>
  PUBLIC_STATES.filter((to) => to !== from).map((to) => ({ from, to, times: 3 })),
);

/** Points along a line of `M`, `L` and `C`. */
function pointsOf(line: string): [number, number][] {
  const numbers = (line.match(/-?[\d.]+/gu) ?? []).map(Number);
  const point = (index: number): [number, number] => [numbers[index * 2] ?? 0, numbers[index * 2 + 1] ?? 0];
  if (!line.includes('C')) return [0, 0.25, 0.5, 0.75, 1].map((t) => mix(point(0), point(1), t));
  const [a, b, c, d] = [point(0), point(1), point(2), point(3)];
  return Array.from({ length: 41 }, (_, step) => {
    const t = step / 40;
    const [ab, bc, cd] = [mix(a, b, t), mix(b, c, t), mix(c, d, t)];
    return mix(mix(ab, bc, t), mix(bc, cd, t), t);
  });
}

function mix([a, b]: [number, number], [c, d]: [number, number], t: number): [number, number] {
  return [a + (c - a) * t, b + (d - b) * t];
}

function holds({ x, y, width, height }: PlacedNode, [px, py]: [number, number]): boolean {
  return px > x + 0.5 && px < x + width - 0.5 && py > y + 0.5 && py < y + height - 0.5;
}

describe.each([333, 740, 1_125])('paths in a room of %d px', (width) => {
  const laid = place(width);
  const routes = routesOf(laid, ALL);

  it('are all drawn, and none through a state', () => {
    expect(routes).toHaveLength(ALL.length);
    for (const { from, to, line } of routes)
      for (const point of pointsOf(line))
        expect(
          laid.nodes.filter((node) => holds(node, point)),
          `${from} → ${to}`,
        ).toEqual([]);
  });

  it('stay within the drawing, and so do the middles where labels belong', () => {
    for (const { line, middle } of routes)
      for (const [x, y] of [...pointsOf(line), [middle.x, middle.y] as [number, number]]) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(width);
        expect(y).toBeGreaterThanOrEqual(0);
      }
  });

  it('end with an arrow at the state that they lead to, each at a place of its own', () => {
    const tips = routes.map(({ head }) => head.slice(1, head.indexOf('L')));
    expect(new Set(tips).size).toBe(routes.length);
    for (const { to, head } of routes) {
      const [[x, y] = [0, 0]] = pointsOf(`${head.slice(0, head.indexOf('L'))}L0 0`);
      const node = laid.nodes.find(({ state }) => state === to);
      expect(x).toBeGreaterThanOrEqual((node?.x ?? 0) - 1);
      expect(x).toBeLessThanOrEqual((node?.x ?? 0) + (node?.width ?? 0) + 1);
      expect(y).toBeGreaterThanOrEqual((node?.y ?? 0) - 1);
      expect(y).toBeLessThanOrEqual((node?.y ?? 0) + (node?.height ?? 0) + 1);
    }
  });
});

it('a path is thicker the more often it was taken, and never too thick to see beside another', () => {
  const thick = [1, 2, 10, 1_000, 100_000].map(thicknessOf);
  expect([...thick].sort((a, b) => a - b)).toEqual(thick);
  expect(thick[0]).toBeGreaterThanOrEqual(1);
  expect(thick.at(-1)).toBeLessThanOrEqual(8);
});

it('the outline of the frame is one closed line, with its neck and without', () => {
  const neck = { x: 100, y: 0, width: 50, height: 40 };
  const body = { x: 0, y: 40, width: 300, height: 100 };
  expect(outline(neck, undefined).match(/Q/gu)).toHaveLength(4);
  expect(outline(neck, body).match(/Q/gu)).toHaveLength(8);
  // A neck at the side runs on into it.
  expect(outline({ ...neck, x: 245 }, body).match(/Q/gu)).toHaveLength(6);
  expect(outline(neck, body)).toMatch(/^M.*z$/u);
});
