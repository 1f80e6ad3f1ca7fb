/** Text helpers that the policies and the dialog share. */
import { isKnown, withNumbersInOneForm, withNumerals, withSignsInWords } from './forms/forms.ts';
import { hasNumerals, NUMBER_WORDS } from './forms/numbers.ts';

/** Scripts written without spaces between words: Chinese and Japanese. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
/**
 * One token per Chinese, Japanese or Thai character, because these scripts put no spaces between words, and per Korean
 * syllable, because Korean is often written without them.
 */
const TOKENS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー\p{Script=Thai}]|[\uac00-\ud7a3]/gu;

/**
 * Normal form in which phrases are compared with recognised or typed text. Compatibility forms and case are folded,
 * typographic apostrophes become plain ones, other punctuation and hyphens become spaces, and each character of a
 * script without spaces becomes a token. Signs, units and abbreviations become words, and numbers have one form: words in
 * English, numerals in Chinese, Japanese and Korean, digits elsewhere.
 */
export function normaliseText(text: string, language: string): string {
  const base = baseLanguage(language);
  const own = isKnown(base) ? base : '';
  const last = LAST.get(own);
  if (last?.text === text) return last.normal;
  const normal = normalForm(text, base);
  LAST.set(own, { text, normal });
  return normal;
}

/** The last text of each language: one step asks for the same text many times. */
const LAST = new Map<string, { readonly text: string; readonly normal: string }>();

function normalForm(text: string, base: string): string {
  const plain = text
    .replace(/(?<=n)[º°](?=\s?\d)/gu, '#')
    .replace(/(?<=\d)\s?½/gu, base === 'en' ? ' and a half' : ' 1⁄2')
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{Cf}+/gu, '')
    .replace(/[‘’ʼ`´]/gu, "'");
  const folded = withNumerals(withSignsInWords(plain, base), base)
    .replace(TOKENS, ' $& ')
    .replace(/[^\p{L}\p{M}\p{N}']+/gu, ' ')
    .replace(/(?<![\p{L}\p{N}])'+|'+(?![\p{L}\p{N}])/gu, ' ')
    .trim();
  return folded === '' ? '' : withNumbersInOneForm(folded.split(/\s+/), base).join(' ');
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

const NUMERAL = /^[零一二三四五六七八九十百千万영공일이삼사오육칠팔구십백천만]$/u;

/** Whether a word in normal form is, or is part of, a number: digits in any language, English number words, and numerals. */
export function isNumberWord(word: string, language: string): boolean {
  if (/^\p{N}+$/u.test(word)) return true;
  const base = baseLanguage(language);
  return base === 'en' ? NUMBER_WORDS.has(word) : hasNumerals(base) && NUMERAL.test(word);
}

/** Whether two texts differ at most in case, punctuation and spelling of numbers. */
export function sameWords(one: string, other: string, language: string): boolean {
  return normaliseText(one, language) === normaliseText(other, language);
}

const NORMALISED = new Map<string, WeakMap<object, ReadonlySet<string>>>();

/** Phrases in normal form, kept for the next call: `phrases` must not change. */
export function normalisedPhrases(phrases: readonly string[], language: string): ReadonlySet<string> {
  const base = baseLanguage(language);
  const own = isKnown(base) ? base : '';
  const kept = NORMALISED.get(own) ?? new WeakMap<object, ReadonlySet<string>>();
  NORMALISED.set(own, kept);
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
  const longest = [...known].reduce((most, phrase) => Math.max(most, phrase.split(' ').length), 0);
  for (let at = 0; at < rest.length; ) {
    let count = Math.min(longest, rest.length - at);
    while (count > 0 && !known.has(rest.slice(at, at + count).join(' '))) count -= 1;
    if (count === 0) return false;
    at += count;
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
