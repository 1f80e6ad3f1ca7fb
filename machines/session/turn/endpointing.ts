import type { SessionParameters } from '../../parameters.ts';
import { isAmong, normalisedPhrases, normaliseText } from '../../policies/text.ts';
import { listFor } from '../barge-in/backchannel.ts';
import type { Reading } from './reading.ts';

export type Completeness = 'complete' | 'incomplete' | 'unknown';

/**
 * Whether the words so far look like a finished turn: `complete` if they end a sentence or are a known complete phrase
 * (such as a voice stop), `incomplete` if they stop at a comma, at a word that needs a continuation, or in the middle
 * of a phrase of the dialog.
 */
export function completeness(
  text: string,
  language: string,
  words: SessionParameters['words'],
  reading?: Reading,
): Completeness {
  const trimmed = text.trim();
  if (!trimmed) return 'unknown';
  if (/(?:\.\.\.|…|[,;:、，；：—-])$/u.test(trimmed)) return 'incomplete';
  if (isAmong(trimmed, words.complete, language) || isAmong(trimmed, words.halt, language)) return 'complete';
  if (reading?.phrase !== undefined) return reading.phrase === 'whole' ? 'complete' : 'incomplete';
  const plain = ` ${normaliseText(trimmed, language)}`;
  const continuations = normalisedPhrases(listFor(language, words.continuations), language);
  if ([...continuations].some((word) => plain.endsWith(` ${word}`))) return 'incomplete';
  return /[.!?。！？]["'”’」』)]*$/u.test(trimmed) ? 'complete' : 'unknown';
}

/** Silence after the end of speech that ends the turn, in ms. */
export function endpointDelayMs(
  text: string,
  language: string,
  parameters: SessionParameters['endpointing'],
  words: SessionParameters['words'],
  reading?: Reading,
): number {
  switch (completeness(text, language, words, reading)) {
    case 'complete':
      return parameters.completeDelayMs;
    case 'incomplete':
      return parameters.incompleteDelayMs;
    case 'unknown':
      return parameters.delayMs;
  }
}
