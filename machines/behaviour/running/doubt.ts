/** Answers that the recogniser is not sure of. */
import { type Answer, answerOf } from '../../policies/answers.ts';
import { baseLanguage } from '../../policies/text.ts';
import { languageOf, phrasesOf } from '../../session/language/language.ts';
import type { Floor } from '../floor.ts';

/** The conversation's own "Did you say …?". */
export function doubted(words: string, { context }: Pick<Floor, 'context'>): string {
  return phrasesOf(context, context.parameters).didYouSay.replace('{words}', () => words);
}

/** `moreYes`: further ways to say yes to this question. */
export function yesOrNo(
  text: string,
  { context }: Pick<Floor, 'context'>,
  moreYes: readonly string[] = [],
): Answer | undefined {
  const { words } = context.parameters;
  const language = languageOf(context);
  const base = baseLanguage(language);
  const yes = { ...words.yes, [base]: [...(words.yes[base] ?? []), ...moreYes] };
  return answerOf(text, language, { ...words, yes });
}
