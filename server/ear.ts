import type { EarParameters } from '../actors/ear/front-end.ts';
import { speexResampler } from '../adapters/audio/resampler.ts';
import { rnnoise } from '../adapters/denoiser/rnnoise.ts';
import type { Config } from './config/schema.ts';

/** What each session's ear does, as configured. Throws ENGINE_MISSING without the package of the denoiser. */
export async function earOf({ denoise, ...ear }: Config['ear']): Promise<EarParameters> {
  return denoise === 'none' ? ear : { ...ear, denoiser: await rnnoise(await speexResampler()) };
}
