/** The value below which `fraction` of the sorted values are; NaN without values. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

/** `median / p95 / p99 / max`, in the values' unit. */
export function spread(values: readonly number[], digits = 1): string {
  return [0.5, 0.95, 0.99, 1].map((fraction) => percentile(values, fraction).toFixed(digits)).join(' / ');
}
