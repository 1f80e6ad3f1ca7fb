import type { Kpi, Report, ReportGroup } from './report.ts';

/** A report as a table for people, in lines. */
export function renderReport({ since, sessions, total, groups }: Report): string {
  const head = `${total.turns} turns of ${sessions} sessions since ${since}`;
  return [head, ...[total, ...groups].map(renderGroup)].join('\n\n');
}

const COLUMNS = ['', 'count', 'p50', 'p95', 'p99', 'goal', ''] as const;

function renderGroup({ name, turns, kpis, costs }: ReportGroup): string {
  const rows = [COLUMNS, ...kpis.map(cells)];
  const widths = COLUMNS.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  const { speechSeconds, replySeconds, characters, tokens } = costs;
  const spent = `${round(speechSeconds)} s heard, ${tokens} tokens, ${characters} characters, ${round(replySeconds)} s spoken`;
  return [`${name} (${turns} turns${characters > 0 ? `; ${spent}` : ''})`, ...lines].join('\n');
}

/** The cells of a figure, as in the table's head. */
export function cells({ name, unit, count, p50, p95, p99, value, goal = '', met }: Kpi): readonly string[] {
  const shown = (figure: number | undefined) => (figure === undefined ? '' : `${round(figure)}`);
  const verdict = met === undefined ? '' : met ? '✓' : '✗';
  if (unit === '%')
    return [name, `${count}`, value === undefined ? '' : `${round(value)} %`, '', '', goal, verdict];
  return [`${name}, ms`, `${count}`, shown(p50), shown(p95), shown(p99), goal, verdict];
}

function round(figure: number): number {
  return figure < 100 ? Math.round(figure * 10) / 10 : Math.round(figure);
}
