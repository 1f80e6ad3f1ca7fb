import { z } from 'zod';
import { modelLoadSchema } from '../../engine.ts';

/** What a worker process needs to load a voice. */
export const workerDataSchema = z.strictObject({
  model: z.strictObject({ type: z.string(), files: z.record(z.string(), z.string()) }),
  /** Threads of ONNX Runtime. */
  threads: z.int().min(1),
  /** `cpu`, `cuda`, `coreml` … */
  provider: z.string(),
  /** Steps of models that refine their speech in steps; the model's own if absent. */
  steps: z.int().min(1).exactOptional(),
});
export type WorkerData = z.infer<typeof workerDataSchema>;

const id = z.int();

/** To the process. It speaks one text at a time. */
export const toWorkerSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('speak'),
    id,
    text: z.string(),
    /** Primary language tag. */
    language: z.string(),
    speaker: z.int().min(0),
    speed: z.number(),
  }),
  /** Ends the text before its next part. */
  z.object({ type: z.literal('stop'), id }),
]);
export type ToWorker = z.infer<typeof toWorkerSchema>;

/** From the process. Each `speak` is answered by `done`, `refused` or `failed`, which ends it. */
export const fromWorkerSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  /** The package is not installed. The process ends. */
  z.object({ type: z.literal('missing') }),
  z.object({
    type: z.literal('audio'),
    id,
    rate: z.int().positive(),
    samples: z.custom<Int16Array>((value) => value instanceof Int16Array),
  }),
  /** After each text. */
  z.object({ type: z.literal('load'), load: modelLoadSchema }),
  z.object({ type: z.literal('done'), id }),
  /** The voice has no such speaker, or cannot say any of the text. */
  z.object({ type: z.literal('refused'), id, message: z.string() }),
  z.object({ type: z.literal('failed'), id, message: z.string() }),
]);
export type FromWorker = z.infer<typeof fromWorkerSchema>;
