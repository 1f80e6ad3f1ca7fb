import type { Mutation } from './mutation.ts';

export interface Result {
  readonly index: number;
  readonly fault: Mutation;
  /** What found it; undefined: nothing. */
  readonly caught: string | undefined;
}

interface Row {
  planted: number;
  caught: number;
  harmless: number;
  readonly missed: string[];
}

/** Faults by folder: planted, caught, and the names of those that were missed. */
export function scoreOf(results: readonly Result[]): { readonly text: string; readonly missed: number } {
  const rows = new Map<string, Row>();
  for (const { fault, caught } of results) {
    const folder = folderOf(fault.file);
    const row = rows.get(folder) ?? { planted: 0, caught: 0, harmless: 0, missed: [] };
    rows.set(folder, row);
    row.planted += 1;
    if (caught !== undefined) row.caught += 1;
    else if (fault.harmless !== undefined) row.harmless += 1;
    else row.missed.push(fault.what);
  }
  const lines = [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([folder, { planted, caught, harmless, missed }]) =>
      [folder, planted, caught, harmless, missed.length === 0 ? 'none' : missed.join('; ')].join(' | '),
    );
  return {
    text: ['folder | planted | caught | harmless | missed', ...lines].join('\n'),
    missed: [...rows.values()].reduce((sum, { missed }) => sum + missed.length, 0),
  };
}

/** `page` with the rows of these results in place of older ones of the same number. */
export function written(page: string, results: readonly Result[]): string {
  const rows = new Map<number, string>();
  const [head = '', ...lines] = page.split(/^(?=\| \d+ \|)/mu);
  for (const line of lines) rows.set(Number(line.split('|')[1]), line.trimEnd());
  for (const { index, fault, caught } of results) {
    const found = caught ?? `nothing: ${fault.harmless ?? '**not caught**'}`;
    rows.set(index, `| ${index} | ${fault.what} | \`${fault.file}\` | ${found.replaceAll('|', '\\|')} |`);
  }
  return `${head}${[...rows]
    .sort(([a], [b]) => a - b)
    .map(([, row]) => row)
    .join('\n')}\n`;
}

/** `machines/session`, `actors/journal`: two parts at most. */
function folderOf(file: string): string {
  return file.split('/').slice(0, -1).slice(0, 2).join('/');
}
