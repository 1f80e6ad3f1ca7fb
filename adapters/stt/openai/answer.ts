import { z } from 'zod';
import { ParleyError } from '../../../machines/errors.ts';
import { errorMessageOf, wordsOfAnswer } from '../../http/answer-words.ts';
import { Refusal } from '../../http/errors.ts';
import { languageTag, plainTranscript } from '../transcript-text.ts';

/** A word with its times in seconds. */
const word = z.object({ word: z.string(), start: z.number().min(0), end: z.number().min(0) });
/** Word times are extra: without valid ones the text still counts. */
const words = z.array(word).nullish().catch(undefined);
const doubt = z.number().nullish().catch(undefined);

/** A segment of `response_format: verbose_json`. Servers leave out what their model does not know. */
const segment = z.object({
  text: z.string().nullish(),
  avg_logprob: doubt,
  no_speech_prob: doubt,
  compression_ratio: doubt,
  /** Where whisper.cpp has them. */
  words,
});
const segments = z.array(z.union([segment, z.string().transform((text) => ({ text }))]));

const answer = z.looseObject({
  text: z.string().nullish(),
  segments: segments.nullish(),
  words,
});

export interface Transcription {
  readonly text: string;
  /** BCP 47, if the server says it. */
  readonly language?: string;
  readonly segments: readonly z.output<typeof segment>[];
  readonly words: readonly z.output<typeof word>[];
}

/** Other names of the text, and of what it may be wrapped in. */
const TEXTS = [
  'transcript',
  'transcription',
  'result',
  'results',
  'data',
  'output',
  'response',
  'chunks',
  'utterances',
];
const LANGUAGES = ['language', 'detected_language', 'language_code', 'lang'];
const MOST_DEPTH = 4;

/**
 * Reads the answer to an upload: JSON in its many shapes, plain text, subtitles. Throws ENGINE_PROTOCOL if there is no
 * transcription in it, and STT_FAILED with the server's own words if it reports an error.
 */
export function readTranscription(body: string, contentType: string): Transcription {
  const plain = body.replace(/^\ufeff/u, '').trim();
  if (/html/i.test(contentType) || /^<(!doctype|html)/i.test(plain))
    throw new Refusal('ENGINE_PROTOCOL', `a page instead of a transcription: ${wordsOfAnswer(plain)}`);
  const isJson = /json/i.test(contentType);
  const parsed = isJson || /^[{["]/.test(plain) ? jsonOf(plain, isJson) : undefined;
  if (parsed === undefined) return textual(plain);
  const found = transcriptionIn(parsed, MOST_DEPTH);
  const failure = found ? errorMessageOf(parsed, []) : errorMessageOf(parsed);
  if (failure !== undefined && !found?.text) throw new Refusal('STT_FAILED', failure);
  if (!found) throw new ParleyError('ENGINE_PROTOCOL', 'the answer has no transcription');
  return found;
}

function textual(text: string): Transcription {
  const { text: plain, language } = plainTranscript(text);
  return { text: plain, segments: [], words: [], ...(language !== undefined && { language }) };
}

/** Undefined for plain text that only begins like JSON. Throws SyntaxError. */
function jsonOf(text: string, strict: boolean): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed ?? {};
  } catch (error) {
    if (strict) throw error;
    return undefined;
  }
}

function transcriptionIn(value: unknown, depth: number): Transcription | undefined {
  if (typeof value === 'string') return textual(value);
  if (typeof value !== 'object' || value === null || depth === 0) return undefined;
  if (Array.isArray(value)) {
    const parts = value.flatMap((one) => transcriptionIn(one, depth - 1) ?? []);
    if (parts.length === 0) return undefined;
    const { text } = textual(parts.map((part) => part.text).join('\n'));
    const [language] = parts.flatMap((part) => part.language ?? []);
    return { text, segments: [], words: [], ...(language !== undefined && { language }) };
  }
  const fields = new Map<string, unknown>(Object.entries(value));
  if (fields.has('text') || Array.isArray(fields.get('segments'))) return transcriptionOf(value);
  for (const name of TEXTS) {
    const inner = transcriptionIn(fields.get(name), depth - 1);
    if (inner) return inner;
  }
  return undefined;
}

function transcriptionOf(value: object): Transcription {
  const { text, segments: given, words: timed, ...more } = answer.parse(value);
  const parts = given ?? [];
  const whole = text ?? parts.map((part) => part.text ?? '').join('\n');
  const read = plainTranscript(whole);
  const named = LANGUAGES.map((name) => more[name]).find((one) => typeof one === 'string');
  const language = languageTag(typeof named === 'string' ? named : '') ?? read.language;
  return {
    text: read.text,
    segments: parts.map((part) => ({ ...part })),
    words: timed ?? parts.flatMap((part) => ('words' in part ? (part.words ?? []) : [])),
    ...(language !== undefined && { language }),
  };
}
