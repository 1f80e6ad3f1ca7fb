import { z } from 'zod';

/** What a worker process needs to load a spotter. */
export const workerDataSchema = z.strictObject({
  encoder: z.string(),
  decoder: z.string(),
  joiner: z.string(),
  tokens: z.string(),
  /** Each phrase in the pieces of the model. */
  phrases: z.array(z.strictObject({ phrase: z.string(), pieces: z.array(z.string()).min(1) })).min(1),
  /** Bonus of a phrase's pieces, in log probability. */
  score: z.number(),
  /** Probability from which a phrase counts as heard. */
  threshold: z.number(),
});
export type WorkerData = z.infer<typeof workerDataSchema>;
