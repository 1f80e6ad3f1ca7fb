/** Which transitions a set of runs took, and the page that shows them. */
import type { SessionPath } from './kernel-level.ts';
import type { TransitionInfo } from './transitions.ts';

/** Number of runs that took each transition, by its id. */
export type Coverage = ReadonlyMap<string, number>;

/** Counts each path once per transition. */
export function coverageOf(paths: readonly SessionPath[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { steps } of paths) {
    const taken = new Set(
      steps.flatMap(({ state }) => state.happenings.flatMap((happening) => happening.taken)),
    );
    for (const id of taken) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** Ids of transitions that no run took. */
export function missing(
  transitions: ReadonlyMap<string, TransitionInfo>,
  coverage: Coverage,
  except: Readonly<Record<string, string>> = {},
): string[] {
  return [...transitions.keys()].filter((id) => !coverage.has(id) && !(id in except));
}

export interface TablePage {
  readonly transitions: ReadonlyMap<string, TransitionInfo>;
  /** Column heading → counts. */
  readonly levels: Readonly<Record<string, Coverage>>;
  /** Why a level cannot take a transition: heading → id → reason. */
  readonly excused: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Text above the table. */
  readonly head: string;
}

/** The coverage as Markdown: a row per transition, a column per level. */
export function renderTable({ transitions, levels, excused, head }: TablePage): string {
  const headings = Object.keys(levels);
  const rows = [...transitions.values()].map((info) => [
    info.state || '(root)',
    `${info.event}${branchOf(info)}`,
    info.guard,
    info.targets.join(', '),
    ...headings.map((level) => {
      const count = levels[level]?.get(info.id) ?? 0;
      return count === 0 && excused[level]?.[info.id] ? '–' : String(count);
    }),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const table = [
    line(['state', 'event', 'guard', 'to', ...headings]),
    line(['---', '---', '---', '---', ...headings.map(() => '---:')]),
    ...rows.map(line),
  ];
  const reasons = new Map<string, string>();
  for (const [level, ids] of Object.entries(excused))
    for (const [id, reason] of Object.entries(ids)) if (!levels[level]?.has(id)) reasons.set(id, reason);
  const notes = [...reasons].map(([id, reason]) => `- \`${id}\`: ${reason}`);
  const foot = notes.length > 0 ? ['', 'Not reached (–), and why it cannot be:', '', ...notes] : [];
  return `${[head.trim(), '', ...table, ...foot].join('\n')}\n`;
}

function branchOf({ id }: TransitionInfo): string {
  return / #\d+$/.exec(id)?.[0] ?? '';
}
