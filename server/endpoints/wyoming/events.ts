/** Events that this server takes, by the Wyoming protocol 1.9. */
import { z } from 'zod';
import {
  LANGUAGE_TAG,
  textField,
  toolParameters,
  voiceField,
} from '../../../actors/session/client-command.ts';
import type { WyomingEvent } from '../../../adapters/wyoming/framing.ts';

/** Maximum length of a text to speak, in UTF-16 units. */
export const MAX_SPOKEN_LENGTH = 16_000;

const format = z.object({
  rate: z.int().min(4_000).max(192_000),
  /** Bytes of a sample. */
  width: z.int().min(1).max(4),
  channels: z.int().min(1).max(8),
});
export type AudioFormat = z.output<typeof format>;

// Piper and its clients write en_US.
const language = z
  .string()
  .max(35)
  .transform((tag) => tag.replaceAll('_', '-'))
  .pipe(z.string().regex(LANGUAGE_TAG, 'must be a language tag such as en or zh-CN'))
  .nullish();
const context = toolParameters.nullish();
const voice = z
  .object({ name: voiceField.or(z.null()), language })
  .partial()
  .nullish();
const textFormat = z.literal('text', 'only plain text can be spoken, not SSML').nullish();
const spoken = z.string().max(MAX_SPOKEN_LENGTH);

const none = z.object({});
const schemas = {
  describe: none,
  ping: z.object({ text: z.string().max(1_000).nullish() }),
  pong: z.object({ text: z.string().nullish() }),
  transcribe: z.object({ language }),
  detect: none,
  identify: none,
  'audio-start': format,
  'audio-chunk': format,
  'audio-stop': none,
  synthesize: z.object({ text: spoken, voice, text_format: textFormat }),
  'synthesize-start': z.object({ voice, text_format: textFormat }),
  'synthesize-chunk': z.object({ text: spoken }),
  'synthesize-stop': none,
  transcript: z.object({ text: textField, language, context }),
  recognize: z.object({ text: textField, context }),
  'run-pipeline': z.object({
    start_stage: z.enum(['wake', 'identity', 'asr', 'intent', 'handle', 'tts']),
    end_stage: z.enum(['wake', 'identity', 'asr', 'intent', 'handle', 'tts']),
    restart_on_end: z.boolean().nullish(),
    announce_text: textField.nullish(),
    snd_format: format.nullish(),
  }),
  detection: none,
  played: none,
  info: z.object({ snd: z.array(z.object({ snd_format: format.nullish() })).nullish() }),
} as const;
type Schemas = typeof schemas;

export type ClientEvent = {
  [Type in keyof Schemas]: {
    readonly type: Type;
    readonly data: z.output<Schemas[Type]>;
    readonly payload: Buffer;
  };
}[keyof Schemas];
export type EventOf<Type extends ClientEvent['type']> = Extract<ClientEvent, { type: Type }>;

/** For tests that make events from the schemas. */
export const eventSchemas: Readonly<Record<string, z.ZodType>> = schemas;

interface Parsed {
  readonly event?: ClientEvent;
  readonly code?: 'BAD_FIELD';
  readonly why?: string;
}

/**
 * What a client may send, or what is wrong with it. Neither for other types: reports of a satellite, events of services that
 * are not here, and those of later versions, which peers must ignore.
 */
export function parseEvent({ type, data, payload }: WyomingEvent): Parsed {
  const schema = Object.hasOwn(eventSchemas, type) ? eventSchemas[type] : undefined;
  if (!schema) return {};
  const parsed = schema.safeParse(data);
  // The schema belongs to the type, which the compiler cannot follow through the table.
  if (parsed.success) return { event: { type, data: parsed.data, payload } as ClientEvent };
  const problems = parsed.error.issues.map(({ path, message }) => `${[type, ...path].join('.')}: ${message}`);
  return { code: 'BAD_FIELD', why: problems.join('; ') };
}
