import type { MetricSources } from './endpoints/metrics/metrics.ts';
import type { LocalEngines } from './engines.ts';

/** Metric sources of the engines, if they keep statistics. */
export function engineSources({
  stats,
}: LocalEngines): Pick<MetricSources, 'connections' | 'models' | 'phraseCache'> {
  const phrases = stats?.().phrases;
  if (!stats) return {};
  return {
    connections: () =>
      stats().connections.map(({ kind, engine, ...counts }) => [`${kind}:${engine}`, counts]),
    models: () => stats().models.map(({ kind, engine, ...load }) => [`${kind}:${engine}`, load]),
    ...(phrases && { phraseCache: () => stats().phrases ?? phrases }),
  };
}
