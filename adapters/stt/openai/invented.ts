import { z } from 'zod';
import type { SttEvent } from '../../../actors/ports/stt.ts';

type Final = Extract<SttEvent, { type: 'final' }>;

/** A word with its times in seconds. */
const word = z.object({ word: z.string(), start: z.number().min(0), end: z.number().min(0) });

/** A segment of `response_format: verbose_json`. Servers leave out what their model does not know. */
const segment = z.object({
  avg_logprob: z.number().nullish(),
  no_speech_prob: z.number().nullish(),
  compression_ratio: z.number().nullish(),
  /** Where whisper.cpp has them. */
  words: z.array(word).nullish(),
});

/** The answer to an upload, in either JSON format. */
export const transcription = z.object({
  text: z.string(),
  segments: z.array(segment).nullish(),
  words: z.array(word).nullish(),
});
export type Transcription = z.output<typeof transcription>;

/** The bounds at which Whisper's own decoder gives up a segment (openai/whisper, `transcribe`). */
const NO_SPEECH = 0.6;
const UNLIKELY_LOGPROB = -1;
const COMPRESSED = 2.4;
/** Nobody says the same words six times in a row. */
const MOST_REPEATS = 5;
/** Longer loops are found by their compression. */
const LONGEST_LOOP = 80;

/**
 * The final event of a transcription. Whisper and its relatives write words where there are none, such as thanks to viewers in
 * noise: what the model itself doubts, and text that goes round in circles, is rejected as `invented` if `guarded`.
 * `fromMs`: where the audio that the server got begins in the utterance.
 */
export function finalOf(answer: Transcription, guarded: boolean, fromMs = 0): Final {
  const text = answer.text.trim();
  const known = (answer.segments ?? []).flatMap(({ avg_logprob }) => avg_logprob ?? []);
  const mean = known.reduce((sum, one) => sum + one, 0) / known.length;
  const confidence = known.length > 0 ? { confidence: Math.min(1, Math.exp(mean)) } : {};
  if (!guarded || text === '' || !isInvented(answer, text))
    return { type: 'final', text, ...confidence, ...timedWords(answer, fromMs) };
  const rejected = { nearest: text, confidence: confidence.confidence ?? 0, reason: 'invented' as const };
  return { type: 'final', text: '', rejected };
}

function timedWords({ words, segments }: Transcription, fromMs: number): Pick<Final, 'words'> {
  const timed = words ?? segments?.flatMap((one) => one.words ?? []) ?? [];
  const spoken = timed
    .map(({ word, start, end }) => ({
      text: word.trim(),
      startMs: Math.round(fromMs + start * 1_000),
      endMs: Math.round(fromMs + end * 1_000),
    }))
    .filter(({ text }) => text !== '');
  return spoken.length > 0 ? { words: spoken } : {};
}

function isInvented({ segments }: Transcription, text: string): boolean {
  if (repeats(text)) return true;
  const doubted = (segments ?? []).filter(
    ({ avg_logprob, no_speech_prob, compression_ratio }) =>
      (compression_ratio ?? 0) > COMPRESSED ||
      ((no_speech_prob ?? 0) > NO_SPEECH && (avg_logprob ?? 0) < UNLIKELY_LOGPROB),
  );
  return doubted.length > 0 && doubted.length === segments?.length;
}

/** The same words, or characters where a language writes no spaces, more than five times in a row. */
const REPEATS = [
  new RegExp(String.raw`(?:^|\s)(\S.{0,${LONGEST_LOOP}}?)(?:\s\1){${MOST_REPEATS},}(?:\s|$)`, 'u'),
  new RegExp(
    String.raw`([\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]{2,20}?)(?:\s?\1){${MOST_REPEATS},}`,
    'u',
  ),
];

function repeats(text: string): boolean {
  const plain = text
    .toLowerCase()
    .replace(/[\p{P}\p{S}\s]+/gu, ' ')
    .trim();
  return REPEATS.some((pattern) => pattern.test(plain));
}
