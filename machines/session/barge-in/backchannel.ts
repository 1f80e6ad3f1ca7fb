import { baseLanguage, consistsOf } from '../../policies/text.ts';

/**
 * What listeners say without wanting the turn, by language. Words that are also an answer, such as a plain yes or no, and
 * sounds that a grammar recogniser hears in noise are not here but in `defaultParameters`.
 */
export const BACKCHANNELS = {
  en: ['uh-huh', 'mm-hmm', 'mhm', 'mm', 'hmm', 'yeah', 'ok', 'okay', 'right'],
  zh: ['嗯', '哦', '对', '好', '嗯嗯', '对对'],
  de: ['mhm', 'hm', 'aha', 'ja', 'genau', 'ok', 'okay'],
  fr: ['mhm', 'hm', 'ouais', 'oui', "d'accord", 'ok'],
  es: ['ajá', 'mm', 'sí', 'claro', 'vale', 'ok'],
  ja: ['うん', 'はい', 'ええ', 'そう'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The entry of `lists` for a language (BCP 47); empty if there is none. */
export function listFor(
  language: string,
  lists: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  return lists[baseLanguage(language)] ?? [];
}

/**
 * True if `text` consists of backchannels only ("uh-huh", "嗯"): they do not interrupt. A language without a list has no
 * backchannels.
 */
export function isBackchannel(
  text: string,
  language: string,
  lists: Readonly<Record<string, readonly string[]>>,
): boolean {
  return consistsOf(text, listFor(language, lists), language);
}
