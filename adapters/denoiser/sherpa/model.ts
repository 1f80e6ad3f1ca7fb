import { z } from 'zod';
import type { OnlineSpeechDenoiser, Sherpa } from '../../sherpa/library.ts';

/** A model in sherpa-onnx's configuration. */
export const denoiserModelSchema = z.strictObject({ type: z.string(), file: z.string() });
export type DenoiserModel = z.infer<typeof denoiserModelSchema>;

/** A stream of its own. If the model is not what sherpa-onnx expects, that ends the process. */
export function loadDenoiser(sherpa: Sherpa, { type, file }: DenoiserModel): OnlineSpeechDenoiser {
  return new sherpa.OnlineSpeechDenoiser({
    model: { [type]: { model: file }, numThreads: 1, provider: 'cpu', debug: 0 },
  });
}
