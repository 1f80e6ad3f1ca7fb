import { describe, expect, it } from 'vitest';
import { sessionMap } from './chart-map.ts';
import { allDoors, doorOf, openStates, toggled } from './opening.ts';
import { type Place, placeMap, type Rect } from './place.ts';
import { sizesFor } from './sizes.ts';

const map = sessionMap();
/** Of the chart's panel, in windows of 360, 820 and 1,280 px and of a large screen. */
const ROOMS = [
  { width: 342, height: 400 },
  { width: 790, height: 400 },
  { width: 740, height: 352 },
  { width: 1_125, height: 510 },
];
/** What stands before a name. */
const MARK = 15;
const NONE: ReadonlySet<string> = new Set();

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** What carries words: names of all kinds, and room for labels. */
function worded({ nodes, rows, lanes, frame, channels }: Place): Rect[] {
  const labels = [frame.labels, ...nodes.map((node) => node.labels)].flatMap((one) => one ?? []);
  return [...nodes, ...rows, ...lanes.map(({ title }) => title), frame.title, ...labels, ...channels];
}

function inside({ x, y, width, height }: Rect, place: Place): boolean {
  return x >= 0 && y >= 0 && x + width <= place.width && y + height <= place.height;
}

describe.each(ROOMS)('the layout in a room of $width × $height', (room) => {
  it.each([
    ['nothing', NONE],
    ['listening', new Set(['listening', 'listening.endpointing'])],
    ['responding', new Set(['responding', 'responding.llm.running'])],
    ['everything', allDoors(map)],
  ])('lays no words on others with %s open, and all inside', (_, open) => {
    const place = placeMap(map, { ...room, open });
    const all = worded(place);
    for (const [index, one] of all.entries()) {
      expect(inside(one, place), JSON.stringify(one)).toBe(true);
      expect(all.slice(index + 1).filter((other) => overlap(one, other))).toEqual([]);
    }
  });

  it('shows the six public states and the name of the frame before anything is opened', () => {
    const place = placeMap(map, { ...room, open: NONE });
    expect(place.nodes).toHaveLength(6);
    expect(place.rows).toEqual([]);
    expect(place.lanes).toEqual([]);
  });

  it('leaves the public states where they are, whatever is opened', () => {
    const spots = (open: ReadonlySet<string>) =>
      placeMap(map, { ...room, open }).nodes.map(({ x, y, width, height }) => ({ x, y, width, height }));
    expect(spots(allDoors(map))).toEqual(spots(NONE));
  });

  it('shows every state if all is open', () => {
    const place = placeMap(map, { ...room, open: allDoors(map) });
    const shown = [
      ...place.nodes.map(({ path }) => path),
      ...place.rows.map(({ state }) => state.path),
      ...place.lanes.map(({ lane }) => lane.path),
      map.frame.path,
    ];
    expect(shown.sort()).toEqual([...map.states.keys()].sort());
  });

  it('puts lanes side by side, and each inner state into its own', () => {
    const { lanes, rows } = placeMap(map, { ...room, open: allDoors(map) });
    const [phase] = lanes.filter(({ lane }) => lane.holds.length > 0);
    expect(lanes.filter(({ y }) => y === phase?.y).length).toBeGreaterThan(1);
    for (const { lane, ...rect } of lanes)
      for (const row of rows.filter(({ state }) => state.path.startsWith(`${lane.path}.`))) {
        expect(row.x).toBeGreaterThanOrEqual(rect.x);
        expect(row.x + row.width).toBeLessThanOrEqual(rect.x + rect.width);
        expect(row.y + row.height).toBeLessThanOrEqual(rect.y + rect.height);
      }
  });

  it('has room for every name', () => {
    // As wide as letters of a wide font are; the pages' test measures those of the browser.
    const letter = sizesFor(room.width, room.height).look === 'narrow' ? 6.3 : 7;
    const { rows } = placeMap(map, { ...room, open: allDoors(map) });
    for (const { state, width } of rows)
      expect(width, state.path).toBeGreaterThanOrEqual(state.name.length * letter + MARK);
  });
});

it('fits into the window of a laptop while a reply is made', () => {
  const open = new Set(['responding', 'responding.llm.running', 'responding.tts.running']);
  expect(placeMap(map, { width: 740, height: 352, open }).height).toBeLessThanOrEqual(352);
});

describe('what is open', () => {
  it('is what is active and what was opened by hand', () => {
    const active = new Set(['', 'listening', 'listening.capturing']);
    const open = openStates(map, active, new Set(['responding']));
    expect(open.has('listening')).toBe(true);
    expect(open.has('responding')).toBe(true);
    expect(open.has('listening.endpointing')).toBe(false);
  });

  it('opens and closes by hand, and public states of the frame with the frame', () => {
    const door = doorOf(map, 'responding.phase.speaking');
    expect(door).toBe('responding');
    const opened = toggled(NONE, door);
    expect([...opened]).toEqual(['responding']);
    expect([...toggled(opened, door)]).toEqual([]);
  });
});
