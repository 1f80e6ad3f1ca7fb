import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { StaticFile, StaticFiles } from './static-files.ts';

/** An endpoint of another part of the server. True if it has answered, or will. */
export type HttpRoute = (request: IncomingMessage, response: ServerResponse, path: string) => boolean;

export interface HttpOptions {
  readonly files: StaticFiles | undefined;
  /** Why the server is not ready; empty if it is. */
  readonly notReady: () => readonly string[];
  readonly route: HttpRoute | undefined;
}

export const SESSION_PATH = '/v1/session';

// Scripts and connections of our own only; audio may be made in the page.
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "media-src 'self' blob:",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': PAGE_POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'microphone=(self), camera=(), geolocation=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** Answers what is no WebSocket: health, pages, and the routes of others. */
export function httpHandler(options: HttpOptions): RequestListener {
  return (request, response) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    const path = pathOf(request);
    if (path === undefined) sendText(response, 400, 'the path cannot be decoded');
    else if (options.route?.(request, response, path)) return;
    else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      sendText(response, 405, 'only GET and HEAD are served here');
    } else if (path === '/healthz') sendJson(response, 200, { alive: true });
    else if (path === '/readyz') {
      const reasons = options.notReady();
      sendJson(response, reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
    } else if (path === SESSION_PATH) {
      response.setHeader('Upgrade', 'websocket');
      sendText(response, 426, 'this is a WebSocket endpoint; see docs/protocol.md');
    } else {
      const file = options.files?.(path);
      if (file) sendFile(request, response, file);
      else sendText(response, 404, 'there is nothing here');
    }
  };
}

/** The decoded path of a request, without its query; undefined if it cannot be decoded. */
export function pathOf(request: IncomingMessage): string | undefined {
  try {
    return decodeURIComponent((request.url ?? '/').split('?', 1)[0] ?? '/');
  } catch {
    return undefined;
  }
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: StaticFile): void {
  // Names do not change with contents, so a browser asks each time and is mostly told 304.
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('ETag', file.etag);
  if (matches(request.headers['if-none-match'], file.etag)) {
    response.writeHead(304).end();
    return;
  }
  response.setHeader('Vary', 'Accept-Encoding');
  const gzipped = accepts(request.headers['accept-encoding']) ? file.gzipped : undefined;
  if (gzipped) {
    response.setHeader('Content-Encoding', 'gzip');
    // Equal in meaning, not byte for byte: a strong validator would say so.
    response.setHeader('ETag', `W/${file.etag}`);
  }
  send(response, 200, file.contentType, gzipped ?? file.body);
}

/** Whether gzip is among what the client takes, and not refused by `q=0`. */
function accepts(acceptEncoding: string | undefined): boolean {
  return /(?:^|,)\s*gzip\s*(?:,|$|;(?!\s*q=0(?:\.0*)?\s*(?:,|$)))/iu.test(acceptEncoding ?? '');
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.setHeader('Cache-Control', 'no-store');
  send(response, status, 'text/plain; charset=utf-8', `${text}\n`);
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.setHeader('Cache-Control', 'no-store');
  send(response, status, 'application/json; charset=utf-8', `${JSON.stringify(body)}\n`);
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
