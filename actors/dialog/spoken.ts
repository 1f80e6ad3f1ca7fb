/** Written text as it would be said. */
import { hasNumerals } from '../../machines/policies/forms/numbers.ts';
import { baseLanguage, isEnglish, wordsOf } from '../../machines/policies/text.ts';

/** The words of a text in normal form: `-1,200.5` is "minus one thousand two hundred point five" in English. */
export function spoken(text: string, language: string): readonly string[] {
  return wordsOf(text, language);
}

/** The same with each number read digit by digit: `402` is "four zero two". */
export function digitByDigit(text: string, language: string): readonly string[] {
  if (!isEnglish(language) && !hasNumerals(baseLanguage(language))) return [];
  return spoken(
    text.replace(/\d{2,}/g, (digits) => [...digits].join(' ')),
    language,
  );
}
