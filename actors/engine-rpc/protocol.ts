import { z } from 'zod';
import type { ErrorCode } from '../../machines/errors.ts';
import { type ErrorRecord, errorFrom, isErrorCode, ParleyError } from '../../machines/errors.ts';
import type { BusMessage } from '../ports/bus.ts';
import type { EngineKind } from '../subjects.ts';

/**
 * The messages between a client and a worker; docs/reference/bus.md describes their order. Worker → client: `accepted`, `data`,
 * `end`, `error`, `beat`. Client → worker: `audio`, `finish`, `alive`, `cancel`.
 */
export type DownType = 'accepted' | 'data' | 'end' | 'error' | 'beat';
export type UpType = 'audio' | 'finish' | 'alive' | 'cancel';

/** Identifies a request's session and generation. A session's `cancel` reaches all its requests up to a generation. */
export interface RpcScope {
  readonly session: string;
  readonly generation: number;
  /** W3C trace context of the caller. Default: none. */
  readonly traceparent?: string;
}

/** Maximum size of an audio piece: small enough for any server, large enough that the overhead is negligible. */
const MAX_AUDIO_BYTES = 32_768;
/** Room for the headers of a message of this protocol. */
const HEADER_ROOM = 512;
const MAX_ERROR_TEXT = 1_000;

export const NO_PAYLOAD = new Uint8Array(0);

/** Error code for an engine error that does not come from the catalogue. */
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
    throw new ParleyError('ENGINE_PROTOCOL', 'invalid JSON payload', { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ParleyError('ENGINE_PROTOCOL', z.prettifyError(parsed.error), { cause: parsed.error });
}

/** Returns the whole number in a header; undefined if it is missing or invalid. */
export function numberIn(message: BusMessage, header: string): number | undefined {
  const value = message.headers[header];
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

const Cancel = z.object({ generation: z.int().min(0) });

/** Returns the generation in a message on a session's cancel subject. Throws ENGINE_PROTOCOL. */
export function cancelledGeneration(message: BusMessage): number {
  return parseJson(Cancel, message.payload).generation;
}

/** Returns the payload for `subjects.cancel(session)`. */
export function cancelPayload(generation: number): Uint8Array {
  return jsonBytes({ generation });
}

export function errorBytes(record: ErrorRecord): Uint8Array {
  return jsonBytes({ code: record.code, message: record.message.slice(0, MAX_ERROR_TEXT) });
}

const WireError = z.object({ code: z.string(), message: z.string() });

/** Returns the error that a worker sent; an unknown code, from a newer worker, becomes `fallback`. */
export function errorOf(message: BusMessage, fallback: ErrorCode): ParleyError {
  const { code, message: text } = parseJson(WireError, message.payload);
  if (!isErrorCode(code)) return new ParleyError(fallback, `${code}: ${text}`);
  return errorFrom({ code, message: text });
}

/** Largest audio piece for a bus with this payload limit, in bytes; whole samples only. */
export function audioPieceBytes(maxPayload: number): number {
  return Math.max(2, Math.min(MAX_AUDIO_BYTES, maxPayload - HEADER_ROOM) & ~1);
}

/**
 * True for a subject that a bus created for answers. The peer names where answers and audio go, and must not be able to
 * have them published anywhere else.
 */
export function isInbox(subject: string): boolean {
  return subject.startsWith('_INBOX.');
}
