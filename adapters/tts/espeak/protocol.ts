import { z } from 'zod';

/** eSpeak NG's own sample rate, in Hz. */
export const ESPEAK_RATE = 22_050;

/** Start data of a thread. Slot 0 of `stop` contains the id of the job to stop, 0 for none. */
export const threadDataSchema = z.object({
  packageName: z.string().min(1),
  stop: z.custom<Int32Array<SharedArrayBuffer>>(
    (value) => value instanceof Int32Array && value.buffer instanceof SharedArrayBuffer,
    'not shared memory',
  ),
});
export type ThreadData = z.infer<typeof threadDataSchema>;

/** Main thread → eSpeak's thread. One job at a time. */
export const toThreadSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('speak'),
    id: z.int().positive(),
    text: z.string(),
    language: z.string(),
    voice: z.string().optional(),
    ratePerMinute: z.int(),
    pitch: z.int(),
  }),
]);
export type ToThread = z.infer<typeof toThreadSchema>;

/** Samples and UTF-16 offsets count from the start of the job. */
const markSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('word'),
    sample: z.int().nonnegative(),
    offset: z.int().nonnegative(),
    length: z.int().positive(),
  }),
  z.object({
    type: z.literal('phoneme'),
    sample: z.int().nonnegative(),
    phoneme: z.string(),
    viseme: z.int().min(0).max(21),
  }),
]);
export type Mark = z.infer<typeof markSchema>;

/** eSpeak's thread → main thread. */
export const fromThreadSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  /** The package is not installed. The thread ends. */
  z.object({ type: z.literal('missing'), message: z.string() }),
  z.object({
    type: z.literal('chunk'),
    id: z.int(),
    marks: z.array(markSchema),
    samples: z.instanceof(Int16Array),
  }),
  /** The job is refused because the voice is unknown. */
  z.object({ type: z.literal('refused'), id: z.int(), message: z.string() }),
  /** The end of the job, also if it was stopped. */
  z.object({ type: z.literal('done'), id: z.int() }),
]);
export type FromThread = z.infer<typeof fromThreadSchema>;
