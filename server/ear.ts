import type { EarParameters } from '../actors/ear/front-end.ts';
import { SteadyNoiseFilter } from '../actors/ear/steady-noise.ts';
import { speexResampler } from '../adapters/audio/resampler.ts';
import { rnnoise } from '../adapters/denoiser/rnnoise.ts';
import { sherpaDenoiser } from '../adapters/denoiser/sherpa/sherpa.ts';
import { configuredModel } from '../adapters/sherpa/configured.ts';
import type { Config } from './config/schema.ts';

/**
 * What each session's ear does, as configured. Throws ENGINE_MISSING without the package of the denoiser, and CONFIG_INVALID or
 * MODEL_MISSING for its model.
 */
export async function earOf({ ear, models }: Pick<Config, 'ear' | 'models'>): Promise<EarParameters> {
  const { denoise, denoiseModel, ...parameters } = ear;
  if (denoise === 'none') return parameters;
  if (denoise === 'steady') return { ...parameters, denoiser: { create: () => new SteadyNoiseFilter() } };
  const denoiser =
    denoise === 'rnnoise'
      ? await rnnoise(await speexResampler())
      : await sherpaDenoiser((await configuredModel(denoiseModel, models.dir, false)).model);
  return { ...parameters, denoiser };
}
