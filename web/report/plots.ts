import uPlot from 'uplot';
import type { Kpi, ReportGroup } from '../../server/analytics/report.ts';

const HEIGHT = 180;

/** A curve: its name, and its value in an hour. */
type Curve = readonly [label: string, value: (hour: ReportGroup) => number | undefined];

const kpi = (hour: ReportGroup, name: string): Kpi | undefined => hour.kpis.find((one) => one.name === name);
const percentiles = (name: string): Curve[] => [
  ['p50', (hour) => kpi(hour, name)?.p50],
  ['p95', (hour) => kpi(hour, name)?.p95],
];

const PLOTS: readonly { readonly title: string; readonly curves: readonly Curve[] }[] = [
  { title: 'First audio, ms', curves: percentiles('First audio') },
  { title: 'First token, ms', curves: percentiles('First token') },
  { title: 'Turns an hour', curves: [['turns', (hour) => hour.turns]] },
  {
    title: 'Share of turns, %',
    curves: ['Interrupted', 'Not understood', 'Failed'].map(
      (name): Curve => [name, (hour) => kpi(hour, name)?.value],
    ),
  },
];

/** Plots of the hours in place of what `parent` has. */
export function drawPlots(parent: HTMLElement, hours: readonly ReportGroup[]): void {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => resolved(style.getPropertyValue(name), parent);
  const inks = ['--accent', '--bad', '--processing'].map(colour);
  const axis = {
    stroke: colour('--soft'),
    grid: { stroke: colour('--line') },
    ticks: { stroke: colour('--line') },
  };
  parent.replaceChildren();
  if (hours.length === 0) return;
  const times = hours.map(({ name }) => Date.parse(name) / 1_000);
  // All boxes first: each takes its share of the width.
  const boxes = PLOTS.map((plot) => ({ ...plot, box: parent.appendChild(document.createElement('div')) }));
  for (const { title, curves, box } of boxes) {
    new uPlot(
      {
        title,
        width: Math.max(240, box.clientWidth - 24),
        height: HEIGHT,
        axes: [axis, { ...axis, size: 60 }],
        scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
        series: [
          {},
          ...curves.map(([label], i) => ({
            label,
            stroke: inks[i] ?? 'currentColor',
            width: 2,
            points: { show: hours.length < 40 },
          })),
        ],
      },
      [times, ...curves.map(([, value]) => hours.map((hour) => value(hour) ?? null))],
      box,
    );
  }
}

/** A colour that a canvas understands: `light-dark(…)` is not one. */
function resolved(value: string, parent: HTMLElement): string {
  const probe = parent.appendChild(document.createElement('span'));
  probe.style.color = value;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
