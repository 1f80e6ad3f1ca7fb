import type { IncomingMessage, ServerResponse } from 'node:http';

/** Headers of a response that a page of another origin may read beside the simple ones. */
const EXPOSED = 'Content-Disposition, Content-Length, ETag, Location, Retry-After, WWW-Authenticate';
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
/** Headers that every door takes. A preflight may ask for more. */
const HEADERS = ['Authorization', 'Content-Type', 'Accept', 'Last-Event-ID', 'traceparent'];
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,64}$/u;
const MOST_HEADERS = 32;
/** How long a browser may keep the answer to a preflight, s. */
const MAX_AGE_S = 600;

/**
 * Lets the page of an allowed origin read the response (the fetch standard's CORS). Answers a preflight and returns true. Requests
 * of other origins must have been refused before.
 */
export function answersCrossOrigin(request: IncomingMessage, response: ServerResponse): boolean {
  response.setHeader('Vary', 'Origin');
  const { origin } = request.headers;
  if (origin === undefined) return false;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', EXPOSED);
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  if (request.method !== 'OPTIONS' || !request.headers['access-control-request-method']) return false;
  const asked = String(request.headers['access-control-request-headers'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => HEADER_NAME.test(name) && !isAmong(name, HEADERS));
  response.setHeader('Access-Control-Allow-Methods', METHODS);
  response.setHeader(
    'Access-Control-Allow-Headers',
    [...HEADERS, ...asked.slice(0, MOST_HEADERS)].join(', '),
  );
  response.setHeader('Access-Control-Max-Age', MAX_AGE_S);
  // A page of the internet that asks a server of its own machine or network.
  if (request.headers['access-control-request-private-network'] === 'true')
    response.setHeader('Access-Control-Allow-Private-Network', 'true');
  response.writeHead(204, { 'Content-Length': 0 }).end();
  return true;
}

function isAmong(name: string, names: readonly string[]): boolean {
  return names.some((one) => one.toLowerCase() === name.toLowerCase());
}
