import { z } from 'zod';

/** Data for building the decoders of a thread. */
export const threadDataSchema = z.object({
  grammar: z.string(),
  words: z.array(z.string()),
  /** Sounds of a listener, which are also in the grammar. */
  backchannels: z.array(z.string()),
  /** Sentences that stop the robot: they are looked at more closely, see verdict.ts. */
  stops: z.array(z.string()),
  /** Words of other speech, see common-words.ts. */
  otherWords: z.array(z.string()),
  /** Word → phones, from the dialog. */
  pronunciations: z.map(z.string(), z.string()),
  decoders: z.number().int().min(1),
  /** See verdict.ts. */
  strictness: z.number(),
});
export type ThreadData = z.infer<typeof threadDataSchema>;
