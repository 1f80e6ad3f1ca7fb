import { useMemo, useRef, useState } from 'preact/hooks';
import { useResize } from '../views/use-resize.ts';
import { clock, duration } from '../views/words.ts';
import { type Drawn, drawn } from './drawing.ts';
import { usePress, useWheel } from './gestures.ts';
import type { Item, Lane } from './lane.ts';
import { Axis, heightOf, LaneView, Levels, layOut, NAMES } from './lanes-view.tsx';
import type { TimelineModel } from './model.ts';
import { followed, panned, showing, type TimeWindow, wholeWindow, zoomed } from './time-window.ts';

export interface TimelineProps {
  readonly model: TimelineModel;
  /** The moment shown, in ms since the session's start. */
  readonly cursor: number;
  /** The moment follows the live end. */
  readonly live: boolean;
  readonly onSeek: (t: number) => void;
}

/** A live session is followed through a window of this length, in ms. */
const LIVE_MS = 20_000;
const ZOOM = 1.4;
/** Maximum number of items in the list beside the drawing. */
const LISTED = 200;

/** Everything that happened, in lanes over one clock. Wheel and +/- zoom, dragging and shift with the arrows pan. */
export function Timeline({ model, cursor, live, onSeek }: TimelineProps) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  const [chosen, setChosen] = useState<TimeWindow>();
  const [pointed, setPointed] = useState<Item>();
  const { durationMs } = model;
  const seen = inSight(chosen, model, cursor, live);
  const latest = useRef({ seen, durationMs, width });
  latest.current = { seen, durationMs, width };
  const look = (next: (now: TimeWindow, durationMs: number) => TimeWindow) =>
    setChosen(next(latest.current.seen, latest.current.durationMs));
  useResize(box, ({ clientWidth }) => setWidth(Math.max(100, clientWidth - NAMES)));
  useWheel(box, (event, x) => {
    const { seen: now, width: wide } = latest.current;
    const msAPixel = (now.to - now.from) / wide;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      look((window, ms) => panned(window, (event.deltaX || event.deltaY) * msAPixel, ms));
    } else {
      const at = now.from + x * msAPixel;
      look((window, ms) => zoomed(window, ZOOM ** (-event.deltaY / 100), at, ms));
    }
  });
  const press = usePress(latest, look, onSeek);

  const onKeyDown = (event: KeyboardEvent) => {
    const step = (seen.to - seen.from) / 8;
    if (event.key === '+' || event.key === '=') look((now, ms) => zoomed(now, ZOOM, cursor, ms));
    else if (event.key === '-') look((now, ms) => zoomed(now, 1 / ZOOM, cursor, ms));
    else if (event.key === '0') look((_, ms) => wholeWindow(ms));
    else if (event.shiftKey && event.key === 'ArrowLeft') look((now, ms) => panned(now, -step, ms));
    else if (event.shiftKey && event.key === 'ArrowRight') look((now, ms) => panned(now, step, ms));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const { from, to } = seen;
  const { version } = model;
  // However often the moment moves: the lanes stay as they are.
  const { placed, drawings, height, lanes } = useMemo(
    () => lanesOf(model, { from, to }, width),
    [model, version, from, to, width],
  );
  const list = useMemo(
    () => <ItemList lanes={placed.map(({ lane }) => lane)} drawings={drawings} onSeek={onSeek} />,
    [placed, drawings, onSeek],
  );
  const x = NAMES + (cursor - from) * (width / (to - from));
  return (
    <div class="timeline">
      <div class="timeline-tools">
        <button
          type="button"
          aria-label="Zoom in"
          onClick={() => look((now, ms) => zoomed(now, ZOOM, cursor, ms))}
        >
          +
        </button>
        <button
          type="button"
          aria-label="Zoom out"
          onClick={() => look((now, ms) => zoomed(now, 1 / ZOOM, cursor, ms))}
        >
          −
        </button>
        <button type="button" onClick={() => look((_, ms) => wholeWindow(ms))}>
          All
        </button>
        <output class="timeline-detail">
          {pointed ? words(pointed) : `${clock(seen.from)} to ${clock(seen.to)}`}
        </output>
      </div>
      <div
        class="timeline-lanes"
        ref={box}
        role="slider"
        aria-label="Moment; + and - zoom, shift and arrows pan, 0 shows all"
        aria-valuemin={0}
        aria-valuemax={Math.round(durationMs)}
        aria-valuenow={Math.round(cursor)}
        aria-valuetext={clock(cursor)}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <svg
          class="timeline-drawing"
          aria-hidden="true"
          width={NAMES + width}
          height={height}
          onPointerDown={press.down}
          onPointerMove={(event) => {
            press.move(event);
            setPointed(itemAt(event, drawings));
          }}
          onPointerUp={(event) => press.up(event, itemAt(event, drawings))}
          onPointerCancel={press.cancel}
          onPointerLeave={() => setPointed(undefined)}
        >
          {lanes}
        </svg>
        {cursor >= from && cursor <= to ? (
          <div
            class="cursor"
            data-cursor={Math.round(cursor)}
            style={{ height: `${height}px`, transform: `translateX(${x}px)` }}
          />
        ) : null}
      </div>
      {list}
    </div>
  );
}

/** The lanes as they are drawn, and what of them can be pointed at. */
function lanesOf(model: TimelineModel, seen: TimeWindow, width: number) {
  const placed = layOut(model.lanes);
  const drawings = placed.map(({ lane }) => drawn(lane, seen, width));
  const height = heightOf(placed);
  const lanes = (
    <g>
      <Axis seen={seen} width={width} height={height} />
      <Levels model={model} seen={seen} width={width} />
      {placed.map(({ lane, y }, at) => (
        <LaneView key={lane.name} lane={lane} at={at} y={y} items={drawings[at] ?? []} />
      ))}
    </g>
  );
  return { placed, drawings, height, lanes };
}

function inSight(
  chosen: TimeWindow | undefined,
  model: TimelineModel,
  cursor: number,
  live: boolean,
): TimeWindow {
  const { durationMs } = model;
  if (live) return followed(chosen ?? { from: 0, to: LIVE_MS }, durationMs);
  const now = chosen ?? wholeWindow(durationMs);
  return showing(now, Math.min(cursor, durationMs), durationMs);
}

/** The same for those who cannot see it or have no pointer. */
function ItemList({
  lanes,
  drawings,
  onSeek,
}: {
  readonly lanes: readonly Lane[];
  readonly drawings: readonly (readonly Drawn[])[];
  readonly onSeek: (t: number) => void;
}) {
  const [open, setOpen] = useState(false);
  const items = open
    ? drawings
        .flatMap((of, at) => of.map(({ item }) => ({ item, title: lanes[at]?.title ?? '' })))
        .sort((a, b) => a.item.from - b.item.from)
    : [];
  return (
    <details class="timeline-list" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Visible items as a list</summary>
      <ul>
        {items.slice(0, LISTED).map(({ item, title }) => (
          <li key={`${title}/${item.record}/${item.from}/${item.row}`}>
            <button type="button" onClick={() => onSeek(item.from)}>
              {clock(item.from)} {title}: {words(item)}
            </button>
          </li>
        ))}
        {items.length > LISTED ? <li>and {items.length - LISTED} more: zoom in</li> : null}
      </ul>
    </details>
  );
}

function words({ from, to, label }: Item): string {
  if (to === undefined) return `${label} (since ${clock(from)})`;
  return to > from ? `${label} (${duration(to - from)})` : label;
}

function itemAt(event: Event, drawings: readonly (readonly Drawn[])[]): Item | undefined {
  const { target } = event;
  const name = target instanceof Element ? target.closest('[data-item]')?.getAttribute('data-item') : null;
  const [lane, index] = (name ?? '').split('/').map(Number);
  return name ? drawings[lane ?? -1]?.[index ?? -1]?.item : undefined;
}
