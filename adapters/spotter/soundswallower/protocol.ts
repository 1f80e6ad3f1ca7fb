import { z } from 'zod';

/** Data for building the spotters of a thread. */
export const threadDataSchema = z.object({
  phrases: z.array(z.string()),
  /** Word → phones, from the dialog. */
  pronunciations: z.map(z.string(), z.string()),
  spotters: z.number().int().min(1),
  /** Memory of the guard of the embedding's runtime, if the word "stop" is also listened for as a whole. */
  guard: z.instanceof(SharedArrayBuffer).optional(),
});
export type ThreadData = z.infer<typeof threadDataSchema>;
