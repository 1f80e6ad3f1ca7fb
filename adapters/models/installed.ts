import { readdir, rename, rm } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { ParleyError } from '../../machines/errors.ts';
import { modelName } from './catalogue.ts';
import { DESCRIPTION_FILE } from './description.ts';
import { codeOf, fingerprint } from './disk.ts';
import { readLock } from './lock.ts';

/** The names of the models in `modelsDir`. */
export async function installedModels(modelsDir: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(modelsDir, { withFileTypes: true });
    return entries.filter((one) => one.isDirectory() && !one.name.startsWith('.')).map(({ name }) => name);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Compares every file of a model with what its first pull found. Returns the differences, such as `tokens.txt is missing`; undefined
 * for a model that was not pulled, of which nothing is known. Rejects with MODEL_DAMAGED if its lock cannot be read.
 */
export async function verifyModel(name: string, modelsDir: string): Promise<readonly string[] | undefined> {
  const lock = await readLock(name, modelsDir);
  if (!lock) return undefined;
  const dir = join(modelsDir, name);
  const left = new Set(await filesIn(dir));
  const differences: string[] = [];
  for (const { path, bytes, sha256 } of lock.files) {
    if (!left.delete(path)) {
      differences.push(`${path} is missing`);
      continue;
    }
    const found = await fingerprint(join(dir, path));
    if (found.bytes !== bytes || found.sha256 !== sha256) differences.push(`${path} was changed`);
  }
  left.delete(DESCRIPTION_FILE);
  for (const path of left) differences.push(`${path} was added`);
  return differences;
}

/** Removes a model; its lock stays, so that the next pull is checked. Rejects with MODEL_MISSING. */
export async function removeModel(name: string, modelsDir: string): Promise<void> {
  const dir = resolve(modelsDir, name);
  const going = join(modelsDir, `.rm-${name}@${process.pid}`);
  try {
    if (!modelName.safeParse(name).success) throw new ParleyError('MODEL_UNKNOWN', name);
    // At once for a loading process: it is there whole or not at all.
    await rename(dir, going);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new ParleyError('MODEL_MISSING', `there is no folder ${dir}`);
    throw error;
  }
  await rm(going, { recursive: true, force: true });
}

async function filesIn(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'));
}
