import { z } from 'zod';

/** What a worker process needs to load a recogniser. */
export const workerDataSchema = z.strictObject({
  model: z.strictObject({
    kind: z.enum(['streaming-stt', 'stt']),
    type: z.string(),
    files: z.record(z.string(), z.string()),
  }),
  /** Threads of ONNX Runtime for one decoding. */
  threads: z.int().min(1),
  /** `cpu`, `cuda`, `coreml` … */
  provider: z.string(),
  /** Words that are made likelier; empty for none. */
  hotWords: z.array(z.string()),
  hotWordsScore: z.number(),
  /** Silence after the last word that ends a turn, ms; 0: never. */
  endpointMs: z.number(),
  /** The language of the model, if it has only one. */
  language: z.string().exactOptional(),
});
export type WorkerData = z.infer<typeof workerDataSchema>;
