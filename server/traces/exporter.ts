import type { Link } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import { ParleyError } from '../../machines/errors.ts';
import type { Logger } from '../log.ts';
import { packageVersion } from '../version.ts';
import type { FinishedSpan } from './span.ts';

/** Sends spans away in batches. */
export interface SpanExport {
  send(span: FinishedSpan): void;
  /** Sends what waits, then stops. */
  close(): Promise<void>;
}

const PACKAGES = ['api', 'resources', 'sdk-trace', 'exporter-trace-otlp-http'];

/**
 * Exports to `url` by OTLP/HTTP with the OpenTelemetry packages, which read the usual variables of the environment, such as
 * `OTEL_EXPORTER_OTLP_HEADERS`. Logs once when the collector does not take spans, and once when it does again. Rejects with CONFIG_INVALID if the packages are not
 * installed.
 */
export async function otlpExport(url: string, log: Logger): Promise<SpanExport> {
  const [api, { defaultResource, resourceFromAttributes }, sdk, { OTLPTraceExporter }] = await packages();
  const otlp = new OTLPTraceExporter({ url });
  let failing = false;
  const exporter: SpanExporter = {
    export: (spans, done) =>
      otlp.export(spans, (result) => {
        const failed = result.code !== 0;
        if (failed && !failing) log.warn({ url, err: result.error }, 'traces cannot be exported');
        else if (!failed && failing) log.info({ url }, 'traces are exported again');
        failing = failed;
        done(result);
      }),
    forceFlush: () => otlp.forceFlush(),
    shutdown: () => otlp.shutdown(),
  };
  /** Ids of the span that is being made. */
  let ids = { traceId: '', spanId: '' };
  const provider = new sdk.TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': process.env.OTEL_SERVICE_NAME || 'parley',
        'service.version': packageVersion(),
      }),
    ),
    idGenerator: { generateTraceId: () => ids.traceId, generateSpanId: () => ids.spanId },
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('parley', packageVersion());
  return {
    send({ name, traceId, spanId, parentId, startMs, endMs, attributes, failed, link }) {
      ids = { traceId, spanId };
      const parent =
        parentId === undefined
          ? api.ROOT_CONTEXT
          : api.trace.setSpanContext(api.ROOT_CONTEXT, { traceId, spanId: parentId, traceFlags: 1 });
      const links = link === undefined ? [] : [linkTo(link)];
      const span = tracer.startSpan(name, { startTime: startMs, attributes, links }, parent);
      if (failed !== undefined) span.setStatus({ code: api.SpanStatusCode.ERROR, message: failed });
      span.end(endMs);
    },
    close: () => provider.shutdown(),
  };
}

function linkTo(traceparent: string): Link {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-');
  return { context: { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true } };
}

async function packages() {
  try {
    return await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-http'),
    ]);
  } catch (cause) {
    const names = PACKAGES.map((name) => `@opentelemetry/${name}`).join(' ');
    throw new ParleyError('CONFIG_INVALID', `traces.url needs packages: npm install ${names}`, { cause });
  }
}
