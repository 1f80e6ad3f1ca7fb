import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ParleyError } from '../../../machines/errors.ts';

/** Pages are small. A larger directory is probably the wrong one. */
const MAX_TOTAL_BYTES = 64 * 1_024 * 1_024;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.mp3': 'audio/mpeg',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.wav': 'audio/wav',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

export interface StaticFile {
  readonly body: Buffer;
  readonly contentType: string;
  /** A strong validator, quotes included. */
  readonly etag: string;
  /** The gzipped body, if that is smaller. */
  readonly gzipped: Buffer | undefined;
}

/** Finds the file for a decoded URL path: `/` is `/index.html`, a directory its index. */
export type StaticFiles = (path: string) => StaticFile | undefined;

/** Reads every regular file under `directory` once. Requests are looked up in memory and never become file system paths, so nothing outside can be reached. Hidden files and links are not served. Throws INTERNAL for an unreadable directory.
 */
export async function loadStaticFiles(directory: string): Promise<StaticFiles> {
  const files = new Map<string, StaticFile>();
  let totalBytes = 0;
  try {
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const parts = relative(directory, path).split(sep);
      if (!entry.isFile() || parts.some((part) => part.startsWith('.'))) continue;
      const body = await readFile(path);
      totalBytes += body.byteLength;
      if (totalBytes > MAX_TOTAL_BYTES)
        throw new ParleyError('INTERNAL', `too many or too large files in ${directory}`);
      files.set(`/${parts.join('/')}`, staticFile(entry.name, body));
    }
  } catch (cause) {
    if (cause instanceof ParleyError) throw cause;
    throw new ParleyError('INTERNAL', `the pages in ${directory} cannot be read`, { cause });
  }
  return (path) => files.get(path.endsWith('/') ? `${path}index.html` : path);
}

function staticFile(name: string, body: Buffer): StaticFile {
  const gzipped = gzipSync(body, { level: 9 });
  return {
    body,
    gzipped: gzipped.length < body.length ? gzipped : undefined,
    contentType: CONTENT_TYPES[extname(name).toLowerCase()] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`,
  };
}
