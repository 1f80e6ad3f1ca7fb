import type { Picked } from './chart.tsx';
import type { Place, PlacedNode } from './place.ts';
import { outline, type Path, type Route } from './routes.ts';

export interface LinesProps {
  readonly place: Place;
  /** The public state that a session begins in. */
  readonly first: string | undefined;
  readonly routes: readonly Route[];
  /** The path of the transition that the label is about. */
  readonly step: Omit<Path, 'times'> | undefined;
  readonly picked: Picked | undefined;
  /** Whether the frame is. */
  readonly active: boolean;
  readonly onHover: (path: Path | undefined) => void;
  readonly onPick: (picked: Picked) => void;
}

/** Everything drawn below the text: boxes of open states, and paths. The tree and the list of ways contain the same. */
export function Lines({ place, first, routes, step, picked, active, onHover, onPick }: LinesProps) {
  const { frame, nodes, width, height } = place;
  const is = (route: Route, of: { from: string; to: string } | undefined) =>
    route.from === of?.from && route.to === of?.to;
  const chosen = picked?.kind === 'path' ? picked : undefined;
  const drawn = [...routes].sort((a, b) => Number(is(a, step)) - Number(is(b, step)));
  return (
    <svg class="chart-lines" width={width} height={height} aria-hidden="true">
      <path class={`chart-frame ${active ? 'active' : ''}`} d={outline(frame.neck, frame.body)} />
      {nodes.map(({ state, box }) =>
        box ? (
          <rect
            key={state}
            class="chart-frame"
            data-state={state}
            x={box.x}
            y={box.y}
            width={box.width}
            height={box.height}
            rx={10}
          />
        ) : null,
      )}
      {nodes.map((node) => (node.path === first ? <Beginning key={node.path} node={node} /> : null))}
      {drawn.map((route) => {
        const { from, to, line, head, thickness } = route;
        const looks = `${is(route, step) ? 'last' : ''} ${is(route, chosen) ? 'chosen' : ''}`;
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the list of each state's ways out says the same, by key too
          <g
            key={`${from} ${to}`}
            class={`chart-path ${looks}`}
            data-path={`${from} ${to}`}
            onMouseEnter={() => onHover(route)}
            onMouseLeave={() => onHover(undefined)}
            onClick={() => onPick({ kind: 'path', from, to })}
          >
            <path class="chart-reach" d={line} />
            <path class="chart-line" d={line} stroke-width={thickness} />
            <path class="chart-head" d={head} />
          </g>
        );
      })}
    </svg>
  );
}

/** The dot and arrow that a statechart begins with. */
function Beginning({ node: { x, y, height } }: { node: PlacedNode }) {
  const middle = y + height / 2;
  return (
    <g class="chart-beginning">
      <circle cx={x - 10} cy={middle} r={3} />
      <path d={`M${x - 1} ${middle}l-6 -3.5v7z`} />
    </g>
  );
}
