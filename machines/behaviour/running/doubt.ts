/** Answers that the recogniser is not sure of. */
import { type Answer, answerOf } from '../../policies/answers.ts';
import { languageOf, phrasesOf } from '../../session/language/language.ts';
import type { Floor } from '../floor.ts';

/** The conversation's own "Did you say …?". */
export function doubted(words: string, { context }: Pick<Floor, 'context'>): string {
  return phrasesOf(context, context.parameters).didYouSay.replace('{words}', () => words);
}

export function yesOrNo(words: string, { context }: Pick<Floor, 'context'>): Answer | undefined {
  return answerOf(words, languageOf(context), context.parameters.words);
}
