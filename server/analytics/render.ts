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
  return [`${name} (${turns} turns${costs.characters > 0 ? `; ${spentOf(costs)}` : ''})`, ...lines].join(
    '\n',
  );
}

/** Costs in words. A model that reports no tokens is counted in pieces of text. */
export function spentOf(costs: ReportGroup['costs']): string {
  const { speechSeconds, replySeconds, characters, tokens, inputTokens, cachedTokens, outputTokens } = costs;
  const text =
    outputTokens > 0
      ? `${inputTokens} tokens in (${cachedTokens} cached), ${outputTokens} out`
      : `${tokens} pieces of text`;
  return `${round(speechSeconds)} s heard, ${text}, ${characters} characters, ${round(replySeconds)} s spoken`;
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
