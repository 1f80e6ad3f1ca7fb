import { z } from 'zod';
import type { ErrorCode } from '../../machines/errors.ts';
import { ERRORS, type ErrorRecord, isErrorCode, ParleyError } from '../../machines/errors.ts';
import type { BusMessage } from '../ports/bus.ts';
import type { EngineKind } from '../subjects.ts';

/**
 * The messages between a client and a worker; docs/bus.md describes their order. Worker → client: `accepted`,
 * `data`, `end`, `error`, `beat`. Client → worker: `audio`, `finish`, `alive`, `cancel`.
 */
export type DownType = 'accepted' | 'data' | 'end' | 'error' | 'beat';
export type UpType = 'audio' | 'finish' | 'alive' | 'cancel';

/** Whose request it is. `cancel` of a session reaches all its requests up to a generation. */
export interface RpcScope {
  readonly session: string;
  readonly generation: number;
}

/** Audio goes in pieces of at most this. Small enough for any server, large enough not to matter. */
export const MAX_AUDIO_BYTES = 32_768;
/** What the headers of a message of this protocol may take. */
const HEADER_ROOM = 512;
const MAX_ERROR_TEXT = 1_000;

export const NO_PAYLOAD = new Uint8Array(0);

/** What an error of an engine counts as if it is not ours. */
export const FAILED = { stt: 'STT_FAILED', llm: 'LLM_FAILED', tts: 'TTS_FAILED' } as const satisfies Record<
  EngineKind,
  ErrorCode
>;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export function jsonBytes(value: object): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** Throws ENGINE_PROTOCOL unless `bytes` are JSON that `schema` accepts. */
export function parseJson<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new ParleyError('ENGINE_PROTOCOL', 'the payload is no JSON', { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ParleyError('ENGINE_PROTOCOL', z.prettifyError(parsed.error), { cause: parsed.error });
}

/** The whole number in a header; undefined if it is missing or none. */
export function numberIn(message: BusMessage, header: string): number | undefined {
  const value = message.headers[header];
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

const Cancel = z.object({ generation: z.int().min(0) });

/** The generation that a message on a session's cancel subject names. Throws ENGINE_PROTOCOL. */
export function cancelledGeneration(message: BusMessage): number {
  return parseJson(Cancel, message.payload).generation;
}

/** The payload to publish on `subjects.cancel(session)`. */
export function cancelPayload(generation: number): Uint8Array {
  return jsonBytes({ generation });
}

export function errorBytes(record: ErrorRecord): Uint8Array {
  return jsonBytes({ code: record.code, message: record.message.slice(0, MAX_ERROR_TEXT) });
}

const WireError = z.object({ code: z.string(), message: z.string() });

/** The error that a worker sent; an unknown code, from a newer worker, becomes `fallback`. */
export function errorOf(message: BusMessage, fallback: ErrorCode): ParleyError {
  const { code, message: text } = parseJson(WireError, message.payload);
  if (!isErrorCode(code)) return new ParleyError(fallback, `${code}: ${text}`);
  const prefix = ERRORS[code].message;
  // The message holds the catalogue's words already, and ParleyError puts them in front.
  const detail = text.startsWith(prefix) ? text.slice(prefix.length).replace(/^: /, '') : text;
  return new ParleyError(code, detail);
}

/** Largest piece of audio for a bus of this payload limit, in bytes: whole samples. */
export function audioPieceBytes(maxPayload: number): number {
  return Math.max(2, Math.min(MAX_AUDIO_BYTES, maxPayload - HEADER_ROOM) & ~1);
}

/**
 * True for a subject that a bus gave out for answers. The other side names where answers and audio go, and must not be able
 * to have them published anywhere else.
 */
export function isInbox(subject: string): boolean {
  return subject.startsWith('_INBOX.');
}
