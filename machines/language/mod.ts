/** The languages that Parley knows something of. To add one: a file like its neighbours, and a line here. */
import { baseLanguage } from '../policies/text.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { es } from './es.ts';
import { fr } from './fr.ts';
import { ja } from './ja.ts';
import { ko } from './ko.ts';
import type { LanguageTable } from './table.ts';
import { zh } from './zh.ts';

export type { LanguageTable, OwnPhrases } from './table.ts';

export const LANGUAGES = { en, zh, ja, ko, de, fr, es } as const satisfies Readonly<
  Record<string, LanguageTable>
>;

/** The table of a language (BCP 47); undefined if there is none. */
export function tableOf(language: string): LanguageTable | undefined {
  const tables: Readonly<Record<string, LanguageTable>> = LANGUAGES;
  const base = baseLanguage(language);
  return Object.hasOwn(tables, base) ? tables[base] : undefined;
}

/** One list of every table, by language. */
export function listsOf(
  pick: (table: LanguageTable) => readonly string[],
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(LANGUAGES).map(([name, table]) => [name, pick(table)]));
}
