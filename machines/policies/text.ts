/** Text helpers that the policies and the dialog share. */

/** Scripts written without spaces between words: Chinese and Japanese. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
/**
 * One token per Chinese, Japanese or Thai character, because these scripts put no spaces between words, and per Korean
 * syllable, because Korean is often written without them.
 */
const TOKENS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー\p{Script=Thai}]|[\uac00-\ud7a3]/gu;

const UNITS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

const NUMBER_WORDS: ReadonlySet<string> = new Set([...UNITS, ...TENS, 'hundred', 'thousand', 'million']);

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
    .replace(TOKENS, ' $& ')
    .replace(/[^\p{L}\p{M}\p{N}']+/gu, ' ')
    .replace(/(?<![\p{L}\p{N}])'+|'+(?![\p{L}\p{N}])/gu, ' ');
  const spoken = isEnglish(language)
    ? folded.replace(/(?<!\S)\d{1,3}(?!\S)/g, (digits) => englishNumber(Number(digits)))
    : folded;
  return spoken.trim().replace(/\s+/g, ' ');
}

/** A word, or a character of a script without spaces. */
const PRONOUNCED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+/gu;

/** Where the words of a text are, in UTF-16 units; in scripts without spaces, the characters. */
export function wordPlaces(text: string): readonly { readonly offset: number; readonly length: number }[] {
  return [...text.matchAll(PRONOUNCED)].map(({ 0: word, index }) => ({ offset: index, length: word.length }));
}

/** The words of a text in normal form. */
export function wordsOf(text: string, language: string): readonly string[] {
  const normal = normaliseText(text, language);
  return normal === '' ? [] : normal.split(' ');
}

export function isEnglish(language: string): boolean {
  return baseLanguage(language) === 'en';
}

/** The first subtag of a BCP 47 tag: `zh-CN` → `zh`. */
export function baseLanguage(language: string): string {
  return language.toLowerCase().split(/[-_]/)[0] ?? '';
}

/** 0 to 999 in English words: `forty five`, `one hundred eighty`. */
export function englishNumber(n: number): string {
  if (n >= 100) {
    const rest = n % 100;
    return `${UNITS[Math.floor(n / 100)]} hundred${rest === 0 ? '' : ` ${englishNumber(rest)}`}`;
  }
  const unit = UNITS[n];
  if (unit !== undefined) return unit;
  const tens = TENS[Math.floor(n / 10) - 2];
  return n % 10 === 0 ? `${tens}` : `${tens} ${UNITS[n % 10]}`;
}

/** Whether a word in normal form is, or is part of, a number: digits in any language, and English number words. */
export function isNumberWord(word: string, language: string): boolean {
  return /^\p{N}+$/u.test(word) || (isEnglish(language) && NUMBER_WORDS.has(word));
}

/** Whether two texts differ at most in case, punctuation and spelling of numbers. */
export function sameWords(one: string, other: string, language: string): boolean {
  return normaliseText(one, language) === normaliseText(other, language);
}

const NORMALISED = [
  new WeakMap<object, ReadonlySet<string>>(),
  new WeakMap<object, ReadonlySet<string>>(),
] as const;

/** Phrases in normal form, kept for the next call: `phrases` must not change. */
export function normalisedPhrases(phrases: readonly string[], language: string): ReadonlySet<string> {
  const kept = NORMALISED[isEnglish(language) ? 1 : 0];
  let normal = kept.get(phrases);
  if (!normal) {
    normal = new Set(phrases.map((phrase) => normaliseText(phrase, language)).filter(Boolean));
    kept.set(phrases, normal);
  }
  return normal;
}

/** True if `text` has words and equals one of `phrases` in normal form. */
export function isAmong(text: string, phrases: readonly string[], language: string): boolean {
  return normalisedPhrases(phrases, language).has(normaliseText(text, language));
}

/** True if `text` has words and consists of `phrases` only, such as "yeah, okay". "uh-oh" is one word: not "uh" and "oh". */
export function consistsOf(text: string, phrases: readonly string[], language: string): boolean {
  const words = text.split(/[^\p{L}\p{M}\p{N}'‘’-]+/u).flatMap((word) => {
    const normal = normaliseText(word, language);
    return word.includes('-') ? [normal] : normal.split(' ');
  });
  const rest = words.filter(Boolean);
  if (rest.length === 0) return false;
  const known = normalisedPhrases(phrases, language);
  while (rest.length > 0) {
    let count = rest.length;
    while (count > 0 && !known.has(rest.slice(0, count).join(' '))) count -= 1;
    if (count === 0) return false;
    rest.splice(0, count);
  }
  return true;
}

export function isUnspaced(text: string): boolean {
  return UNSPACED.test(text);
}

/** Two pieces of one utterance as one text. */
export function joinText(first: string, second: string): string {
  const a = first.trim();
  const b = second.trim();
  if (!a || !b) return a || b;
  return isUnspaced(a.slice(-1)) || isUnspaced(b.slice(0, 1)) ? a + b : `${a} ${b}`;
}
