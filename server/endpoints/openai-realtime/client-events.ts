import { z } from 'zod';
import { toolParameters } from '../../../actors/session/client-command.ts';
import { ECHO_STATES } from '../../../machines/wire.ts';

// Names of the general release; `beta-names.ts` has turned others into these. Unknown fields are dropped here, and `parse-event.ts` reports them.

const id = z.string().min(1).max(64);
const eventId = z.string().max(512).nullish();
const text = z.string().max(100_000);
const previous = z.string().max(64).nullish();

const audioFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('audio/pcm'), rate: z.literal(24_000).default(24_000) }),
  z.object({ type: z.literal('audio/pcmu') }),
  z.object({ type: z.literal('audio/pcma') }),
]);
export type AudioFormat = z.output<typeof audioFormat>;

const voice = z.union([z.string().min(1).max(200), z.object({ id: z.string().min(1).max(200) })]);

const turnDetection = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('server_vad'),
    threshold: z.number().min(0).max(1).default(0.5),
    prefix_padding_ms: z.int().min(0).max(5_000).default(300),
    silence_duration_ms: z.int().min(0).max(10_000).default(500),
    create_response: z.boolean().default(true),
    interrupt_response: z.boolean().default(true),
    idle_timeout_ms: z.int().min(1).nullish(),
  }),
  z.object({
    type: z.literal('semantic_vad'),
    eagerness: z.enum(['low', 'medium', 'high', 'auto']).default('auto'),
    create_response: z.boolean().default(true),
    interrupt_response: z.boolean().default(true),
  }),
]);
export type TurnDetection = z.output<typeof turnDetection>;

const tool = z.object({
  type: z.literal('function'),
  name: z.string().regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, "-" or "_"'),
  description: text.default(''),
  parameters: toolParameters.default({ type: 'object', properties: {} }),
});
export type FunctionTool = z.output<typeof tool>;

const toolChoice = z.union([
  z.enum(['auto', 'none', 'required']),
  z.object({ type: z.literal('function'), name: z.string().min(1).max(64) }),
]);
export type ToolChoice = z.output<typeof toolChoice>;

const modalities = z
  .array(z.enum(['audio', 'text']))
  .length(1, 'must be ["audio"] or ["text"]; audio includes its transcript');
const tools = z.array(tool).max(128);
const maxTokens = z.union([z.literal('inf'), z.int().min(1).max(4_096)]);

/** A field of the API that this server does not have; `unsupported` of session-config.ts reports it. */
const foreign = z.unknown().optional();

const sessionUpdate = z.object({
  type: z.enum(['realtime', 'transcription']).exactOptional(),
  model: z.string().max(200).exactOptional(),
  instructions: text.exactOptional(),
  output_modalities: modalities.exactOptional(),
  tools: tools.exactOptional(),
  tool_choice: toolChoice.nullish(),
  audio: z
    .object({
      input: z
        .object({
          format: audioFormat.nullish(),
          transcription: z
            .object({
              model: z.string().max(200).exactOptional(),
              language: z.string().max(35).exactOptional(),
              prompt: text.exactOptional(),
            })
            .nullish(),
          turn_detection: turnDetection.nullish(),
          noise_reduction: foreign,
        })
        .exactOptional(),
      output: z
        .object({
          format: audioFormat.nullish(),
          voice: voice.nullish(),
          speed: z.number().nullish(),
        })
        .exactOptional(),
    })
    .exactOptional(),
  max_output_tokens: maxTokens.nullish(),
  tracing: foreign,
  truncation: foreign,
  prompt: foreign,
  include: foreign,
  reasoning: foreign,
  parallel_tool_calls: foreign,
  temperature: foreign,
  /** Of this server: whether the microphone hears what the session says. The API has no word for it. */
  echo: z.enum(ECHO_STATES).exactOptional(),
});
export type SessionUpdate = z.output<typeof sessionUpdate>;

const status = z.enum(['completed', 'incomplete', 'in_progress']).nullish();
const common = { id: id.nullish(), object: z.literal('realtime.item').nullish(), status };
const inputText = z.object({ type: z.literal('input_text'), text });

/** Items of a conversation that a client may create. */
const clientItem = z.union([
  z.object({
    ...common,
    type: z.literal('message'),
    role: z.literal('user'),
    content: z
      .array(
        z.discriminatedUnion('type', [
          inputText,
          z.object({
            type: z.literal('input_audio'),
            audio: z.string().nullish(),
            transcript: text.nullish(),
          }),
          z.object({ type: z.literal('input_image') }),
        ]),
      )
      .min(1)
      .max(64),
  }),
  z.object({
    ...common,
    type: z.literal('message'),
    role: z.literal('system'),
    content: z.array(inputText).min(1).max(64),
  }),
  z.object({
    ...common,
    type: z.literal('message'),
    role: z.literal('assistant'),
    content: z
      .array(
        z.discriminatedUnion('type', [
          z.object({ type: z.literal('output_text'), text }),
          z.object({
            type: z.literal('output_audio'),
            audio: z.string().nullish(),
            transcript: text.nullish(),
          }),
        ]),
      )
      .min(1)
      .max(64),
  }),
  z.object({
    ...common,
    type: z.literal('function_call'),
    call_id: id.nullish(),
    name: z.string().min(1).max(64),
    arguments: text,
  }),
  z.object({ ...common, type: z.literal('function_call_output'), call_id: id, output: text }),
]);
export type ClientItem = z.output<typeof clientItem>;

const responseCreate = z.object({
  conversation: z.string().max(64).nullish(),
  instructions: text.nullish(),
  input: z
    .array(z.union([z.object({ type: z.literal('item_reference'), id }), clientItem]))
    .max(1_000)
    .nullish(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullish(),
  output_modalities: modalities.nullish(),
  audio: z
    .object({
      output: z.object({ format: audioFormat.nullish(), voice: voice.nullish() }).exactOptional(),
    })
    .nullish(),
  tools: tools.nullish(),
  tool_choice: toolChoice.nullish(),
  max_output_tokens: maxTokens.nullish(),
  temperature: foreign,
});
export type ResponseCreate = z.output<typeof responseCreate>;

const base = { event_id: eventId };

/** Every client event of the GA API over WebSocket. */
export const clientEvent = z.discriminatedUnion('type', [
  z.object({ ...base, type: z.literal('session.update'), session: sessionUpdate }),
  z.object({ ...base, type: z.literal('input_audio_buffer.append'), audio: z.string().min(1) }),
  z.object({ ...base, type: z.literal('input_audio_buffer.commit') }),
  z.object({ ...base, type: z.literal('input_audio_buffer.clear') }),
  z.object({ ...base, type: z.literal('output_audio_buffer.clear') }),
  z.object({
    ...base,
    type: z.literal('conversation.item.create'),
    previous_item_id: previous,
    item: clientItem,
  }),
  z.object({ ...base, type: z.literal('conversation.item.retrieve'), item_id: id }),
  z.object({ ...base, type: z.literal('conversation.item.delete'), item_id: id }),
  z.object({
    ...base,
    type: z.literal('conversation.item.truncate'),
    item_id: id,
    content_index: z.literal(0, 'an item has one part of audio, with index 0'),
    audio_end_ms: z.int().min(0),
  }),
  z.object({ ...base, type: z.literal('response.create'), response: responseCreate.nullish() }),
  // Of this server: the API has no word for it.
  z.object({ ...base, type: z.literal('parley.rearm') }),
  z.object({ ...base, type: z.literal('response.cancel'), response_id: z.string().max(64).nullish() }),
]);
export type ClientEvent = z.output<typeof clientEvent>;

/** Why a client's event is refused, as the API reports it. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
}

export function refusal(code: string, message: string, param: string | null = null): Refusal {
  return { code, message, param };
}
