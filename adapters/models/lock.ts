import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ParleyError } from '../../machines/errors.ts';
import { codeOf } from './disk.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/u);

/** What the first pull of a model found; each later pull and `verify` must find the same. */
const modelLock = z.strictObject({
  archive: z.strictObject({ bytes: z.int().min(0), sha256 }),
  files: z.array(z.strictObject({ path: z.string(), bytes: z.int().min(0), sha256 })).readonly(),
});
export type ModelLock = z.output<typeof modelLock>;

/** The lock file of a model. It outlives the model: delete it to accept another archive under the same name. */
export function lockPath(name: string, modelsDir: string): string {
  return join(modelsDir, `${name}.lock.json`);
}

/** Undefined before the first pull. Rejects with MODEL_DAMAGED. */
export async function readLock(name: string, modelsDir: string): Promise<ModelLock | undefined> {
  const path = lockPath(name, modelsDir);
  try {
    return modelLock.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw new ParleyError('MODEL_DAMAGED', `${path} cannot be read; delete it and pull the model again`, {
      cause,
    });
  }
}

/** Writes the lock of a first pull, by way of a file in `temporary`. Returns the one that is there if another pull was first. */
export async function writeLock(
  name: string,
  modelsDir: string,
  temporary: string,
  lock: ModelLock,
): Promise<ModelLock> {
  const draft = join(temporary, 'lock.json');
  await writeFile(draft, `${JSON.stringify(lock, undefined, 1)}\n`);
  try {
    // Fails if the lock exists; a rename would replace it.
    await link(draft, lockPath(name, modelsDir));
    return lock;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return (await readLock(name, modelsDir)) ?? lock;
  } finally {
    await rm(draft, { force: true });
  }
}
