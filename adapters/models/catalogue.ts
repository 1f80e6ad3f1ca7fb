import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ParleyError } from '../../machines/errors.ts';
import catalogueFile from './catalogue.json' with { type: 'json' };
import { modelDescription } from './description.ts';

/** Maximum length of a name; also the folder of the model. */
const MAX_NAME = 64;

export const modelName = z
  .string()
  .max(MAX_NAME)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/u, 'a name has letters, digits, ".", "-" and "_"');

const catalogueModel = modelDescription.extend({
  name: modelName,
  /** What it is good for, in one line. */
  summary: z.string().min(1),
  /** SPDX identifier, or the licence's own name. */
  licence: z.string().min(1),
  /** Page that states these facts. */
  origin: z.url(),
  /** Addresses of one and the same archive, tried in this order. */
  sources: z.array(z.url({ protocol: /^https?$/u })).min(1),
  /** Size of the archive in bytes, where a source states it. */
  bytes: z.int().positive().exactOptional(),
  /** SHA-256 of the archive as hex, where a source states it. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/u)
    .exactOptional(),
});
export type CatalogueModel = z.output<typeof catalogueModel>;

/** The models that `parley models pull` knows. */
export const CATALOGUE: readonly CatalogueModel[] = z.array(catalogueModel).parse(catalogueFile);

/** The models of a file in the form of the packaged catalogue, which go before those. Rejects with CONFIG_INVALID. */
export async function readCatalogue(path: string): Promise<readonly CatalogueModel[]> {
  try {
    const own = z.array(catalogueModel).parse(JSON.parse(await readFile(path, 'utf8')));
    return [...own, ...CATALOGUE.filter(({ name }) => !own.some((one) => one.name === name))];
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new ParleyError('CONFIG_INVALID', `models.catalogue: ${path}: ${reason}`, { cause });
  }
}
