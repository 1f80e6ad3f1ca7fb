import { ParleyError } from '../../../machines/errors.ts';
import type { Access } from '../../door/access.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { sendError } from '../../door/http.ts';
import type { Metrics } from './metrics.ts';

const NAME = 'metrics';
const METRICS_PATH = '/metrics';

/** `GET /metrics`: the server's metrics for Prometheus. With a token, a scraper sends `Authorization: Bearer …`. */
export function metricsEndpoint({
  metrics,
  access,
}: {
  readonly metrics?: Metrics | undefined;
  readonly access: Access;
}): Endpoint | undefined {
  return (
    metrics && {
      name: NAME,
      routes(request, response, path) {
        if (path !== METRICS_PATH || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
        const gathered = access.permit(request, 'inspect', { door: NAME }).then(async () => {
          const text = await metrics.text().catch((error: unknown) => {
            metrics.onProblem(error);
            throw new ParleyError('INTERNAL', 'the metrics could not be gathered', { cause: error });
          });
          response.setHeader('Cache-Control', 'no-store');
          response.writeHead(200, { 'Content-Type': metrics.contentType });
          response.end(text);
        });
        gathered.catch((thrown: unknown) => sendError(response, thrown));
        return true;
      },
    }
  );
}
