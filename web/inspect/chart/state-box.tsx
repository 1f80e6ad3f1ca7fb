import { CHART_TYPE, invokedText, type LaidState } from './layout.ts';
import { type Drawn, TransitionText } from './transition.tsx';

const FIRST = 4;

/** One state: its box, its name, and the transitions that are written inside it. */
export function StateBox({ state, drawn }: { state: LaidState; drawn: Drawn }) {
  const { path, name, kind, first, invokes, x, y, width, height, rows } = state;
  const { line, title, pad } = CHART_TYPE;
  const active = drawn.marks.active.has(path);
  const times = drawn.counts.get(path) ?? 0;
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
        <text class="chart-name" x={x + pad} y={y + 16}>
          {name}
          {invokes.length > 0 ? <tspan class="chart-child">{invokedText(invokes)}</tspan> : null}
          {times > 0 ? <tspan class="chart-count"> ×{times}</tspan> : null}
        </text>
      </g>
      {rows.map((transition, row) => (
        <TransitionText
          key={transition.id}
          transition={transition}
          x={x + pad - 3}
          y={y + title + row * line}
          width={width - 2 * pad + 6}
          from={path}
          drawn={drawn}
        />
      ))}
    </g>
  );
}
