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

/** Health, readiness and the static pages. Rejects with INTERNAL if the pages cannot be read. */
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
  // File names do not change with their contents, so browsers must revalidate; most requests get 304.
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('ETag', file.etag);
  if (matches(request.headers['if-none-match'], file.etag)) {
    response.writeHead(304).end();
    return;
  }
  response.appendHeader('Vary', 'Accept-Encoding');
  const gzipped = accepts(request.headers['accept-encoding']) ? file.gzipped : undefined;
  if (gzipped) {
    response.setHeader('Content-Encoding', 'gzip');
    // A weak validator, because the encodings differ byte for byte.
    response.setHeader('ETag', `W/${file.etag}`);
  }
  send(response, 200, file.contentType, gzipped ?? file.body);
}

/** True if the client accepts gzip, not excluded by `q=0`. */
function accepts(acceptEncoding: string | undefined): boolean {
  return /(?:^|,)\s*gzip\s*(?:,|$|;(?!\s*q=0(?:\.0*)?\s*(?:,|$)))/iu.test(acceptEncoding ?? '');
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
