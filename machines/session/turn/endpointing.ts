import type { SessionParameters } from '../../parameters.ts';
import { consistsOf, isAmong, isNumberWord, normalisedPhrases, normaliseText } from '../../policies/text.ts';
import { listFor } from '../barge-in/backchannel.ts';
import type { Reading } from './reading.ts';

export type Completeness = 'complete' | 'incomplete' | 'unknown';

/** What is known about the words besides their text. */
export interface Circumstances {
  readonly reading?: Reading | undefined;
  /** The last reply was a question. */
  readonly asked?: boolean;
}

/** Digits in a row, each said by itself, from which on a number is taken to be dictated. */
const DICTATED_DIGITS = 3;

/**
 * Whether the words so far look like a finished turn. `complete`: a known complete phrase, such as a voice stop; a phrase
 * of the dialog that cannot be continued; a short answer to our question; or the end of a sentence. `incomplete`: they
 * stop at a comma, among dictated digits, at a word that needs a continuation, or in the middle of a phrase of the
 * dialog.
 */
export function completeness(
  text: string,
  language: string,
  words: SessionParameters['words'],
  { reading, asked = false }: Circumstances = {},
): Completeness {
  const trimmed = text.trim();
  if (!trimmed) return 'unknown';
  if (/(?:\.\.\.|…|[,;:、，；：—-])$/u.test(trimmed)) return 'incomplete';
  if (isAmong(trimmed, words.complete, language) || isAmong(trimmed, words.halt, language)) return 'complete';
  if (reading?.phrase === 'whole') return 'complete';
  const plain = normaliseText(trimmed, language);
  if (isDictated(plain, language, words)) return 'incomplete';
  if (asked && isShortAnswer(trimmed, plain, language, words)) return 'complete';
  if (reading?.phrase === 'part') return 'incomplete';
  const continuations = normalisedPhrases(listFor(language, words.continuations), language);
  if ([...continuations].some((word) => ` ${plain}`.endsWith(` ${word}`))) return 'incomplete';
  return /[.!?。！？]["'”’」』)]*$/u.test(trimmed) ? 'complete' : 'unknown';
}

/** Whether the text ends with digits that are said one by one. */
function isDictated(plain: string, language: string, { digits }: SessionParameters['words']): boolean {
  const known = normalisedPhrases(listFor(language, digits), language);
  const last = plain.split(' ').slice(-DICTATED_DIGITS);
  return last.length === DICTATED_DIGITS && last.every((word) => known.has(word) || /^\d$/.test(word));
}

/** Yes, no, or a number. */
function isShortAnswer(
  text: string,
  plain: string,
  language: string,
  { answers }: SessionParameters['words'],
): boolean {
  if (consistsOf(text, listFor(language, answers), language)) return true;
  return plain.split(' ').every((word) => isNumberWord(word, language));
}

/** Silence after the end of speech that ends the turn, in ms. */
export function endpointDelayMs(
  text: string,
  language: string,
  parameters: SessionParameters['endpointing'],
  words: SessionParameters['words'],
  circumstances?: Circumstances,
): number {
  switch (completeness(text, language, words, circumstances)) {
    case 'complete':
      return parameters.completeDelayMs;
    case 'incomplete':
      return parameters.incompleteDelayMs;
    case 'unknown':
      return parameters.delayMs;
  }
}
