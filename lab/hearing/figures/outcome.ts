import { z } from 'zod';

const common = { id: z.string(), half: z.union([z.literal(0), z.literal(1)]) };
const heard = {
  /** What was sure; absent if nothing was. */
  stoppedBy: z.enum(['lane', 'recogniser']).optional(),
  suspicions: z.number(),
  laneAudioMs: z.number(),
  laneMs: z.number(),
};

/** What came of a trial. */
export const outcomeSchema = z.discriminatedUnion('kind', [
  /** `delayMs`: from the end of the word to `hold`. */
  z.object({
    ...{ kind: z.literal('stop'), ...common, group: z.string(), ...heard },
    delayMs: z.number().optional(),
  }),
  z.object({
    ...{ kind: z.literal('false stop'), ...common, ...heard },
    group: z.enum(['words', 'sentences', 'meetings']),
    label: z.string(),
  }),
  z.object({
    ...{ kind: z.literal('sentence'), ...common, group: z.string(), heard: z.string() },
    ...{ meant: z.boolean(), accepted: z.boolean(), right: z.boolean() },
  }),
  z.object({ kind: z.literal('echo'), ...common, interrupted: z.boolean() }),
]);
export type Outcome = z.infer<typeof outcomeSchema>;
