import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type ErrorCode,
  type ErrorRecord,
  errorRecord,
  ParleyError,
  type RetryAdvice,
} from '../../machines/errors.ts';
import { parseJson } from '../../machines/json.ts';

// Only our own scripts and connections; a page may create audio itself.
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

/** Headers of every response. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': PAGE_POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'microphone=(self), camera=(), geolocation=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** The decoded path of a request, without its query; undefined if it cannot be decoded. */
export function pathOf(request: IncomingMessage): string | undefined {
  try {
    return decodeURIComponent((request.url ?? '/').split('?', 1)[0] ?? '/');
  } catch {
    return undefined;
  }
}

/** Sends a line of text. Responses of this and `sendJson` are never cached. */
export function sendText(response: ServerResponse, status: number, text: string): void {
  response.setHeader('Cache-Control', 'no-store');
  send(response, status, 'text/plain; charset=utf-8', `${text}\n`);
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  response.setHeader('Cache-Control', 'no-store');
  send(response, status, 'application/json; charset=utf-8', `${JSON.stringify(body)}\n`);
}

export function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

/** True for GET and HEAD; otherwise responds with 405. */
export function onlyReads(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method === 'GET' || request.method === 'HEAD') return true;
  response.setHeader('Allow', 'GET, HEAD');
  sendText(response, 405, 'only GET and HEAD are served here');
  return false;
}

/** HTTP status of an error; 500 for those that are absent. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  BAD_FIELD: 400,
  BAD_MESSAGE: 400,
  ROBOT_EVENT_INVALID: 400,
  LANGUAGE_UNSUPPORTED: 400,
  UNAUTHORISED: 401,
  FORBIDDEN: 403,
  SESSION_UNKNOWN: 404,
  SESSION_STOPPED: 409,
  TURN_CONFLICT: 409,
  TURN_OLD: 409,
  TURN_LOST: 409,
  TOO_LARGE: 413,
  TOO_FAST: 429,
  TOO_MANY: 429,
  QUOTA_EXCEEDED: 429,
  OVERLOADED: 503,
  DRAINING: 503,
  BUS_UNREACHABLE: 503,
  BUS_TIMEOUT: 504,
  BUS_NO_RESPONDERS: 504,
};

/** An error as an HTTP response. */
export interface ErrorResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: { readonly error: ErrorRecord & RetryAdvice };
}

/** What a client that got this error may do. */
export type AdviceFor = (code: ErrorCode) => RetryAdvice;

/** The response for what was thrown, with when to try again (`Retry-After`), if that is known. */
export function errorResponse(thrown: unknown, adviceFor: AdviceFor = () => ({})): ErrorResponse {
  const record = errorRecord(thrown, 'INTERNAL');
  const error = { ...record, ...adviceFor(record.code) };
  const { code, retryAfterMs } = error;
  return {
    status: STATUS[code] ?? 500,
    headers: {
      ...(code === 'UNAUTHORISED' && { 'WWW-Authenticate': 'Bearer' }),
      ...(retryAfterMs !== undefined && { 'Retry-After': Math.ceil(retryAfterMs / 1_000) }),
    },
    body: { error },
  };
}

/** Answers with what was thrown, as JSON. A response that has begun is cut off, which shows that it is incomplete. */
export function sendError(response: ServerResponse, thrown: unknown, adviceFor?: AdviceFor): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, headers, body } = errorResponse(thrown, adviceFor);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  sendJson(response, status, body);
}

/** True for this method; otherwise responds with 405. */
export function onlyMethod(
  method: 'GET' | 'POST' | 'DELETE',
  request: IncomingMessage,
  response: ServerResponse,
) {
  if (request.method === method) return true;
  response.setHeader('Allow', method);
  const message = `this endpoint accepts only ${method}`;
  sendJson(response, 405, { error: { code: 'BAD_MESSAGE', message } });
  return false;
}

/**
 * The JSON of a request; undefined if it is not JSON. Throws BAD_FIELD for another content type: a form of another
 * site's page cannot send this one without a preflight request. Throws TOO_LARGE beyond `maxBytes`.
 */
export async function jsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    throw new ParleyError('BAD_FIELD', 'the content type must be application/json');
  const parts: Buffer[] = [];
  let bytes = 0;
  // Reading on after a refusal lets the client see it: it sends everything before it reads.
  await new Promise<void>((resolve, reject) => {
    request.on('data', (part: Buffer) => {
      bytes += part.byteLength;
      if (bytes <= maxBytes) parts.push(part);
      else
        reject(
          new ParleyError('TOO_LARGE', `the body of a request may have at most ${maxBytes} bytes; send less`),
        );
    });
    request.once('end', resolve);
    request.once('close', () => reject(new ParleyError('CANCELLED', 'the connection closed')));
  });
  return parseJson(Buffer.concat(parts).toString());
}
