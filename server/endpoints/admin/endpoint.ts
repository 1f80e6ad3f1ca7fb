import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Endpoint } from '../../door/endpoint.ts';
import { onlyReads, send, sendJson } from '../../door/http.ts';
import type { Readiness } from '../../door/readiness.ts';
import { loadStaticFiles, type StaticFile } from './static-files.ts';

export interface AdminOptions {
  readonly readiness: Pick<Readiness, 'reasons'>;
  /** Directory of the pages at `/`. */
  readonly pages?: string | undefined;
}

/** Health and readiness for whoever runs the server, and the pages. Rejects with INTERNAL if these cannot be read. */
export async function admin({ readiness, pages }: AdminOptions): Promise<Endpoint> {
  const files = pages === undefined ? undefined : await loadStaticFiles(pages);
  return {
    name: 'admin',
    routes(request, response, path) {
      const file = files?.(path);
      if (!file && path !== '/healthz' && path !== '/readyz') return false;
      if (!onlyReads(request, response)) return true;
      if (file) sendFile(request, response, file);
      else if (path === '/healthz') sendJson(response, 200, { alive: true });
      else {
        const reasons = readiness.reasons();
        const ready = reasons.length === 0;
        sendJson(response, ready ? 200 : 503, { ready, reasons });
      }
      return true;
    },
  };
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: StaticFile): void {
  // Names do not change with contents, so a browser asks each time and mostly gets 304.
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
