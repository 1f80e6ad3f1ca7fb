import { z } from 'zod';
import { type JsonObject, parseJson } from '../../../machines/json.ts';

const error = z.looseObject({
  type: z.string().nullish(),
  code: z.string().nullish(),
  message: z.string().nullish(),
  event_id: z.string().nullish(),
});
/** Body of a refused handshake, as services write it. */
export const refusalBody = z.looseObject({
  error: z.union([
    z.string(),
    z.looseObject({ code: z.string().nullish(), type: z.string().nullish(), message: z.string().nullish() }),
  ]),
});
const id = z.string().min(1).max(200);

/** The used fields of the used server events of the GA API. */
const serverEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('session.created'), session: z.looseObject({}) }),
  z.object({ type: z.literal('session.updated') }),
  z.object({ type: z.literal('error'), error }),
  z.object({ type: z.literal(['input_audio_buffer.speech_started', 'input_audio_buffer.cleared']) }),
  z.object({ type: z.literal('input_audio_buffer.committed'), item_id: id }),
  z.object({
    type: z.literal('conversation.item.input_audio_transcription.completed'),
    item_id: id,
    transcript: z.string(),
  }),
  z.object({
    type: z.literal('conversation.item.input_audio_transcription.failed'),
    item_id: id,
    error: error.nullish(),
  }),
  z.object({ type: z.literal('response.created'), response: z.object({ id }) }),
  z.object({
    type: z.literal(['response.output_audio_transcript.delta', 'response.output_text.delta']),
    response_id: id,
    item_id: id,
    delta: z.string(),
  }),
  z.object({
    type: z.literal('response.output_audio.delta'),
    response_id: id,
    item_id: id,
    delta: z.base64(),
  }),
  z.object({
    type: z.literal('response.output_item.done'),
    response_id: id,
    item: z.looseObject({ id: z.string().nullish(), type: z.string() }),
  }),
  z.object({
    type: z.literal('response.done'),
    response: z.object({
      id,
      status: z.string().nullish(),
      status_details: z.looseObject({ error: error.nullish(), reason: z.string().nullish() }).nullish(),
      output: z.array(z.looseObject({ id: z.string().nullish() })).nullish(),
    }),
  }),
]);

export type RealtimeServerEvent = z.output<typeof serverEvent>;

const TYPES: ReadonlySet<string> = new Set(
  serverEvent.options.flatMap(({ shape }) => [...shape.type.values]),
);

const anyEvent = z.looseObject({ type: z.string() });

/** An event of the server; undefined if this client does not use it. Throws what JSON and zod throw if it cannot be read. */
export function parseServerEvent(line: string): RealtimeServerEvent | undefined {
  const event = anyEvent.parse(JSON.parse(line));
  return TYPES.has(event.type) ? serverEvent.parse(event) : undefined;
}

const functionCall = z.object({
  id,
  type: z.literal('function_call'),
  call_id: id,
  name: z.string().min(1),
  arguments: z.string(),
});

const args = z.record(z.string(), z.json());
/** Characters of wrong arguments that the model is shown. */
const MAX_SHOWN = 80;

/** The call in a finished item, if it is one; `invalid` if its arguments are not a JSON object. Throws what zod throws. */
export function callIn(item: {
  readonly type: string;
}): (z.infer<typeof functionCall> & { readonly args: JsonObject; readonly invalid?: string }) | undefined {
  if (item.type !== 'function_call') return undefined;
  const call = functionCall.parse(item);
  const parsed = args.safeParse(call.arguments.trim() === '' ? {} : parseJson(call.arguments));
  if (parsed.success) return { ...call, args: parsed.data };
  const invalid = `the arguments are not one JSON object: ${call.arguments.slice(0, MAX_SHOWN)}`;
  return { ...call, args: {}, invalid };
}
