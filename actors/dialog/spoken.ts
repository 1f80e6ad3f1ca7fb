/** Written text as it would be said. */
import { isEnglish, wordsOf } from '../../machines/policies/text.ts';
import { inWords, MAX_NUMBER, ordinal } from './numbers.ts';

/**
 * The words of a text in normal form, with its numbers in words: `-1,200.5` is "minus one thousand two hundred point
 * five". In other languages than English digits stay, and only sign and point become words.
 */
export function spoken(text: string, language: string): readonly string[] {
  const english = isEnglish(language);
  const plain = text
    .normalize('NFKC')
    .replace(/(?<=\d),(?=\d{3}(?!\d))/g, '')
    .replace(/(?<![\p{L}\p{N}])[-−–](?=\d)/gu, ' minus ')
    .replace(/(\d)\.(\d+)/g, (_, whole: string, decimals: string) =>
      english ? `${whole} point ${[...decimals].join(' ')}` : `${whole} point ${decimals}`,
    );
  if (!english) return wordsOf(plain, language);
  const named = plain
    .replace(/(?<!\w)(\d{1,2})(?:st|nd|rd|th)(?!\w)/gi, (_, digits: string) => ordinal(Number(digits)))
    .replace(/(?<!\w)\d{4,9}(?!\w)/g, (digits) =>
      digits.startsWith('0') || Number(digits) > MAX_NUMBER ? digits : inWords(Number(digits)),
    );
  return wordsOf(named, language);
}

/** The same with each number read digit by digit: `402` is "four zero two". */
export function digitByDigit(text: string, language: string): readonly string[] {
  if (!isEnglish(language)) return [];
  return spoken(
    text.replace(/\d{2,}/g, (digits) => [...digits].join(' ')),
    language,
  );
}
