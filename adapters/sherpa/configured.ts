import { join } from 'node:path';
import { resolveModel } from '../models/resolve.ts';
import { detectModel, type SherpaModel } from './model-folder.ts';

/** A model as it is configured. */
export interface ConfiguredModel {
  readonly model: SherpaModel;
  /** The language of the model, if it has only one. */
  readonly language?: string;
}

/**
 * Finds a model by its name or folder. The files of a folder without a description are recognised by their names; `precise` chooses among
 * them. Rejects with MODEL_MISSING and the command that fetches it, MODEL_UNKNOWN, MODEL_DAMAGED, or CONFIG_INVALID.
 */
export async function configuredModel(
  nameOrFolder: string,
  modelsDir: string,
  precise: boolean,
): Promise<ConfiguredModel> {
  const { dir, description } = await resolveModel(nameOrFolder, modelsDir);
  if (!description) return { model: await detectModel(dir, precise) };
  const { kind, type, files, languages } = description;
  const paths = Object.entries(files).map(([key, names]) => [
    key,
    [names]
      .flat()
      .map((name) => join(dir, name))
      .join(','),
  ]);
  const [language, ...others] = languages;
  return {
    model: { kind, type, files: Object.fromEntries(paths) },
    ...(language !== undefined && others.length === 0 && { language }),
  };
}
