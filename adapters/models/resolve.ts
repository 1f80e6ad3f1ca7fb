import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ParleyError } from '../../machines/errors.ts';
import { CATALOGUE, type CatalogueModel, modelName } from './catalogue.ts';
import { DESCRIPTION_FILE, type ModelDescription, modelDescription } from './description.ts';
import { defaultModelsDir } from './folder.ts';

/** A model on this machine. */
export interface InstalledModel {
  readonly name: string;
  /** Its folder, absolute. */
  readonly dir: string;
  /** From its description file, else from the catalogue; undefined for any other folder. */
  readonly description: ModelDescription | undefined;
}

/**
 * Finds a model by its name in `modelsDir`, or by the path of its folder. A path contains a slash or starts with a dot.
 * Rejects with MODEL_MISSING if it is not on this machine, MODEL_UNKNOWN if there is no such name either, and MODEL_DAMAGED if its
 * description cannot be read.
 */
export async function resolveModel(
  nameOrPath: string,
  modelsDir: string,
  catalogue: readonly CatalogueModel[] = CATALOGUE,
): Promise<InstalledModel> {
  const isPath = /[\\/]|^\./u.test(nameOrPath);
  const known = isPath ? undefined : catalogue.find(({ name }) => name === nameOrPath);
  const dir = isPath ? resolve(nameOrPath) : resolve(modelsDir, nameOrPath);
  if (!isPath && !modelName.safeParse(nameOrPath).success) throw new ParleyError('MODEL_UNKNOWN', nameOrPath);
  if (await isFolder(dir))
    return { name: isPath ? basename(dir) : nameOrPath, dir, description: (await described(dir)) ?? known };
  if (isPath) throw new ParleyError('MODEL_MISSING', `there is no folder ${dir}`);
  if (!known) throw new ParleyError('MODEL_UNKNOWN', nameOrPath);
  throw new ParleyError('MODEL_MISSING', `${nameOrPath}; run: ${pullCommand(nameOrPath, modelsDir)}`);
}

/** The command that fetches a model into `modelsDir`. */
export function pullCommand(name: string, modelsDir: string): string {
  const dir = resolve(modelsDir) === defaultModelsDir() ? '' : ` --models.dir=${modelsDir}`;
  return `parley models pull ${name}${dir}`;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** The description in the folder of a model; undefined if it has none. */
async function described(dir: string): Promise<ModelDescription | undefined> {
  const path = join(dir, DESCRIPTION_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new ParleyError('MODEL_DAMAGED', path, { cause: error });
  }
  try {
    return modelDescription.parse(JSON.parse(text));
  } catch (cause) {
    throw new ParleyError('MODEL_DAMAGED', `${path} is not a description of a model`, { cause });
  }
}
