import { clock } from '../views/words.ts';
import { type Drawn, levelPath } from './drawing.ts';
import type { Lane } from './lane.ts';
import type { TimelineModel } from './model.ts';
import { type TimeWindow, tickMs } from './time-window.ts';

/** All in CSS pixels: the column of the lanes' names, and the heights of what is drawn. */
export const NAMES = 104;
export const AXIS = 22;
const ROW = 17;
const GAP = 4;
const LEVELS = 26;
const TICK_EVERY = 110;
/** Least width of an item with a label. */
const LABEL_FROM = 26;
/** Room for a tick's time. */
const TICK_LABEL = 52;

export interface Placed {
  readonly lane: Lane;
  readonly y: number;
}

export function layOut(lanes: readonly Lane[]): readonly Placed[] {
  let y = AXIS + LEVELS + GAP;
  return lanes.map((lane) => {
    const placed = { lane, y };
    y += lane.rows * ROW + GAP;
    return placed;
  });
}

export function heightOf(placed: readonly Placed[]): number {
  const last = placed.at(-1);
  return last ? last.y + last.lane.rows * ROW + GAP : AXIS + LEVELS;
}

interface LaneViewProps {
  readonly lane: Lane;
  readonly at: number;
  readonly y: number;
  readonly items: readonly Drawn[];
}

export function LaneView({ lane, at, y, items }: LaneViewProps) {
  const height = lane.rows * ROW;
  return (
    <g class={`lane lane-${lane.name}`} data-lane={lane.name}>
      <rect class="lane-ground" x={0} y={y - GAP / 2} width="100%" height={height + GAP} />
      <text class="lane-name" x={6} y={y + ROW - 5}>
        {lane.title}
      </text>
      <svg x={NAMES} y={y} width="100%" height={height} overflow="hidden" aria-hidden="true">
        {items.map(({ item, x, width }, index) => (
          <g key={`${item.record}/${item.from}/${item.row}`} data-item={`${at}/${index}`}>
            <rect
              class={`item ${item.kind}`}
              x={x}
              y={item.row * ROW}
              width={width}
              height={ROW - 2}
              rx={2}
            />
            {width > LABEL_FROM ? (
              <svg
                x={x + 4}
                y={item.row * ROW}
                width={Math.max(0, width - 6)}
                height={ROW - 2}
                overflow="hidden"
                aria-hidden="true"
              >
                <text class="item-label" y={ROW - 6}>
                  {item.label.slice(0, Math.ceil(width / 5))}
                </text>
              </svg>
            ) : null}
          </g>
        ))}
      </svg>
    </g>
  );
}

export function Axis({
  seen,
  width,
  height,
}: {
  readonly seen: TimeWindow;
  readonly width: number;
  readonly height: number;
}) {
  const every = tickMs(seen, width / TICK_EVERY);
  const scale = width / (seen.to - seen.from);
  const ticks: number[] = [];
  for (let at = Math.ceil(seen.from / every) * every; at <= seen.to; at += every) ticks.push(at);
  return (
    <g class="axis">
      <rect class="axis-ground" x={NAMES} y={0} width="100%" height={AXIS} />
      {ticks.map((at) => (
        <g key={at}>
          <line
            x1={NAMES + (at - seen.from) * scale}
            x2={NAMES + (at - seen.from) * scale}
            y1={AXIS - 4}
            y2={height}
          />
          {(at - seen.from) * scale < width - TICK_LABEL ? (
            <text x={NAMES + (at - seen.from) * scale + 3} y={AXIS - 8}>
              {clock(at).replace(/\.?0+$/u, '')}
            </text>
          ) : null}
        </g>
      ))}
    </g>
  );
}

export function Levels({
  model,
  seen,
  width,
}: {
  readonly model: TimelineModel;
  readonly seen: TimeWindow;
  readonly width: number;
}) {
  const path = levelPath(model.levels, seen, width, LEVELS);
  return (
    <g class="levels">
      <text class="lane-name" x={6} y={AXIS + LEVELS - 8}>
        user audio
      </text>
      {model.levels.length === 0 && model.recording ? (
        <text class="lane-note" x={NAMES + 4} y={AXIS + LEVELS - 8}>
          {model.recording}
        </text>
      ) : null}
      {path ? <path d={path} transform={`translate(${NAMES} ${AXIS})`} /> : null}
    </g>
  );
}
