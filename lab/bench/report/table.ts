import type { BenchmarkResult, Goal, Row } from './rows.ts';

const HEAD = ['', 'bus', 'sessions', 'goal', 'median', 'p95', 'p99', 'n', ''] as const;

/** The result as text: a table, then the method. */
export function tableOf({ name, method, rows, notes }: BenchmarkResult): string {
  const cells = [HEAD.map(String), ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return [
    `\n${name}`,
    ...lines.map((line) => `  ${line}`),
    ...method.map((line) => `  ${line}`),
    ...notes.map((note) => `  note: ${note}`),
  ].join('\n');
}

/** The same as Markdown. */
export function markdownOf({ name, method, rows, notes }: BenchmarkResult): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `## ${name}`,
    '',
    ...method,
    '',
    line(HEAD.map(String)),
    line(HEAD.map((_, column) => (column === 0 ? '---' : '---:'))),
    ...rows.map((row) => line(cellsOf(row))),
    ...(notes.length > 0 ? ['', ...notes.map((note) => `- ${note}`)] : []),
    '',
  ].join('\n');
}

function cellsOf(row: Row): string[] {
  const { what, bus = '', sessions, unit, spread, value, goal, met } = row;
  const figures = spread
    ? [spread.p50, spread.p95, spread.p99].map((figure) => `${shown(figure)} ${unit}`)
    : [`${shown(value ?? Number.NaN)} ${unit}`, '', ''];
  return [
    what,
    bus,
    sessions === undefined ? '' : String(sessions),
    goal ? goalText(goal, unit) : '',
    ...figures,
    spread ? String(spread.count) : '',
    met === undefined ? '' : met ? 'met' : 'MISSED',
  ];
}

function goalText(goal: Goal, unit: string): string {
  const named: readonly (readonly [string, number | undefined])[] = [
    ['p50 ≤', goal.p50],
    ['p95 ≤', goal.p95],
    ['p99 ≤', goal.p99],
    ['≤', goal.atMost],
    ['≥', goal.atLeast],
  ];
  const parts = named.flatMap(([name, bound]) => (bound === undefined ? [] : [`${name} ${bound}`]));
  return `${parts.join(', ')} ${unit}`;
}

/** Formats with three significant digits. */
export function shown(figure: number): string {
  if (!Number.isFinite(figure)) return '–';
  const size = Math.abs(figure);
  return figure.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
