import { z } from 'zod';

/** Purpose of a model: recognisers that hear while the user speaks and afterwards, voices, spotters of keywords, denoisers. */
export const MODEL_KINDS = ['streaming-stt', 'stt', 'tts', 'spotter', 'denoiser'] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];

/** A relative path inside the folder of a model, with slashes. */
const inside = z
  .string()
  .min(1)
  .refine(
    (path) => !path.startsWith('/') && !/[\\:]/u.test(path) && !path.split('/').includes('..'),
    'must be a path inside the folder of the model',
  );

/** File in the folder of a model that describes it, so that the folder can be copied to another machine. */
export const DESCRIPTION_FILE = 'parley-model.json';

/** What an engine must know to load a model. */
export const modelDescription = z.strictObject({
  kind: z.enum(MODEL_KINDS),
  /** Group of sherpa-onnx's configuration that takes the files, such as `transducer` or `kokoro`. */
  type: z.string().min(1),
  /** Languages that it understands or speaks, as BCP 47 tags. */
  languages: z.array(z.string().min(2)).min(1),
  /** Key of sherpa-onnx's configuration → file or folder, or a list of files, in the folder of the model. */
  files: z.record(z.string(), z.union([inside, z.array(inside).min(1)])),
});
export type ModelDescription = z.output<typeof modelDescription>;
