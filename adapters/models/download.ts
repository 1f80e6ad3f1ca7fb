import { type FileHandle, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { cancelled, pause } from '../../actors/cancellation.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { codeOf, diskError, reasonOf } from './disk.ts';

export interface DownloadOptions {
  readonly clock: Clock;
  /** Maximum size of the file, in bytes. */
  readonly maxBytes: number;
  /** The size that the file must have, in bytes. */
  readonly bytes?: number | undefined;
  /** Throws MODEL_NO_ROOM if that many bytes do not fit on the disk. */
  readonly reserve: (bytes: number) => Promise<void>;
  /** Receives the bytes on the disk, and the size of the file if the server states it. */
  readonly onProgress?: ((bytes: number, total: number | undefined) => void) | undefined;
  readonly signal: AbortSignal;
}

/** Time without a byte after which a connection is given up, ms. */
const STALL_MS = 30_000;
/** Attempts in a row that bring no byte further than any before. */
const ATTEMPTS = 5;
/** Pause before the second attempt, ms; doubled for each one. */
const RETRY_MS = 1_000;
const MAX_REDIRECTS = 5;

/** What is known of a file that is partly on the disk: the server must still have the same one. */
const partial = z.strictObject({ url: z.string(), validator: z.string() });

/** The server will not give this file, however often it is asked. */
class Refused extends Error {}

/**
 * Downloads `url` to the file `path`, and continues where an earlier call broke off if the server still has the same file (Range,
 * If-Range). Repeats an attempt that broke off or stalled. Rejects with MODEL_DOWNLOAD, MODEL_CHECKSUM if the size is not `bytes`,
 * MODEL_NO_ROOM, or CANCELLED; the part on the disk is kept.
 */
export async function download(url: string, path: string, options: DownloadOptions): Promise<void> {
  let best = -1;
  let failures = 0;
  for (;;) {
    try {
      return await attempt(url, path, options);
    } catch (error) {
      if (options.signal.aborted) throw cancelled(options.signal);
      const known = diskError(error);
      if (known) throw known;
      const bytes = await sizeOf(path);
      failures = bytes > best ? 1 : failures + 1;
      best = Math.max(best, bytes);
      if (error instanceof Refused || failures === ATTEMPTS)
        throw new ParleyError('MODEL_DOWNLOAD', `${url}: ${reasonOf(error)}`, { cause: error });
      await pause(options.clock, RETRY_MS * 2 ** (failures - 1), options.signal);
    }
  }
}

/** Discards what an earlier call left of the file `path`. */
export async function discard(path: string): Promise<void> {
  await Promise.all([rm(path, { force: true }), rm(notesOf(path), { force: true })]);
}

async function attempt(url: string, path: string, options: DownloadOptions): Promise<void> {
  const watch = stallWatch(options);
  try {
    const notes = await readNotes(path, url);
    const have = notes ? await sizeOf(path) : 0;
    const response = await request(url, have > 0 ? notes?.validator : undefined, have, watch.signal);
    watch.alive();
    // The file was complete already.
    if (response.status === 416 && response.headers.get('content-range') === `bytes */${have}`) {
      await response.body?.cancel();
      return;
    }
    const start = await startOf(response, have, path);
    const total = totalOf(response, start);
    await checkSize(total, start, options);
    if (start === 0) await writeNotes(path, url, response);
    const file = await open(path, start === 0 ? 'w' : 'r+');
    try {
      const end = await append(file, response, start, total, options, watch.alive);
      if (total !== undefined && end < total) throw new Error(`it broke off at ${end} of ${total} bytes`);
      if (options.bytes !== undefined && end !== options.bytes) throw wrongSize(end, options.bytes);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw watch.stalled() ? new Error(`no data for ${STALL_MS / 1_000} s`) : error;
  } finally {
    watch.stop();
  }
}

/** Follows redirects itself, so that none leads from https to http. */
async function request(
  url: string,
  validator: string | undefined,
  have: number,
  signal: AbortSignal,
): Promise<Response> {
  const headers = {
    // Bytes as they are stored: a compressed answer has other offsets.
    'accept-encoding': 'identity',
    ...(validator !== undefined && { range: `bytes=${have}-`, 'if-range': validator }),
  };
  let at = new URL(url);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await fetch(at, { headers, signal, redirect: 'manual' });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    const next = new URL(location, at);
    if (next.protocol !== at.protocol && next.protocol !== 'https:')
      throw new Refused(`it redirects to ${next.protocol}`);
    at = next;
  }
  throw new Refused(`more than ${MAX_REDIRECTS} redirects`);
}

/** The position of the answer's first byte. Rejects if the answer is not the file. */
async function startOf(response: Response, have: number, path: string): Promise<number> {
  const { status } = response;
  const range = /^bytes (?<from>\d+)-\d+\/(?:\d+|\*)$/u.exec(response.headers.get('content-range') ?? '');
  const encoded = !['', 'identity'].includes(response.headers.get('content-encoding') ?? '');
  if (status === 200 && !encoded) return 0;
  if (status === 206 && !encoded && Number(range?.groups?.from) === have) return have;
  await response.body?.cancel();
  // Whatever is on the disk does not fit what the server has now.
  if (status === 206 || status === 416) await discard(path);
  const why = encoded && status < 300 ? 'an encoded answer' : `status ${status}`;
  const lasting = status >= 400 && status < 500 && ![408, 416, 425, 429].includes(status);
  throw lasting ? new Refused(why) : new Error(why);
}

/** The size of the whole file, if the server states it. */
function totalOf(response: Response, start: number): number | undefined {
  const length = response.headers.get('content-length');
  return length === null ? undefined : start + Number(length);
}

async function checkSize(total: number | undefined, start: number, options: DownloadOptions): Promise<void> {
  const size = total ?? options.bytes;
  if (options.bytes !== undefined && size !== options.bytes) throw wrongSize(size, options.bytes);
  if (size === undefined) return;
  if (size > options.maxBytes) throw tooLarge(options.maxBytes);
  await options.reserve(size - start);
}

/** Writes the body of an answer from position `start` on; returns the position after the last byte. */
async function append(
  file: FileHandle,
  response: Response,
  start: number,
  total: number | undefined,
  options: DownloadOptions,
  alive: () => void,
): Promise<number> {
  let at = start;
  // Whatever an earlier attempt wrote after this position is not of this answer.
  await file.truncate(start);
  options.onProgress?.(at, total ?? options.bytes);
  for await (const chunk of response.body ?? []) {
    alive();
    if (at + chunk.length > options.maxBytes) throw tooLarge(options.maxBytes);
    await file.write(chunk, 0, chunk.length, at);
    at += chunk.length;
    options.onProgress?.(at, total ?? options.bytes);
  }
  return at;
}

function wrongSize(bytes: number | undefined, expected: number): ParleyError {
  return new ParleyError('MODEL_CHECKSUM', `it has ${bytes} bytes instead of ${expected}`);
}

function tooLarge(maxBytes: number): ParleyError {
  return new ParleyError('MODEL_NO_ROOM', `it is larger than ${maxBytes} bytes`);
}

/** A signal that aborts when nothing came for STALL_MS, or with the caller's. */
function stallWatch({ clock, signal }: DownloadOptions) {
  const own = new AbortController();
  let stalled = false;
  const start = () =>
    clock.setTimer(STALL_MS, () => {
      stalled = true;
      own.abort();
    });
  let timer = start();
  return {
    signal: AbortSignal.any([own.signal, signal]),
    stalled: () => stalled,
    alive: () => {
      timer.cancel();
      timer = start();
    },
    stop: () => timer.cancel(),
  };
}

function notesOf(path: string): string {
  return `${path}.json`;
}

async function readNotes(path: string, url: string): Promise<z.output<typeof partial> | undefined> {
  try {
    const notes = partial.parse(JSON.parse(await readFile(notesOf(path), 'utf8')));
    return notes.url === url ? notes : undefined;
  } catch {
    // Absent or unreadable: the download begins anew.
    return undefined;
  }
}

/** A weak ETag does not promise the same bytes. */
async function writeNotes(path: string, url: string, { headers }: Response): Promise<void> {
  const etag = headers.get('etag');
  const validator = etag !== null && !etag.startsWith('W/') ? etag : headers.get('last-modified');
  if (validator === null) await rm(notesOf(path), { force: true });
  else await writeFile(notesOf(path), JSON.stringify({ url, validator } satisfies z.input<typeof partial>));
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}
