import { group, optionalText } from '../../machines/options.ts';

/** Where traces go. */
export const traceOptions = group({
  url: optionalText(
    'Export a trace of each turn to this OTLP/HTTP address, such as http://127.0.0.1:4318/v1/traces; see docs/how-to/deploy.md. Needs the OpenTelemetry packages.',
  ),
});
