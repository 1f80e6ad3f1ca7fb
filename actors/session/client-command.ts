import { z } from 'zod';
import { ACTION_POLICIES, INTERRUPTED_ACTIONS } from '../../machines/action-terms.ts';
import type { JsonObject } from '../../machines/json.ts';
import type { ClientEvent } from '../../machines/session/events.ts';
import { HALT_ACTION } from '../../machines/session/halt/halt.ts';
import { REPORTED_STATUSES, WIRE_LIMITS } from '../../machines/wire.ts';

const UINT32_MAX = 0xffff_ffff;
/** Maximum length of a typed turn, in UTF-16 units. */
const MAX_TEXT_LENGTH = 4_000;
/** Maximum entries of a history, and length of one, in UTF-16 units. */
export const MAX_HISTORY_ENTRIES = 100;
export const MAX_ENTRY_LENGTH = 16_000;
const MAX_INSTRUCTIONS_LENGTH = 16_000;
const MAX_TOOLS = 64;

export const LANGUAGE_TAG = /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern finds them on purpose
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;

export const languageField = z
  .string()
  .max(35)
  .regex(LANGUAGE_TAG, 'must be a language tag such as en or zh-CN')
  .exactOptional();

export const voiceField = z
  .string()
  .min(1)
  .max(200)
  .refine((voice) => !CONTROL_CHARACTERS.test(voice), 'must not contain control characters')
  .exactOptional();

/** The words of a typed turn. */
export const textField = z
  .string()
  .max(MAX_TEXT_LENGTH)
  .refine((text) => text.trim() !== '', 'must not be empty');

const instructionsField = z.string().max(MAX_INSTRUCTIONS_LENGTH).exactOptional();

const toolName = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must have 1 to 64 letters, digits, dots, hyphens or underscores')
  .refine((name) => name !== HALT_ACTION, 'is reserved for the voice stop');

/** More levels than a real tool has; reading a schema must not exhaust the stack. */
const MAX_SCHEMA_DEPTH = 32;

const questionText = z.string().min(1).max(500);
/** What is asked before a call begins: a text, or one by language. */
export const toolQuestion = z.union([
  questionText,
  z.record(
    z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language, such as `de`'),
    questionText,
  ),
]);

/** The JSON schema of a tool's parameters. */
export const toolParameters = z.custom<JsonObject>(
  (value) => isObject(value) && !isDeeper(value, MAX_SCHEMA_DEPTH),
  `must be an object of at most ${MAX_SCHEMA_DEPTH} levels`,
);

/** Longest time limit of an action: a day. */
const MAX_ACTION_MS = 86_400_000;

const tool = z.object({
  name: toolName,
  description: z.string().max(4_000),
  parameters: toolParameters,
  whenInterrupted: z.enum(INTERRUPTED_ACTIONS).exactOptional(),
  group: z.string().min(1).max(64).exactOptional(),
  deadlineMs: z.int().min(1).max(MAX_ACTION_MS).exactOptional(),
  policy: z.enum(ACTION_POLICIES).exactOptional(),
  question: toolQuestion.exactOptional(),
});

const settings = z.object({
  type: z.literal('settings'),
  language: languageField,
  voice: voiceField,
  instructions: instructionsField,
  tools: z
    .array(tool)
    .max(MAX_TOOLS)
    .refine((tools) => new Set(tools.map(({ name }) => name)).size === tools.length, 'must have unique names')
    .readonly()
    .exactOptional(),
  toolChoice: z.union([z.enum(['auto', 'none', 'required']), z.object({ name: toolName })]).exactOptional(),
  turnDetection: z
    .object({
      mode: z.enum(['auto', 'manual']),
      silenceMs: z.int().min(100).max(10_000).exactOptional(),
      respond: z.boolean().exactOptional(),
      interrupt: z.boolean().exactOptional(),
    })
    .exactOptional(),
});

/** An action's id: a generation, a hyphen, and at most 256 characters from the language engine. */
const MAX_ID_LENGTH = 300;
const MAX_RESULT_DEPTH = 8;

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isResultData(value: unknown): value is JsonObject {
  return (
    isObject(value) &&
    !isDeeper(value, MAX_RESULT_DEPTH) &&
    JSON.stringify(value).length <= WIRE_LIMITS.resultData
  );
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}

/** Commands that any authorised peer may send to a session's `cmd` subject: the client messages other than hello. */
export const clientCommand = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: textField }),
  z.object({
    type: z.literal('history'),
    entries: z
      .array(
        z.object({
          role: z.enum(['system', 'user', 'assistant']),
          content: z.string().max(MAX_ENTRY_LENGTH),
        }),
      )
      .max(MAX_HISTORY_ENTRIES),
  }),
  z.object({
    type: z.literal('played'),
    generation: z.int().min(0).max(UINT32_MAX),
    samples: z.int().min(0),
  }),
  settings,
  z.object({ type: z.literal('commit') }),
  z.object({ type: z.literal('clear') }),
  z.object({ type: z.literal('respond'), instructions: instructionsField, say: textField.exactOptional() }),
  z.object({
    type: z.literal('action.result'),
    id: z.string().min(1).max(MAX_ID_LENGTH),
    status: z.enum(REPORTED_STATUSES),
    message: z.string().max(WIRE_LIMITS.resultText).exactOptional(),
    data: z
      .custom<JsonObject>(
        isResultData,
        `must be an object of at most ${WIRE_LIMITS.resultData} characters and ${MAX_RESULT_DEPTH} levels`,
      )
      .exactOptional(),
  }),
  /** `noise`: dBFS. */
  z.object({
    type: z.literal('body'),
    moving: z.boolean(),
    noise: z.number().min(-120).max(0).exactOptional(),
  }),
  z.object({
    type: z.literal('event'),
    name: z.string().min(1).max(64),
    data: z
      .custom<JsonObject>(
        isResultData,
        `must be an object of at most ${WIRE_LIMITS.resultData} characters and ${MAX_RESULT_DEPTH} levels`,
      )
      .exactOptional(),
  }),
  z.object({ type: z.literal('interrupt') }),
  z.object({ type: z.literal('halt') }),
  z.object({ type: z.literal('rearm') }),
  z.object({ type: z.literal('bye') }),
]);

/** A message of the client other than hello. */
export type ClientCommand = z.infer<typeof clientCommand>;

/** Commands that begin a turn. */
export const STARTS_TURN: ReadonlySet<ClientCommand['type']> = new Set(['text', 'commit', 'respond']);

/** The event that a command is to the machine, when `sample` samples of input have arrived. */
export function clientEvent(
  command: Exclude<ClientCommand, { type: 'played' }>,
  sample: number,
): ClientEvent {
  switch (command.type) {
    case 'settings': {
      const { type, ...change } = command;
      return { type, change, sample };
    }
    case 'event':
      return { type: 'robot', name: command.name, data: command.data ?? {} };
    case 'commit':
    case 'clear':
      return { ...command, sample };
    default:
      return command;
  }
}
