import type { TurnFacts } from './turn-facts.ts';

export const GROUPINGS = ['engine', 'language', 'endpoint', 'day'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** A measured turn, read. */
export interface ReportedTurn {
  readonly session: string;
  /** ISO 8601. */
  readonly at: string;
  readonly facts: TurnFacts;
}

/** One figure: times have percentiles, shares a value. Absent if nothing was measured. */
export interface Kpi {
  readonly name: string;
  readonly unit: 'ms' | '%';
  /** Number of values, or of what the share is of. */
  readonly count: number;
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
  readonly value?: number;
  /** Such as `p95 ≤ 400`. */
  readonly goal?: string;
  readonly met?: boolean;
}

export interface ReportGroup {
  /** `all`, or a name such as `llm:openai`, `en`, `parley-v1`, `2026-11-22`. */
  readonly name: string;
  readonly turns: number;
  readonly kpis: readonly Kpi[];
  /** The three kinds of tokens: of language models that report them. */
  readonly costs: TurnFacts['costs'] & {
    readonly inputTokens: number;
    readonly cachedTokens: number;
    readonly outputTokens: number;
  };
}

export interface Report {
  /** ISO 8601. */
  readonly since: string;
  readonly sessions: number;
  readonly total: ReportGroup;
  readonly groups: readonly ReportGroup[];
  /** By hour, the oldest first, for plots. */
  readonly hours: readonly ReportGroup[];
}

/** What is usual in the field, as in docs/reference/commands.md#report: times in ms at the 95th percentile, shares in percent. */
const GOALS = { firstAudioMs: 400, bargeInMs: 100, failoverMs: 120, firstTokenMs: 250, reusePercent: 95 };

export function reportOf(turns: readonly ReportedTurn[], since: string, by?: Grouping): Report {
  return {
    since,
    sessions: new Set(turns.map(({ session }) => session)).size,
    total: groupOf('all', turns),
    groups: by === 'engine' ? engineGroups(turns) : by ? grouped(turns, nameBy(by)) : [],
    hours: grouped(turns, ({ at }) => `${at.slice(0, 13)}:00Z`),
  };
}

function nameBy(by: Exclude<Grouping, 'engine'>): (turn: ReportedTurn) => string {
  return ({ at, facts }) => (by === 'day' ? at.slice(0, 10) : facts[by]);
}

function grouped(turns: readonly ReportedTurn[], name: (turn: ReportedTurn) => string): ReportGroup[] {
  const groups = new Map<string, ReportedTurn[]>();
  for (const turn of turns) {
    const group = groups.get(name(turn));
    if (group) group.push(turn);
    else groups.set(name(turn), [turn]);
  }
  return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([one, members]) => groupOf(one, members));
}

function groupOf(name: string, turns: readonly ReportedTurn[]): ReportGroup {
  const facts = turns.map((turn) => turn.facts);
  const stage = (of: string) => facts.flatMap(({ stagesMs }) => stagesMs[of] ?? []);
  const engines = facts.flatMap(({ engines }) => Object.values(engines));
  const spoken = facts.filter((one) => one.spoken);
  return {
    ...{ name, turns: turns.length, costs: costsOf(facts) },
    kpis: [
      times('First audio', stage('firstAudio'), GOALS.firstAudioMs),
      times(
        'Barge-in',
        facts.flatMap(({ bargeInMs }) => bargeInMs ?? []),
        GOALS.bargeInMs,
      ),
      times(
        'Failover',
        engines.flatMap(({ failoverMs }) => failoverMs),
        GOALS.failoverMs,
      ),
      reuse(engines),
      times('First token', stage('llmFirstToken'), GOALS.firstTokenMs),
      share('Interrupted', facts.filter(({ reason }) => reason === 'interrupted').length, facts.length),
      share('Not understood', spoken.filter(({ understood }) => !understood).length, spoken.length),
      share('Failed', facts.filter(({ reason }) => reason === 'failed').length, facts.length),
    ],
  };
}

/** The engines' own figures: a turn does not say which of them it used. */
function engineGroups(turns: readonly ReportedTurn[]): ReportGroup[] {
  const names = new Set(turns.flatMap(({ facts }) => Object.keys(facts.engines)));
  return [...names].toSorted().map((name) => {
    const having = turns.filter(({ facts }) => facts.engines[name]);
    const engines = having.flatMap(({ facts }) => facts.engines[name] ?? []);
    const asked = engines.reduce((sum, one) => sum + one.asked, 0);
    const failed = engines.reduce((sum, one) => sum + one.failed, 0);
    return {
      ...{ name, turns: having.length, costs: costsOf([]) },
      kpis: [
        times(
          'First byte',
          engines.flatMap(({ firstByteMs }) => firstByteMs),
        ),
        times(
          'Failover',
          engines.flatMap(({ failoverMs }) => failoverMs),
          GOALS.failoverMs,
        ),
        reuse(engines),
        share('Failed', failed, asked),
      ],
    };
  });
}

function times(name: string, values: readonly number[], goalMs?: number): Kpi {
  const sorted = values.toSorted((a, b) => a - b);
  const goal = goalMs === undefined ? {} : { goal: `p95 ≤ ${goalMs}` };
  if (sorted.length === 0) return { name, unit: 'ms', count: 0, ...goal };
  const at = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
  const [p50, p95, p99] = [at(0.5), at(0.95), at(0.99)];
  return {
    ...{ name, unit: 'ms', count: sorted.length, p50, p95, p99, ...goal },
    ...(goalMs !== undefined && { met: p95 <= goalMs }),
  };
}

function share(name: string, part: number, of: number): Kpi {
  return { name, unit: '%', count: of, ...(of > 0 && { value: (100 * part) / of }) };
}

function reuse(engines: readonly TurnFacts['engines'][string][]): Kpi {
  const requests = engines.reduce((sum, one) => sum + one.requests, 0);
  const opened = engines.reduce((sum, one) => sum + one.opened, 0);
  const { value, ...rest } = share('Connections reused', Math.max(0, requests - opened), requests);
  const goal = `≥ ${GOALS.reusePercent}`;
  return { ...rest, goal, ...(value !== undefined && { value, met: value >= GOALS.reusePercent }) };
}

function costsOf(facts: readonly TurnFacts[]): ReportGroup['costs'] {
  const spent = facts.flatMap(({ engines }) => Object.values(engines).flatMap(({ tokens }) => tokens ?? []));
  const tokens = (kind: 'input' | 'cached' | 'output') => spent.reduce((total, one) => total + one[kind], 0);
  const sum = (name: keyof TurnFacts['costs']) => facts.reduce((total, { costs }) => total + costs[name], 0);
  return {
    speechSeconds: sum('speechSeconds'),
    replySeconds: sum('replySeconds'),
    characters: sum('characters'),
    tokens: sum('tokens'),
    ...{ inputTokens: tokens('input'), cachedTokens: tokens('cached'), outputTokens: tokens('output') },
  };
}
