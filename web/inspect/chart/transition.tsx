import { useMemo } from 'preact/hooks';
import { CHART_TYPE, type LaidEdge, type LaidState, type WrittenTransition } from './layout.ts';
import { lineMark, type Marks, markOf } from './marks.ts';

/** What the parts of the chart have in common. */
export interface Drawn {
  readonly marks: Marks;
  readonly counts: ReadonlyMap<string, number>;
}

/** All that a transition's drawing follows from, besides itself. */
export function shownOf({ marks, counts }: Drawn, transition: WrittenTransition): string {
  return `${markOf(marks, transition)} ${counts.get(transition.id) ?? 0}`;
}

/** One line of text that is a transition. `data-id` is what a click on it picks. */
export function TransitionText({
  transition,
  x,
  y,
  width,
  from,
  within,
  drawn: { marks, counts },
}: {
  transition: WrittenTransition;
  x: number;
  y: number;
  width: number;
  from: string;
  /** Width in which it must stay, because beside it it could not be read. */
  within?: number | undefined;
  drawn: Drawn;
}) {
  const { id, text, event, guard, targets } = transition;
  const mark = markOf(marks, transition);
  const times = counts.get(id) ?? 0;
  const told = ` ×${times}`;
  const fits = within === undefined || (text.length + told.length) * CHART_TYPE.small <= within;
  const counted = times > 0 && fits ? told : '';
  const label = [
    `Transition ${event} of ${from || 'the session'}`,
    guard && `if ${guard}`,
    targets.length > 0 ? `to ${targets.join(' and ')}` : 'stays',
    mark === 'taken' && 'taken just now',
    mark === 'refused' && 'refused just now by its guard',
    `${times} times`,
  ];
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no buttons
    <g
      class={`chart-transition ${mark}`}
      role="button"
      tabIndex={-1}
      data-kind="transition"
      data-id={id}
      aria-label={label.filter(Boolean).join(', ')}
    >
      <rect
        x={x}
        y={y}
        width={Math.min(width + counted.length * CHART_TYPE.small, within ?? Number.POSITIVE_INFINITY)}
        height={CHART_TYPE.line}
        rx={3}
      />
      <text x={x + 3} y={y + 11}>
        {mark === 'refused' ? '✕ ' : ''}
        {text}
        {counted ? <tspan class="chart-count">{counted}</tspan> : null}
      </text>
    </g>
  );
}

/** An arrow from one state to another. */
export function EdgeLine({ edge, marks }: { edge: LaidEdge; marks: Marks }) {
  const mark = lineMark(marks, edge.transitions);
  return useMemo(() => {
    const d = edge.points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');
    return <path class={`chart-edge ${mark}`} d={d} marker-end={`url(#chart-head-${mark})`} />;
  }, [edge, mark]);
}

export function EdgeLabel({ edge, drawn }: { edge: LaidEdge; drawn: Drawn }) {
  const { transitions, from, label } = edge;
  const shown = transitions.map((transition) => shownOf(drawn, transition)).join();
  return useMemo(
    () => (
      <g>
        {transitions.map((transition, index) => (
          <TransitionText
            key={transition.id}
            transition={transition}
            x={label.x}
            y={label.y + index * CHART_TYPE.line}
            width={label.width}
            from={from}
            drawn={drawn}
          />
        ))}
      </g>
    ),
    [edge, shown],
  );
}

/** From a transition that is written inside its state to where it led, drawn only when it was taken. */
export function Jump({ from, to, row }: { from: LaidState; to: LaidState; row: number }) {
  const x = from.x + CHART_TYPE.pad;
  const y = from.y + CHART_TYPE.title + (row + 0.5) * CHART_TYPE.line;
  const toX = to.x + Math.min(to.width / 2, 80);
  const bend = Math.max(60, Math.abs(toX - x) / 3);
  const d = `M${x - 4} ${y}C${x - bend} ${y + bend} ${toX} ${to.y - bend} ${toX} ${to.y}`;
  return <path class="chart-edge taken jump" d={d} marker-end="url(#chart-head-taken)" />;
}
