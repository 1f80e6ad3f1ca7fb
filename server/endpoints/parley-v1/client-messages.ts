import { z } from 'zod';
import {
  type ClientCommand,
  clientCommand,
  languageField,
  voiceField,
} from '../../../actors/session/client-command.ts';
import { G711_RATE } from '../../../adapters/g711.ts';
import { INPUT_RATES, OUTPUT_RATES } from '../../../machines/audio.ts';
import { USER_ID, USER_ID_RULE } from '../../../machines/user.ts';
import {
  ATTENTION_MODES,
  AUDIO_CODECS,
  ECHO_STATES,
  FRAME_LENGTHS_MS,
  type HelloMessage,
  INPUT_FORMATS,
  OPUS_BITRATES,
} from '../../../machines/wire.ts';

// Values are strict and never coerced; unknown fields are dropped, so that they do not reach a session.
export const helloMessage = z.object({
  type: z.literal('hello'),
  token: z.string().max(4_096).exactOptional(),
  user: z.string().regex(USER_ID, USER_ID_RULE).exactOptional(),
  resume: z.literal(true).exactOptional(),
  session: z.string().min(1).max(128).exactOptional(),
  secret: z.string().min(1).max(128).exactOptional(),
  epoch: z.int().min(0).exactOptional(),
  lastSeq: z.int().min(0).exactOptional(),
  played: z.object({ generation: z.int().min(0), samples: z.int().min(0) }).exactOptional(),
  audio: z
    .object({
      inputRate: z.literal(INPUT_RATES).exactOptional(),
      outputRate: z.literal(OUTPUT_RATES).exactOptional(),
      inputFormat: z.enum(INPUT_FORMATS).exactOptional(),
      echo: z.enum(ECHO_STATES).exactOptional(),
      frameMs: z.literal(FRAME_LENGTHS_MS).exactOptional(),
      codec: z.enum(AUDIO_CODECS).exactOptional(),
      bitrate: z.int().min(OPUS_BITRATES.min).max(OPUS_BITRATES.max).exactOptional(),
    })
    .refine(
      ({ inputFormat = 'pcm16', inputRate = G711_RATE }) =>
        inputFormat === 'pcm16' || inputRate === G711_RATE,
      { path: ['inputRate'], error: `must be ${G711_RATE} with G.711` },
    )
    .refine(({ inputFormat = 'pcm16', codec = 'pcm' }) => inputFormat === 'pcm16' || codec === 'pcm', {
      path: ['inputFormat'],
      error: 'must be pcm16 with Opus',
    })
    .exactOptional(),
  language: languageField,
  voice: voiceField,
  input: z.enum(['audio', 'text']).exactOptional(),
  output: z.enum(['audio', 'text']).exactOptional(),
  actions: z.literal('results').exactOptional(),
  attention: z.enum(ATTENTION_MODES).exactOptional(),
  ear: z.literal('reports').exactOptional(),
});

const COMMAND_TYPES: ReadonlySet<string> = new Set(
  clientCommand.options.map((option) => option.shape.type.value),
);

/** `detail` names the field and the problem; it repeats at most a short word of the input. */
type ParseFailure = {
  readonly code: 'BAD_MESSAGE' | 'BAD_FIELD' | 'UNKNOWN_TYPE' | 'BAD_HELLO';
  readonly detail: string;
};
export type Parsed<T> =
  | { readonly ok: true; readonly message: T }
  | { readonly ok: false; readonly failure: ParseFailure };

/** Parses the first message of a connection. Invalid JSON is BAD_MESSAGE, anything but a valid hello BAD_HELLO. */
export function parseHello(text: string): Parsed<HelloMessage> {
  const json = parseJson(text);
  if (!json.ok) return json;
  const type = typeOf(json.message);
  if (type !== 'hello') return failed('BAD_HELLO', 'the first message must be of type hello');
  const result = helloMessage.safeParse(json.message);
  return result.success ? { ok: true, message: result.data } : failed('BAD_HELLO', describe(result.error));
}

/** Parses a message after hello. Invalid JSON is BAD_MESSAGE, which is fatal; UNKNOWN_TYPE and BAD_FIELD are not. */
export function parseCommand(text: string): Parsed<ClientCommand> {
  const json = parseJson(text);
  if (!json.ok) return json;
  const type = typeOf(json.message);
  if (type === undefined) return failed('BAD_FIELD', 'type: must be a string');
  if (type === 'hello') return failed('BAD_FIELD', 'type: hello was said already');
  if (!COMMAND_TYPES.has(type)) return failed('UNKNOWN_TYPE', JSON.stringify(type.slice(0, 40)));
  const result = clientCommand.safeParse(json.message);
  return result.success ? { ok: true, message: result.data } : failed('BAD_FIELD', describe(result.error));
}

function parseJson(text: string): Parsed<unknown> {
  try {
    return { ok: true, message: JSON.parse(text) };
  } catch {
    return failed('BAD_MESSAGE', 'invalid JSON');
  }
}

function typeOf(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('type' in message)) return undefined;
  return typeof message.type === 'string' ? message.type : undefined;
}

function failed(code: ParseFailure['code'], detail: string): { ok: false; failure: ParseFailure } {
  return { ok: false, failure: { code, detail } };
}

function describe(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'message'}: ${issue.message}`).join('; ');
}
