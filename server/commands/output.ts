import { writeFile } from 'node:fs/promises';
import { PRIVATE_FILE } from '../../adapters/private-files.ts';
import { ParleyError } from '../../machines/errors.ts';

/**
 * Writes recorded data to a file that only its owner can read. Rejects with OUTPUT_FAILED, or with the error of
 * `content`.
 */
export async function writeOutput(path: string, content: Uint8Array | AsyncIterable<string>): Promise<void> {
  try {
    await writeFile(path, content, { mode: PRIVATE_FILE });
  } catch (cause) {
    if (cause instanceof ParleyError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ParleyError('OUTPUT_FAILED', `${path}: ${reason}`, { cause });
  }
}
