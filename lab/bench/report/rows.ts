import { percentile } from '../../statistics.ts';

/** Goals of one figure or set of figures, in the row's unit. */
export interface Goal {
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
  /** For a single value. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** One line of a benchmark's table. */
export interface Row {
  readonly what: string;
  /** The bus, if relevant. */
  readonly bus?: string;
  /** Number of sessions, if relevant. */
  readonly sessions?: number;
  readonly unit: string;
  readonly spread?: Spread;
  readonly value?: number;
  readonly goal?: Goal;
  /** Whether the goal was met; absent without one. */
  readonly met?: boolean;
}

export interface BenchmarkResult {
  readonly name: string;
  /** Two lines. */
  readonly method: readonly [string, string];
  readonly rows: readonly Row[];
  /** Notes for interpreting the rows. */
  readonly notes: readonly string[];
}

type Place = Pick<Row, 'what' | 'bus' | 'sessions'>;

/** A row over many measurements. Without any it has no figures, and its goal is not met. */
export function spreadRow(place: Place, unit: string, values: readonly number[], goal?: Goal): Row {
  const [p50 = Number.NaN, p95 = Number.NaN, p99 = Number.NaN, max = Number.NaN] = [0.5, 0.95, 0.99, 1].map(
    (at) => percentile(values, at),
  );
  const spread: Spread = { count: values.length, p50, p95, p99, max };
  if (!goal) return { ...place, unit, spread };
  const met = (['p50', 'p95', 'p99'] as const).every(
    (at) => goal[at] === undefined || spread[at] <= goal[at],
  );
  return { ...place, unit, spread, goal, met };
}

/** A row of one figure. */
export function valueRow(place: Place, unit: string, value: number, goal?: Goal): Row {
  if (!goal) return { ...place, unit, value };
  const { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY } = goal;
  return { ...place, unit, value, goal, met: value <= atMost && value >= atLeast };
}
