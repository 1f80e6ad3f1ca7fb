import { baseLanguage } from './normalise.ts';

/**
 * What listeners say without wanting the turn, by language. Only sounds and words that are also an answer of their
 * own are left to the dialog's entries, such as a plain yes or no.
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
