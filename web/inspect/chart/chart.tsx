import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ChartLayout } from './layout.ts';
import { focusOf, type Marks, marksOf } from './marks.ts';
import { usePanZoom } from './pan-zoom.ts';
import { StateBox } from './state-box.tsx';
import { type Drawn, EdgeLabel, EdgeLine, Jump } from './transition.tsx';
import { cornerOf, FAR_ZOOM, lookingAt, READABLE_ZOOM, revealing, wholeOf } from './view.ts';

export type PickKind = 'state' | 'transition';

export interface ChartProps {
  /** Where everything is drawn: `chart.json`, made when the pages were built. */
  readonly layout: ChartLayout;
  /** Where the machine is: XState's state value. */
  readonly value: unknown;
  /** Ids of the transitions of the last event, in the order in which they were taken. */
  readonly lastTransition: readonly string[];
  /** Ids of the transitions whose guard refused the last event. */
  readonly refusedGuards: readonly string[];
  /** How often a state was entered (by path) or a transition taken (by id). */
  readonly counts: ReadonlyMap<string, number>;
  /** A state (its path) or a transition (its id) was chosen by mouse, finger or key. */
  readonly onPick: (kind: PickKind, name: string) => void;
}

const STEP = 1.25;

/**
 * The statechart as the machine is written: what is active is lit, the last transition drawn, a guard that refused
 * shown as such. It can be dragged and zoomed (wheel, pinch, `+` `-` `0`), and gone through with `↑` and `↓`; `←` and `→`
 * are left to time travel.
 */
export function Chart({ layout, value, lastTransition, refusedGuards, counts, onPick }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const [follows, setFollows] = useState(true);
  const marks = useMemo(
    () => marksOf(value, lastTransition, refusedGuards),
    [value, lastTransition.join(), refusedGuards.join()],
  );
  const drawn = useMemo((): Drawn => ({ marks, counts }), [marks, counts]);
  const { view, screen, change } = usePanZoom(box, () => setFollows(false));
  const focus = useMemo(() => focusOf(layout, marks), [layout, marks]);

  useLayoutEffect(() => {
    if (!follows || !focus || screen.width === 0) return;
    change((now) => lookingAt({ ...now, zoom: Math.max(now.zoom, READABLE_ZOOM) }, focus, screen));
  }, [follows, focus, screen.width, screen.height]);

  useEffect(() => makeOneReachable(svg.current), [layout]);

  const pick = (target: EventTarget | null) => {
    const chosen = partOf(target);
    const { kind, id } = chosen?.dataset ?? {};
    if ((kind === 'state' || kind === 'transition') && id !== undefined) onPick(kind, id);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const done = (act: () => void) => {
      act();
      event.preventDefault();
      event.stopPropagation();
    };
    switch (event.key) {
      case 'Enter':
      case ' ':
        return done(() => pick(event.target));
      case '+':
      case '=':
        return done(() => change((now) => ({ ...now, zoom: now.zoom * STEP })));
      case '-':
        return done(() => change((now) => ({ ...now, zoom: now.zoom / STEP })));
      case '0':
        return done(() => change(() => wholeOf({ x: 0, y: 0, ...layout }, screen)));
      case 'ArrowDown':
        return done(() => moveFocus(svg.current, event.target, 1));
      case 'ArrowUp':
        return done(() => moveFocus(svg.current, event.target, -1));
      default:
        return;
    }
  };

  const onFocus = (event: FocusEvent) => {
    const box = boxOf(event.target);
    if (box && screen.width > 0) change((now) => revealing(now, box, screen));
  };

  const farZoom = view.zoom < FAR_ZOOM ? view.zoom : undefined;
  const parts = useMemo(
    () => <Parts layout={layout} drawn={drawn} farZoom={farZoom} />,
    [layout, drawn, farZoom],
  );
  const corner = cornerOf(view, screen);
  return (
    <div class="chart">
      <div class="chart-window" ref={box}>
        {/* biome-ignore lint/a11y/useSemanticElements: SVG has no field sets */}
        <svg
          ref={svg}
          viewBox={`0 0 ${layout.width} ${layout.height}`}
          width={layout.width * view.zoom}
          height={layout.height * view.zoom}
          style={{ transform: `translate(${corner.x}px, ${corner.y}px)` }}
          role="group"
          aria-label="Statechart. Up and down go from part to part, Enter tells more, plus and minus zoom."
          onClick={(event) => pick(event.target)}
          onKeyDown={onKeyDown}
          onFocusCapture={onFocus}
        >
          {parts}
        </svg>
      </div>
      <div class="chart-tools" role="toolbar" aria-label="Chart view">
        <button
          type="button"
          aria-label="Zoom in"
          onClick={() => change((now) => ({ ...now, zoom: now.zoom * STEP }))}
        >
          +
        </button>
        <button
          type="button"
          aria-label="Zoom out"
          onClick={() => change((now) => ({ ...now, zoom: now.zoom / STEP }))}
        >
          −
        </button>
        <button
          type="button"
          onClick={() => {
            setFollows(false);
            change(() => wholeOf({ x: 0, y: 0, ...layout }, screen));
          }}
        >
          all
        </button>
        <button type="button" aria-pressed={follows} onClick={() => setFollows(!follows)}>
          follow
        </button>
      </div>
    </div>
  );
}

interface PartsProps {
  readonly layout: ChartLayout;
  readonly drawn: Drawn;
  /** How far away, where only names can be read; absent from near. */
  readonly farZoom: number | undefined;
}

/** All that is drawn, wherever it is on the screen. */
function Parts({ layout, drawn, farZoom }: PartsProps) {
  return (
    <>
      <Heads />
      {layout.states.map((state) => (
        <StateBox key={state.path} state={state} drawn={drawn} farZoom={farZoom} />
      ))}
      {layout.edges.map((edge) => (
        <EdgeLine key={`${edge.from} → ${edge.to}`} edge={edge} marks={drawn.marks} />
      ))}
      <Jumps layout={layout} marks={drawn.marks} />
      {(farZoom === undefined ? layout.edges : []).map((edge) => (
        <EdgeLabel key={`${edge.from} → ${edge.to}`} edge={edge} drawn={drawn} />
      ))}
    </>
  );
}

function Heads() {
  return (
    <defs>
      {(['plain', 'taken', 'refused'] as const).map((mark) => (
        <marker
          key={mark}
          id={`chart-head-${mark}`}
          class={`chart-head ${mark}`}
          viewBox="0 0 8 8"
          refX={7}
          refY={4}
          markerWidth={8}
          markerHeight={8}
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0 0L8 4L0 8z" />
        </marker>
      ))}
    </defs>
  );
}

function Jumps({ layout, marks }: { layout: ChartLayout; marks: Marks }) {
  const boxes = new Map(layout.states.map((state) => [state.path, state]));
  return (
    <>
      {layout.states.flatMap((from) =>
        from.rows.flatMap(({ id, targets: [target] }, row) => {
          const to = target === undefined || target === from.path ? undefined : boxes.get(target);
          return to && marks.taken.has(id) ? <Jump key={id} from={from} to={to} row={row} /> : [];
        }),
      )}
    </>
  );
}

/** The state or transition that a click or key met. */
function partOf(target: EventTarget | null): SVGElement | undefined {
  const found = target instanceof Element ? target.closest('[data-kind]') : null;
  return found instanceof SVGElement ? found : undefined;
}

function boxOf(target: EventTarget | null) {
  const part = partOf(target);
  const box = part?.querySelector('rect');
  return box instanceof SVGGraphicsElement ? box.getBBox() : undefined;
}

/** One part of the chart is reached with Tab; the arrow keys go on from there. */
function makeOneReachable(svg: SVGSVGElement | null): void {
  svg?.querySelector('[data-kind]')?.setAttribute('tabindex', '0');
}

function moveFocus(svg: SVGSVGElement | null, from: EventTarget | null, by: number): void {
  const parts = [...(svg?.querySelectorAll<SVGElement>('[data-kind]') ?? [])];
  const focused = partOf(from);
  const at = focused ? parts.indexOf(focused) : -1;
  const next = parts[(at + by + parts.length) % parts.length];
  for (const part of parts) part.setAttribute('tabindex', part === next ? '0' : '-1');
  next?.focus({ preventScroll: true });
}
