import * as z from 'zod/mini';
import { PUBLIC_STATES, type ServerMessage } from '../../machines/wire.ts';

// The page's security policy forbids code made from strings, which zod would otherwise probe for.
z.config({ jitless: true });

const count = z.int().check(z.nonnegative());
const inputRate = z.union([z.literal(8_000), z.literal(16_000), z.literal(24_000), z.literal(48_000)]);
const outputRate = z.union([z.literal(16_000), z.literal(24_000)]);
const stage = z.exactOptional(z.number());

const rejection = z.object({ nearest: z.string(), confidence: z.number(), reason: z.string() });

const serverMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    session: z.string(),
    epoch: count,
    resumed: z.boolean(),
    audio: z.object({ inputRate, outputRate }),
  }),
  z.object({
    type: z.literal('state'),
    value: z.enum(PUBLIC_STATES),
    turn: count,
    generation: count,
    seq: count,
    at: z.number(),
  }),
  z.object({ type: z.literal('speech'), event: z.enum(['start', 'stop']), at: z.number() }),
  z.object({
    type: z.literal('transcript'),
    turn: count,
    text: z.string(),
    final: z.boolean(),
    rejected: z.exactOptional(rejection),
  }),
  z.object({ type: z.literal('reply'), turn: count, generation: count, text: z.string() }),
  z.object({
    type: z.literal('reply.end'),
    turn: count,
    generation: count,
    reason: z.enum(['completed', 'interrupted', 'failed']),
    heard: z.string(),
    timings: z.object({
      endpoint: stage,
      stt: stage,
      recall: stage,
      llmFirstToken: stage,
      firstSegment: stage,
      ttsFirstAudio: stage,
      firstFrame: stage,
      firstAudio: stage,
      firstPlayed: stage,
      filler: stage,
    }),
  }),
  z.object({ type: z.literal('playback'), generation: count, state: z.enum(['playing', 'paused']) }),
  z.object({ type: z.literal('flush'), generation: count }),
  z.object({
    type: z.literal('viseme'),
    generation: count,
    at: z.number(),
    phoneme: z.string(),
    viseme: z.number(),
  }),
  z.object({
    type: z.literal('action'),
    id: z.string(),
    name: z.string(),
    args: z.record(z.string(), z.json()),
    status: z.enum(['started', 'progress', 'done', 'cancelled', 'refused', 'failed']),
    message: z.exactOptional(z.string()),
  }),
  z.object({ type: z.literal('error'), code: z.string(), message: z.string(), fatal: z.boolean() }),
]);

/** `ServerMessage` as a page takes it: a newer server may have codes and reasons that this page does not know. */
export type Heard =
  | Exclude<ServerMessage, { type: 'error' | 'transcript' }>
  | Extract<z.infer<typeof serverMessage>, { type: 'error' | 'transcript' }>;

/** The message in a text frame, or undefined if this page does not know it. */
export function parseServerMessage(data: string): Heard | undefined {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    return undefined;
  }
  const result = z.safeParse(serverMessage, json);
  return result.success ? result.data : undefined;
}
