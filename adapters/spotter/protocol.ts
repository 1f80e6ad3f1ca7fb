import { z } from 'zod';

const id = z.number().int();
const sample = z.number().int();
const phrase = z.string();

/** To the thread. It never has more stretches at a time than spotters. */
export const toThreadSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('begin'), id }),
  /** `sample`: index of the first, from the start of the stretch. A gap means that audio was dropped. */
  z.object({
    ...{ type: z.literal('audio'), id, sample },
    samples: z.custom<Int16Array>((value) => value instanceof Int16Array),
  }),
  z.object({ type: z.literal('end'), id }),
  z.object({ type: z.literal('abort'), id }),
]);
export type ToThread = z.infer<typeof toThreadSchema>;

/** From the thread. Each `begin` is answered by one of `ended` and `failed`, which frees the spotter. */
export const fromThreadSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  /** The package of the engine is not installed. The thread ends. */
  z.object({ type: z.literal('missing') }),
  /** A piece of audio was heard. */
  z.object({ type: z.literal('heard'), id }),
  z.object({ type: z.literal('suspected'), id, phrase, sample }),
  z.object({ type: z.literal('confirmed'), id, phrase }),
  z.object({ type: z.literal('refuted'), id }),
  z.object({ type: z.literal('ended'), id }),
  z.object({ type: z.literal('failed'), id, message: z.string() }),
]);
export type FromThread = z.infer<typeof fromThreadSchema>;
