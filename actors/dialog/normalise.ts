/** One token per Chinese, Japanese or Thai character: these scripts put no spaces between words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu;

const UNITS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

/**
 * Normal form in which phrases are compared with recognised or typed text. Compatibility forms and case are folded,
 * typographic apostrophes become plain ones, other punctuation and hyphens become spaces, and each character of a
 * script without spaces becomes a token. In English, whole numbers up to 999 become words.
 */
export function normaliseText(text: string, language: string): string {
  const folded = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{Cf}+/gu, '')
    .replace(/[‘’ʼ`´]/gu, "'")
    .replace(UNSPACED, ' $& ')
    .replace(/[^\p{L}\p{M}\p{N}']+/gu, ' ')
    .replace(/(?<![\p{L}\p{N}])'+|'+(?![\p{L}\p{N}])/gu, ' ');
  const spoken = isEnglish(language)
    ? folded.replace(/(?<!\S)\d{1,3}(?!\S)/g, (digits) => englishNumber(Number(digits)))
    : folded;
  return spoken.trim().replace(/\s+/g, ' ');
}

/** The words of a text in normal form. */
export function wordsOf(text: string, language: string): readonly string[] {
  const normal = normaliseText(text, language);
  return normal === '' ? [] : normal.split(' ');
}

export function isEnglish(language: string): boolean {
  return baseLanguage(language) === 'en';
}

/** `zh` of `zh-CN`. */
export function baseLanguage(language: string): string {
  return language.toLowerCase().split(/[-_]/)[0] ?? '';
}

/** 0 to 999 in spoken words: `forty five`, `one hundred eighty`. */
function englishNumber(n: number): string {
  if (n >= 100) {
    const rest = n % 100;
    return `${UNITS[Math.floor(n / 100)]} hundred${rest === 0 ? '' : ` ${englishNumber(rest)}`}`;
  }
  const unit = UNITS[n];
  if (unit !== undefined) return unit;
  const tens = TENS[Math.floor(n / 10) - 2];
  return n % 10 === 0 ? `${tens}` : `${tens} ${UNITS[n % 10]}`;
}
