import type { SessionParameters } from '../parameters.ts';
import { baseLanguage, isAmong, isUnspaced, normaliseWords } from './text.ts';

export type Completeness = 'complete' | 'incomplete' | 'unknown';

/**
 * Whether the words so far look like a finished turn: `complete` if they end a sentence or are a known complete phrase
 * (such as a voice stop), `incomplete` if they stop at a comma or at a word that needs a continuation.
 */
export function completeness(
  text: string,
  language: string,
  words: SessionParameters['words'],
): Completeness {
  const trimmed = text.trim();
  if (!trimmed) return 'unknown';
  if (/(?:\.\.\.|…|[,;:、，；：—-])$/u.test(trimmed)) return 'incomplete';
  const plain = normaliseWords(trimmed);
  if (isAmong(plain, words.complete) || isAmong(plain, words.halt)) return 'complete';
  const continuations = words.continuations[baseLanguage(language)] ?? [];
  if (continuations.some((word) => endsWithWord(plain, word))) return 'incomplete';
  return /[.!?。！？]["'”’」』)]*$/u.test(trimmed) ? 'complete' : 'unknown';
}

/** Silence after the end of speech that ends the turn, in ms. */
export function endpointDelayMs(
  text: string,
  language: string,
  parameters: SessionParameters['endpointing'],
  words: SessionParameters['words'],
): number {
  switch (completeness(text, language, words)) {
    case 'complete':
      return parameters.completeDelayMs;
    case 'incomplete':
      return parameters.incompleteDelayMs;
    case 'unknown':
      return parameters.delayMs;
  }
}

function endsWithWord(text: string, word: string): boolean {
  if (!text.endsWith(word)) return false;
  return (
    isUnspaced(word) || text.length === word.length || text.charAt(text.length - word.length - 1) === ' '
  );
}
