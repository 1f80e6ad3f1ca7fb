import type { Logger } from '../log.ts';
import { otlpExport } from './exporter.ts';
import { TurnTracer } from './turn-tracer.ts';

/** Starts to trace turns; undefined without an address to export them to. Rejects like {@link otlpExport}. */
export async function startTraces(
  url: string | undefined,
  log: Logger,
): Promise<{ readonly tracer: TurnTracer; close(): Promise<void> } | undefined> {
  if (url === undefined) return undefined;
  const sink = await otlpExport(url, log);
  return { tracer: new TurnTracer((span) => sink.send(span), Date.now), close: () => sink.close() };
}
