import { z } from 'zod';
import { INPUT_RATES, OUTPUT_RATES } from '../../../machines/audio.ts';
import { type ErrorCode, isErrorCode } from '../../../machines/errors.ts';
import type { JsonObject } from '../../../machines/json.ts';
import {
  ATTENTION_STATES,
  PUBLIC_STATES,
  REJECTION_REASONS,
  type ServerMessage,
} from '../../../machines/wire.ts';

const count = z.int().min(0);
const ms = z.number().min(0);
const text = z.literal('text').exactOptional();
const stage = ms.exactOptional();
const code = z.custom<ErrorCode>(isErrorCode, 'must be a code of Parley').meta({ type: 'string' });

/** What a server sends, as data: for the conformance kit and the types of clients in other languages. Unknown fields are dropped. */
export const serverMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    session: z.string().min(1),
    epoch: count,
    resumed: z.boolean(),
    secret: z.string().exactOptional(),
    audio: z.object({
      inputRate: z.literal(INPUT_RATES),
      outputRate: z.literal(OUTPUT_RATES),
      codec: z.literal('opus').exactOptional(),
      preSkip: count.exactOptional(),
    }),
    input: text,
    output: text,
    actions: z.literal('results').exactOptional(),
  }),
  z.object({
    type: z.literal('state'),
    value: z.enum(PUBLIC_STATES),
    turn: count,
    generation: count,
    seq: count,
    at: ms,
    actions: z
      .array(z.object({ id: z.string(), name: z.string() }))
      .readonly()
      .exactOptional(),
  }),
  z.object({ type: z.literal('speech'), event: z.enum(['start', 'stop']), at: ms }),
  z.object({
    type: z.literal('transcript'),
    turn: count,
    text: z.string(),
    final: z.boolean(),
    language: z.string().exactOptional(),
    confidence: z.number().exactOptional(),
    rejected: z
      .object({ nearest: z.string(), confidence: z.number(), reason: z.enum(REJECTION_REASONS) })
      .exactOptional(),
    words: z
      .array(z.object({ text: z.string(), startMs: z.number(), endMs: z.number() }))
      .readonly()
      .exactOptional(),
  }),
  z.object({ type: z.literal('reply'), turn: count, generation: count, text: z.string() }),
  z.object({ type: z.literal('emotion'), turn: count, generation: count, emotion: z.string().min(1) }),
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
      prepared: stage,
      firstPlayed: stage,
      filler: stage,
    }),
    origin: z.literal('behaviour').exactOptional(),
  }),
  z.object({
    type: z.literal('playback'),
    generation: count,
    state: z.enum(['playing', 'ducked', 'paused']),
  }),
  z.object({ type: z.literal('flush'), generation: count }),
  z.object({ type: z.literal('hold'), held: z.boolean(), phrase: z.string().exactOptional() }),
  z.object({
    ...{ type: z.literal('ear'), at: ms, levelDb: z.number(), speech: z.number() },
    echo: z
      .object({ delayMs: ms.exactOptional(), removedDb: z.number(), passed: z.number() })
      .exactOptional(),
  }),
  z.object({
    type: z.literal('viseme'),
    generation: count,
    at: ms,
    phoneme: z.string(),
    viseme: z.int().min(0).max(21),
  }),
  z.object({
    type: z.literal('action'),
    id: z.string().min(1),
    name: z.string().min(1),
    args: z.custom<JsonObject>((value) => value?.constructor === Object, 'must be an object'),
    status: z.enum(['started', 'progress', 'done', 'cancelled', 'refused', 'failed']),
    key: z.string().min(1).exactOptional(),
    runs: z.literal('server').exactOptional(),
    message: z.string().exactOptional(),
    origin: z.literal('behaviour').exactOptional(),
  }),
  z.object({
    type: z.literal('report'),
    name: z.string().min(1),
    data: z.custom<JsonObject>((value) => value?.constructor === Object, 'must be an object').exactOptional(),
  }),
  z.object({ type: z.literal('notice'), code, message: z.string() }),
  z.object({ type: z.literal('attention'), state: z.enum(ATTENTION_STATES) }),
  z.object({
    type: z.literal('error'),
    code,
    message: z.string().min(1),
    fatal: z.boolean(),
    retryAfterMs: z.number().nonnegative().exactOptional(),
    server: z.string().min(1).exactOptional(),
  }),
]);

type Schema = z.infer<typeof serverMessage>;
type Fields<M extends { type: string }> = {
  [T in M['type']]: `${T}.${string & keyof Extract<M, { type: T }>}`;
}[M['type']];
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
// These do not compile if the schema and the types of the wire differ. An optional field too few shows in `Fields` only.
true satisfies Same<Schema, ServerMessage>;
true satisfies Same<Fields<Schema>, Fields<ServerMessage>>;
