import { z } from 'zod';
import { REJECTION_REASONS } from '../../machines/wire.ts';
import { modelLoadSchema } from '../engine.ts';

const id = z.number().int();
const confidence = z.number().min(0).max(1);

/** What can be said in an utterance, for engines that are made for more than that. */
const grammarNow = z.object({
  grammar: z.string(),
  otherWords: z.array(z.string()),
  strictness: z.number(),
});
export type GrammarNow = z.infer<typeof grammarNow>;

/** To a thread of decoders. It never has more utterances at a time than decoders. */
export const toThreadSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('begin'), id, grammar: grammarNow.exactOptional() }),
  z.object({
    type: z.literal('audio'),
    id,
    samples: z.custom<Int16Array>((value) => value instanceof Int16Array),
  }),
  z.object({ type: z.literal('end'), id }),
  z.object({ type: z.literal('abort'), id }),
]);
export type ToThread = z.infer<typeof toThreadSchema>;

/** From the thread. Each `begin` is answered by one of `final`, `failed` and `aborted`, which frees the decoder. */
export const fromThreadSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  /** At least once a second while there is work. */
  z.object({ type: z.literal('alive') }),
  /** The package of the engine is not installed. The thread ends. */
  z.object({ type: z.literal('missing') }),
  /** After an utterance, from a model in a process of its own. */
  z.object({ type: z.literal('load'), load: modelLoadSchema }),
  z.object({
    type: z.literal('partial'),
    id,
    text: z.string(),
    end: z.literal('reached').exactOptional(),
  }),
  z.object({
    type: z.literal('final'),
    id,
    text: z.string(),
    confidence: confidence.exactOptional(),
    language: z.string().exactOptional(),
    words: z
      .array(z.object({ text: z.string(), startMs: z.number(), endMs: z.number() }))
      .readonly()
      .exactOptional(),
    rejected: z
      .object({ nearest: z.string(), confidence, reason: z.enum(REJECTION_REASONS) })
      .exactOptional(),
  }),
  z.object({ type: z.literal('failed'), id, message: z.string() }),
  z.object({ type: z.literal('aborted'), id }),
]);
export type FromThread = z.infer<typeof fromThreadSchema>;
