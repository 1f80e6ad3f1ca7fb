import { z } from 'zod';

const id = z.int();
const rate = z.literal([8_000, 12_000, 16_000, 24_000, 48_000]);
const data = z.instanceof(Uint8Array<ArrayBuffer>);

/** `decoder` and `encoder` begin a stream, `run` gives it a packet or the bytes of a frame, `close` ends it. */
export const toThreadSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('decoder'), id, rate }),
  z.object({
    ...{ type: z.literal('encoder'), id, rate },
    ...{ frameSamples: z.int().min(1), bitrate: z.int().min(1) },
  }),
  z.object({ type: z.literal('run'), id, data, samples: z.int().min(0) }),
  z.object({ type: z.literal('close'), id }),
]);
export type ToThread = z.infer<typeof toThreadSchema>;

/** First comes `ready`, or `unusable` and the end of the thread. `done` answers each `run`, in order; `failed` ends the stream. */
export const fromThreadSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('unusable'), message: z.string() }),
  z.object({ type: z.literal('done'), id, data, damaged: z.boolean() }),
  z.object({ type: z.literal('failed'), id, message: z.string() }),
]);
export type FromThread = z.infer<typeof fromThreadSchema>;
