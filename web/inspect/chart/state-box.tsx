import { useMemo } from 'preact/hooks';
import { CHART_TYPE, invokedText, type LaidState } from './layout.ts';
import { type Drawn, shownOf, TransitionText } from './transition.tsx';

const FIRST = 4;
/** Size of a name from afar, on the screen, and the width of one of its characters. */
const FAR_SIZE = 11;
const FAR_WIDTH = 6.6;

export interface StateBoxProps {
  readonly state: LaidState;
  readonly drawn: Drawn;
  /** How far away, where only names can be read; absent from near. */
  readonly farZoom: number | undefined;
}

/** One state: its box, its name, and the transitions that are written inside it. */
export function StateBox({ state, drawn, farZoom }: StateBoxProps) {
  const { marks, counts } = drawn;
  const shown = [
    marks.active.has(state.path),
    counts.get(state.path),
    ...state.rows.map((row) => shownOf(drawn, row)),
  ];
  return useMemo(() => box({ state, drawn, farZoom }), [state, shown.join(), farZoom]);
}

function box({ state, drawn, farZoom }: StateBoxProps) {
  const { path, name, kind, first, invokes, x, y, width, height, rows } = state;
  const { line, title, pad } = CHART_TYPE;
  const active = drawn.marks.active.has(path);
  const times = drawn.counts.get(path) ?? 0;
  // Beside a box that is lit, its text could not be read.
  const room = width - pad - name.length * CHART_TYPE.name - invokedText(invokes).length * CHART_TYPE.small;
  const fits = !active || ` ×${times}`.length * CHART_TYPE.small <= room;
  const counted = times > 0 && fits ? ` ×${times}` : '';
  const living = invokes.length > 0 ? `, child ${invokes.join(', ')} lives here` : '';
  const label = `State ${path || name}${active ? ', active' : ''}${living}, entered ${times} times`;
  return (
    <g class={`chart-state ${kind === 'atomic' || kind === 'final' ? 'leaf' : ''} ${active ? 'active' : ''}`}>
      {/* biome-ignore lint/a11y/useSemanticElements: SVG has no buttons */}
      <g role="button" tabIndex={-1} data-kind="state" data-id={path} data-active={active} aria-label={label}>
        <rect class="chart-box" x={x} y={y} width={width} height={height} rx={6} />
        {kind === 'final' ? (
          <rect class="chart-inner" x={x + 3} y={y + 3} width={width - 6} height={height - 6} rx={4} />
        ) : null}
        {first ? <circle class="chart-first" cx={x} cy={y + title / 2} r={FIRST} /> : null}
        {farZoom === undefined ? (
          <text class="chart-name" x={x + pad} y={y + 16} font-size={13}>
            {name}
            {invokes.length > 0 ? <tspan class="chart-child">{invokedText(invokes)}</tspan> : null}
            {counted ? <tspan class="chart-count">{counted}</tspan> : null}
          </text>
        ) : name.length * FAR_WIDTH < width * farZoom && 2 * FAR_SIZE < height * farZoom ? (
          <text class="chart-name" x={x + 4 / farZoom} y={y + 14 / farZoom} font-size={FAR_SIZE / farZoom}>
            {name}
          </text>
        ) : null}
      </g>
      {(farZoom === undefined ? rows : []).map((transition, row) => (
        <TransitionText
          key={transition.id}
          transition={transition}
          x={x + pad - 3}
          y={y + title + row * line}
          width={Math.min(width - 2 * pad + 6, (transition.text.length + 5) * CHART_TYPE.small)}
          from={path}
          within={active ? width - pad : undefined}
          drawn={drawn}
        />
      ))}
    </g>
  );
}
