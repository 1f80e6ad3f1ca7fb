import type { IncomingMessage } from 'node:http';
import type { HttpRoute } from '../../gateway/gateway.ts';
import { isLoopback } from '../../gateway/origin.ts';
import { tokenCheck } from '../../gateway/token.ts';
import type { Metrics } from './metrics.ts';

export const METRICS_PATH = '/metrics';

export interface MetricsRouteOptions {
  /** What a scraper must send as `Authorization: Bearer …`. None: only this machine may ask. */
  readonly token?: string;
}

/** Answers `GET /metrics`. */
export function metricsRoute(metrics: Metrics, { token }: MetricsRouteOptions): HttpRoute {
  const accepted = tokenCheck(token);
  return (request, response, path) => {
    if (path !== METRICS_PATH || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
    response.setHeader('Cache-Control', 'no-store');
    if (token === undefined && !fromThisMachine(request)) {
      response.writeHead(403, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end('only this machine may ask; see docs/metrics.md\n');
    } else if (!accepted(bearerOf(request))) {
      response.writeHead(401, { 'Content-Type': 'text/plain; charset=utf-8', 'WWW-Authenticate': 'Bearer' });
      response.end('the token is missing or wrong\n');
    } else {
      metrics.text().then(
        (text) => {
          response.writeHead(200, { 'Content-Type': metrics.contentType });
          response.end(text);
        },
        (error: unknown) => {
          metrics.onProblem(error);
          response.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8' });
          response.end('the metrics could not be gathered\n');
        },
      );
    }
    return true;
  };
}

/** By its address, and by the name it used for us: a page whose host was made to resolve to us is not of this machine. */
function fromThisMachine(request: IncomingMessage): boolean {
  const address = request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  const name = request.headers.host?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1') ?? '';
  return isLoopback(address) && isLoopback(name);
}

function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
}
