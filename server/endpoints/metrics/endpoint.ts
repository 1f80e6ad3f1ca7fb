import { type Access, bearerOf } from '../../door/access.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { sendText } from '../../door/http.ts';
import type { Metrics } from './metrics.ts';

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
      name: 'metrics',
      routes(request, response, path) {
        if (path !== METRICS_PATH || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
        const refused = access.operatorRefusal(request);
        if (refused) sendText(response, refused.status, refused.text);
        else if (access.tokenAccepted(bearerOf(request))) {
          metrics.text().then(
            (text) => {
              response.setHeader('Cache-Control', 'no-store');
              response.writeHead(200, { 'Content-Type': metrics.contentType });
              response.end(text);
            },
            (error: unknown) => {
              metrics.onProblem(error);
              sendText(response, 500, 'the metrics could not be gathered');
            },
          );
        } else {
          response.setHeader('WWW-Authenticate', 'Bearer');
          sendText(response, 401, 'the token is missing or wrong');
        }
        return true;
      },
    }
  );
}
