import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ParleyError } from '../../machines/errors.ts';

/** Size and hash of a file. */
export interface Fingerprint {
  readonly bytes: number;
  /** SHA-256 as hex. */
  readonly sha256: string;
}

export async function fingerprint(path: string): Promise<Fingerprint> {
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  });
  return { bytes, sha256: hash.digest('hex') };
}

/** `error` if it is a ParleyError, MODEL_NO_ROOM if a disk is full, else undefined. */
export function diskError(error: unknown): ParleyError | undefined {
  if (error instanceof ParleyError) return error;
  const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(codeOf(error));
  return full ? new ParleyError('MODEL_NO_ROOM', reasonOf(error), { cause: error }) : undefined;
}

/** The code of a system error, such as ENOENT; empty for any other error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** The message of an error, with that of its cause: `fetch` says what went wrong there only. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
