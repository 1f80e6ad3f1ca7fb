/** When silence, or the recogniser, ends the user's turn. */
import type { SessionParameters } from '../../parameters.ts';
import { languageOf } from '../language/language.ts';
import type { SessionContext } from '../model.ts';
import { completeness, endpointDelayMs } from './endpointing.ts';
import { circumstancesOf, wordsSoFar } from './words.ts';

/** Silence after the end of speech that ends the turn, ms. It is long while the recogniser decides. */
export function turnDelayMs(context: SessionContext, { endpointing, words }: SessionParameters): number {
  if (context.utterance?.end === 'awaited') return endpointing.awaitedDelayMs;
  const [text, language] = [wordsSoFar(context), languageOf(context)];
  return endpointDelayMs(text, language, endpointing, words, circumstancesOf(context));
}

/** In silence: whether the recogniser says that the turn is over, and its words so far do not stop in mid-sentence. */
export function isOver(context: SessionContext, { words }: SessionParameters): boolean {
  return (
    context.utterance?.end === 'reached' &&
    completeness(wordsSoFar(context), languageOf(context), words, circumstancesOf(context)) !== 'incomplete'
  );
}
