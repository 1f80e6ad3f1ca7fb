import type { LiveSession } from '../endpoints/inspect/wire.ts';

const COLUMNS: readonly {
  readonly title: string;
  readonly width: number;
  readonly right?: true;
  readonly of: (session: LiveSession, nowMs: number) => string;
}[] = [
  { title: 'SESSION', width: 8, of: ({ session }) => session },
  { title: 'STATE', width: 10, of: ({ state }) => state },
  { title: 'AGE', width: 7, right: true, of: ({ startedAt }, nowMs) => age(nowMs - Date.parse(startedAt)) },
  { title: 'TURNS', width: 5, right: true, of: ({ turn }) => String(turn) },
  { title: 'AUDIO ms', width: 8, right: true, of: ({ latencyMs }) => latencyMs?.toFixed(0) ?? '' },
  { title: 'ERRORS', width: 6, right: true, of: ({ errors }) => String(errors) },
  { title: 'DOOR', width: 15, of: ({ endpoint = '' }) => endpoint },
];

/** What one process says of itself, as its metrics have it. */
export interface ProcessFacts {
  /** Of one core, 0 to 1; undefined until it was measured twice. */
  readonly cpu: number | undefined;
  readonly memoryBytes: number | undefined;
  /** What it does without in an overload; 0 for nothing. */
  readonly degradation?: number | undefined;
  /** The other servers of its broker, and how much of what they can bear they have to do. */
  readonly others?: readonly (readonly [string, number])[];
}

/** The lines of one picture, at most `rows` of `width` characters: busy sessions first, then the youngest. */
export function tableOf(
  sessions: readonly LiveSession[],
  { cpu, memoryBytes, degradation = 0, others = [] }: ProcessFacts,
  { nowMs, rows, width }: { readonly nowMs: number; readonly rows: number; readonly width: number },
): readonly string[] {
  const busy = sessions.filter(({ state }) => state !== 'idle').length;
  const facts = [
    `${sessions.length} ${sessions.length === 1 ? 'session' : 'sessions'}, ${busy} busy`,
    ...(cpu === undefined ? [] : [`${(cpu * 100).toFixed(0)} % of a core`]),
    ...(memoryBytes === undefined ? [] : [`${(memoryBytes / 1e6).toFixed(0)} MB`]),
    ...(degradation > 0 ? [`overload level ${degradation}`] : []),
    ...others.map(([server, load]) => `${server} ${(load * 100).toFixed(0)} % loaded`),
  ];
  const order = [...sessions].sort(
    (a, b) =>
      Number(a.state === 'idle') - Number(b.state === 'idle') ||
      Date.parse(b.startedAt) - Date.parse(a.startedAt),
  );
  const head = `${COLUMNS.map(({ title, width: cells, right }) => cell(title, cells, right)).join('  ')}  LAST WORDS OR ERROR`;
  const lines = order.map((session) => {
    const cells = COLUMNS.map(({ of, width: count, right }) => cell(of(session, nowMs), count, right));
    return [...cells, session.lastError ?? session.lastText ?? ''].join('  ');
  });
  const room = Math.max(1, rows - 3);
  const shown = lines.slice(0, lines.length > room ? room - 1 : room);
  const more = lines.length > shown.length ? [`… and ${lines.length - shown.length} more`] : [];
  return [facts.join(', '), '', head, ...shown, ...more].map((line) => line.slice(0, width).trimEnd());
}

function cell(text: string, width: number, right = false): string {
  const cut = text.slice(0, width);
  return right ? cut.padStart(width) : cut.padEnd(width);
}

/** Such as `42s`, `3m07s` or `2h05m`. */
function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (value: number) => String(value).padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  return `${Math.floor(seconds / 3_600)}h${two(Math.floor((seconds % 3_600) / 60))}m`;
}
