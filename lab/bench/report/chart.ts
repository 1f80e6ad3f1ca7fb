/** A small writer of SVG line charts that are legible on light and dark pages. */

export interface Series {
  readonly name: string;
  /** One value per x position; undefined if not measured. */
  readonly values: readonly (number | undefined)[];
  readonly dashed?: boolean;
  /** Series of the same number share a colour. */
  readonly colour: number;
}

export interface Chart {
  readonly title: string;
  readonly subtitle: string;
  readonly xLabel: string;
  readonly x: readonly string[];
  readonly unit: string;
  readonly series: readonly Series[];
  /** A line to stay below. */
  readonly goal?: { readonly value: number; readonly name: string };
}

const WIDTH = 720;
const HEIGHT = 380;
const LEFT = 76;
const RIGHT = 190;
const TOP = 64;
const BOTTOM = 52;
/** Distinguishable with colour blindness, on white and on black (after Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00'];
const STYLE =
  'text{font:12px system-ui,sans-serif;fill:#57606a}.t{font-size:15px;font-weight:600;fill:#24292f}' +
  '.g{stroke:#8b949e;stroke-opacity:.35}.goal{stroke:#8b949e;stroke-width:1.5;stroke-dasharray:2 4}' +
  '@media (prefers-color-scheme:dark){text{fill:#9da7b1}.t{fill:#e6edf3}}';

/** The chart with a logarithmic y axis, because ratios matter. Values below 0.1 are drawn at 0.1. */
export function lineChart(chart: Chart): string {
  const drawn = chart.series.flatMap(({ values }) =>
    values.flatMap((value) => (isKnown(value) ? [value] : [])),
  );
  const all = [...drawn, ...(chart.goal ? [chart.goal.value] : [])];
  const low = 10 ** Math.floor(Math.log10(Math.max(0.1, Math.min(...all, 1))));
  const high = 10 ** Math.ceil(Math.log10(Math.max(low * 10, ...all) * 1.0001));
  const y = (value: number) => {
    const share = Math.log(Math.max(low, value) / low) / Math.log(high / low);
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM));
  };
  const step = (WIDTH - LEFT - RIGHT) / Math.max(1, chart.x.length - 1);
  const x = (index: number) => round(LEFT + index * step);

  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(chart.title)}">`,
    `<style>${STYLE}</style>`,
    `<text class="t" x="16" y="26">${escaped(chart.title)}</text>`,
    `<text x="16" y="46">${escaped(chart.subtitle)}</text>`,
    ...ticks(low, high).flatMap((value) => [
      `<line class="g" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"/>`,
      `<text x="${LEFT - 8}" y="${y(value) + 4}" text-anchor="end">${value} ${escaped(chart.unit)}</text>`,
    ]),
    ...chart.x.map(
      (name, index) =>
        `<text x="${x(index)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${escaped(name)}</text>`,
    ),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(chart.xLabel)}</text>`,
  ];
  if (chart.goal) {
    const at = y(chart.goal.value);
    parts.push(`<line class="goal" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/>`);
    parts.push(`<text x="${WIDTH - RIGHT + 8}" y="${at + 4}">${escaped(chart.goal.name)}</text>`);
  }
  chart.series.forEach(({ name, values, dashed, colour: number }, index) => {
    const colour = COLOURS[number % COLOURS.length];
    const points = values.flatMap((value, at) => (isKnown(value) ? [[x(at), y(value)] as const] : []));
    const line = points.map((point) => point.join(',')).join(' ');
    parts.push(
      `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="2"${dashed ? ' stroke-dasharray="6 4"' : ''}/>`,
    );
    for (const [cx, cy] of points) parts.push(`<circle cx="${cx}" cy="${cy}" r="3.5" fill="${colour}"/>`);
    const legendY = TOP + 8 + index * 20;
    parts.push(
      `<line x1="${WIDTH - RIGHT + 34}" x2="${WIDTH - RIGHT + 54}" y1="${legendY}" y2="${legendY}" stroke="${colour}" stroke-width="3"${dashed ? ' stroke-dasharray="6 4"' : ''}/>`,
    );
    parts.push(`<text x="${WIDTH - RIGHT + 60}" y="${legendY + 4}">${escaped(name)}</text>`);
  });
  return `${parts.join('\n')}\n</svg>\n`;
}

/** 1, 2 and 5 of each power of ten. */
function ticks(low: number, high: number): number[] {
  const found: number[] = [];
  for (let power = low; power < high * 0.999; power *= 10)
    for (const times of [1, 2, 5]) found.push(Number((power * times).toPrecision(1)));
  return [...found, high];
}

function isKnown(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
