import type { EngineKind } from '../../actors/subjects.ts';
import { CATALOGUE, type CatalogueModel, readCatalogue } from '../../adapters/models/catalogue.ts';
import { resolveModel } from '../../adapters/models/resolve.ts';
import type { Config } from '../config/schema.ts';
import { ENGINE_KINDS, engineOf } from '../engine-registry.ts';
import { optionsOf } from '../engines.ts';

/** The models that `parley models` knows with this configuration. Rejects with CONFIG_INVALID. */
export async function catalogueOf({ models }: Config): Promise<readonly CatalogueModel[]> {
  return models.catalogue === undefined ? CATALOGUE : await readCatalogue(models.catalogue);
}

/** The models of a worker's engines of `kinds`, by name or folder; without `kinds` those of a server, with its spotter of stops and its denoiser. */
export function configuredModels(config: Config, kinds?: readonly EngineKind[]): readonly string[] {
  const names = (kinds ?? ENGINE_KINDS).flatMap((kind) =>
    config.engines[kind].flatMap((name) => engineOf(kind, name)?.models(optionsOf(kind, name, config)) ?? []),
  );
  const { listen, model } = config.voiceStop;
  const spots = kinds === undefined && listen !== 'never';
  const { denoise, denoiseModel } = config.ear;
  const cleans = kinds === undefined && denoise === 'sherpa';
  return [
    ...new Set([
      ...names,
      ...(spots && model !== undefined ? [model] : []),
      ...(cleans ? [denoiseModel] : []),
    ]),
  ];
}

/** Rejects with MODEL_MISSING, MODEL_UNKNOWN or MODEL_DAMAGED if a configured model cannot be loaded. */
export async function requireModels(config: Config, kinds?: readonly EngineKind[]): Promise<void> {
  const catalogue = await catalogueOf(config);
  for (const name of configuredModels(config, kinds)) await resolveModel(name, config.models.dir, catalogue);
}
