import { ParleyError } from '../../machines/errors.ts';
import type { LlmEvent } from '../ports/llm.ts';
import type { SttEvent } from '../ports/stt.ts';
import type { TtsEvent } from '../ports/tts.ts';
import type { EngineKind } from '../subjects.ts';

type AnyEvent = SttEvent | LlmEvent | TtsEvent;

/** Highest plausible sample rate, Hz. */
const MOST_RATE = 384_000;
const VISEMES = 21;

/**
 * Whether an event matches its port's type. Parley's own engines always conform; a user's engine may not. A malformed
 * event makes the chain ask the next engine before the session sees it. This runs for every event, so it uses no schema
 * and allocates nothing.
 */
export function isWellFormed(kind: EngineKind, event: unknown): event is AnyEvent {
  if (!isObject(event)) return false;
  if (kind === 'stt') return isSttEvent(event);
  return kind === 'llm' ? isLlmEvent(event) : isTtsEvent(event);
}

/** The error for an engine that yields a malformed event. */
export function malformed(engine: string): ParleyError {
  return new ParleyError('ENGINE_PROTOCOL', `${engine} yielded a malformed event`);
}

type Fields = Readonly<Record<string, unknown>>;

function isSttEvent({ type, text, confidence, language, rejected, words }: Fields): boolean {
  if (typeof text !== 'string') return false;
  if (type === 'partial') return true;
  return (
    type === 'final' &&
    (confidence === undefined || isShare(confidence)) &&
    (language === undefined || typeof language === 'string') &&
    (rejected === undefined || isRejection(rejected)) &&
    (words === undefined || (Array.isArray(words) && words.every(isTimedWord)))
  );
}

function isTimedWord(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value.text === 'string' &&
    Number.isFinite(value.startMs) &&
    Number.isFinite(value.endMs)
  );
}

function isRejection(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value.nearest === 'string' &&
    typeof value.reason === 'string' &&
    isShare(value.confidence)
  );
}

function isShare(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

function isLlmEvent({ type, text, id, name, args }: Fields): boolean {
  if (type === 'delta') return typeof text === 'string';
  return (
    type === 'action' &&
    typeof id === 'string' &&
    typeof name === 'string' &&
    isObject(args) &&
    !Array.isArray(args)
  );
}

function isTtsEvent({ type, pcm, sample, offset, length, phoneme, viseme }: Fields): boolean {
  if (type === 'audio') return isObject(pcm) && isRate(pcm.rate) && pcm.samples instanceof Int16Array;
  if (!isCount(sample)) return false;
  if (type === 'word') return isCount(offset) && isCount(length);
  return type === 'phoneme' && typeof phoneme === 'string' && isCount(viseme) && viseme <= VISEMES;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function isRate(value: unknown): boolean {
  return isCount(value) && value > 0 && value <= MOST_RATE;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
