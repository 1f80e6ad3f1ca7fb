import { baseLanguage } from './normalise.ts';

/**
 * Backchannels by language: what listeners say without wanting the turn. Words that are also an answer, such as a plain
 * yes or no, are left to the dialog's entries.
 */
const BACKCHANNELS: Readonly<Record<string, readonly string[]>> = {
  en: ['uh-huh', 'mm-hmm', 'mhm', 'mm', 'hmm', 'yeah', 'ok', 'okay', 'right'],
  zh: ['嗯', '哦', '对', '好', '嗯嗯', '对对'],
  de: ['mhm', 'hm', 'aha', 'ja', 'genau', 'ok', 'okay'],
  fr: ['mhm', 'hm', 'ouais', 'oui', "d'accord", 'ok'],
  es: ['ajá', 'mm', 'sí', 'claro', 'vale', 'ok'],
  ja: ['うん', 'はい', 'ええ', 'そう'],
};

/** The default list for a language (BCP 47); empty if Parley has none. */
export function defaultBackchannels(language: string): readonly string[] {
  return BACKCHANNELS[baseLanguage(language)] ?? [];
}
