/** One example of a logistic regression: named features, and whether it is true. */
export interface Example {
  readonly features: Readonly<Record<string, number>>;
  readonly isTrue: boolean;
  readonly weight: number;
  /** Log odds to which those of the features are added. Default 0. */
  readonly odds?: number;
}

/** Penalty of the squared weights of standardised features, against examples of weight 1. */
const RIDGE = 1;
const ITERATIONS = 60;

/** Weights of the features, by Newton's method. A feature called `constant` is not penalised. */
export function fitLogistic(examples: readonly Example[], penalty = RIDGE): Readonly<Record<string, number>> {
  const names = Object.keys(examples[0]?.features ?? {});
  const centred = names.includes('constant');
  const column = (name: string) => examples.map(({ features }) => features[name] ?? 0);
  const scales = names.map((name) => {
    if (name === 'constant') return { mean: 0, deviation: 1 };
    const values = column(name);
    const mean = centred ? average(values) : 0;
    return { mean, deviation: Math.sqrt(average(values.map((value) => (value - mean) ** 2))) || 1 };
  });
  const rows = examples.map(({ features }) =>
    names.map((name, i) => {
      const { mean, deviation } = scales[i] ?? { mean: 0, deviation: 1 };
      return ((features[name] ?? 0) - mean) / deviation;
    }),
  );
  const ridge = names.map((name) => (name === 'constant' ? 1e-9 : penalty));
  let weights = names.map(() => 0);
  for (let i = 0; i < ITERATIONS; i++) {
    const slope = weights.map((weight, j) => -weight * (ridge[j] ?? 0));
    const curve = names.map((_, j) => names.map((_, k): number => (j === k ? (ridge[j] ?? 0) : 0)));
    rows.forEach((row, at) => {
      const { isTrue = false, weight = 0, odds = 0 }: Partial<Example> = examples[at] ?? {};
      const p = 1 / (1 + Math.exp(-row.reduce((sum, value, j) => sum + value * (weights[j] ?? 0), odds)));
      row.forEach((value, j) => {
        slope[j] = (slope[j] ?? 0) + weight * ((isTrue ? 1 : 0) - p) * value;
        const line = curve[j] ?? [];
        for (const [k, other] of row.entries())
          line[k] = (line[k] ?? 0) + weight * p * (1 - p) * value * other;
      });
    });
    const step = solve(curve, slope);
    // Longer steps may lead away where `odds` are far off.
    const length = Math.max(1, ...step.map(Math.abs));
    weights = weights.map((weight, j) => weight + (step[j] ?? 0) / length);
  }
  const plain = weights.map((weight, j) => weight / (scales[j]?.deviation ?? 1));
  const shift = plain.reduce((sum, weight, j) => sum + weight * (scales[j]?.mean ?? 0), 0);
  return Object.fromEntries(
    names.map((name, j) => [name, (plain[j] ?? 0) - (name === 'constant' ? shift : 0)]),
  );
}

/** Gaussian elimination with pivots; the matrix is regular, because of the penalty. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): readonly number[] {
  const rows = matrix.map((row, i) => [...row, right[i] ?? 0]);
  rows.forEach((_, i) => {
    const pivot = rows.reduce(
      (best, row, j) => (j >= i && Math.abs(row[i] ?? 0) > Math.abs(rows[best]?.[i] ?? 0) ? j : best),
      i,
    );
    [rows[i], rows[pivot]] = [rows[pivot] ?? [], rows[i] ?? []];
    const line = rows[i] ?? [];
    rows.forEach((row, j) => {
      if (j === i) return;
      const factor = (row[i] ?? 0) / (line[i] ?? 1);
      for (const [k, value] of line.entries()) row[k] = (row[k] ?? 0) - factor * value;
    });
  });
  return rows.map((row, i) => (row.at(-1) ?? 0) / (row[i] ?? 1));
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
