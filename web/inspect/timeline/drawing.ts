import type { AudioLevel } from '../../../server/endpoints/inspect/wire.ts';
import { lastWhere } from '../model/search.ts';
import type { Item, Lane } from './lane.ts';
import type { TimeWindow } from './time-window.ts';

/** An item as it is drawn, in CSS pixels. Items too close to the previous one to be distinguished are omitted. */
export interface Drawn {
  readonly item: Item;
  readonly x: number;
  readonly width: number;
}

/** Narrower is not seen. */
const LEAST_WIDTH = 2;
const MARK_WIDTH = 4;

/** What of a lane can be seen: at most about one item for each pixel and row, however many there are. */
export function drawn(lane: Lane, { from, to }: TimeWindow, width: number): readonly Drawn[] {
  const scale = width / (to - from);
  const ends: number[] = [];
  const result: Drawn[] = [];
  for (const item of lane.visible(from, to)) {
    const start = Math.max(0, (item.from - from) * scale);
    const end = Math.min(width, ((item.to ?? Number.POSITIVE_INFINITY) - from) * scale);
    const least = item.to === item.from ? MARK_WIDTH : LEAST_WIDTH;
    const size = Math.max(least, end - start);
    // A wide one is always drawn; a narrow one only beside, not on, its neighbour.
    if (size <= MARK_WIDTH && start < (ends[item.row] ?? Number.NEGATIVE_INFINITY)) continue;
    ends[item.row] = start + size;
    result.push({ item, x: start, width: size });
  }
  return result;
}

/** Loudness below which nothing is drawn, in dB of full scale. */
const FLOOR_DB = -60;

/** The outline of the user's audio, as an SVG path of `height` with silence at the bottom; empty if there is none. */
export function levelPath(
  levels: readonly AudioLevel[],
  { from, to }: TimeWindow,
  width: number,
  height: number,
): string {
  const scale = width / (to - from);
  const columns = new Map<number, number>();
  for (const level of levels.slice(lastWhere(levels, ({ at }) => at < from) + 1)) {
    if (level.at > to) break;
    const x = Math.round((level.at - from) * scale);
    columns.set(x, Math.max(columns.get(x) ?? 0, level.rms));
  }
  if (columns.size === 0) return '';
  const points = [...columns].map(([x, rms]) => `L${x} ${(height * (1 - loudness(rms))).toFixed(1)}`);
  const [first] = columns.keys();
  const last = [...columns.keys()].at(-1);
  return `M${first} ${height}${points.join('')}L${last} ${height}Z`;
}

function loudness(rms: number): number {
  const db = 20 * Math.log10(Math.max(rms, 1e-6));
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
}
