import { z } from 'zod';

const UINT32_MAX = 0xffff_ffff;
/** Maximum length of a typed turn, in UTF-16 units. */
const MAX_TEXT_LENGTH = 4_000;

/** Commands that any authorised peer may send to a session's `cmd` subject: the client messages other than hello. */
export const clientCommand = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('text'),
    text: z
      .string()
      .max(MAX_TEXT_LENGTH)
      .refine((text) => text.trim() !== '', 'must not be empty'),
  }),
  z.object({
    type: z.literal('played'),
    generation: z.int().min(0).max(UINT32_MAX),
    samples: z.int().min(0),
  }),
  z.object({ type: z.literal('interrupt') }),
  z.object({ type: z.literal('halt') }),
  z.object({ type: z.literal('rearm') }),
  z.object({ type: z.literal('bye') }),
]);

/** A message of the client other than hello. */
export type ClientCommand = z.infer<typeof clientCommand>;
