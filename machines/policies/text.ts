/** Plain-text helpers that the policies share. */

/** Lower case, one space between words, no punctuation except inner apostrophes and hyphens. */
export function normaliseWords(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\u2018\u2019]/gu, "'")
    .replace(/[^\p{L}\p{M}\p{N}'\-\s]/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
}

/** True if `text` has words and equals one of `phrases` after normalisation. */
export function isAmong(text: string, phrases: readonly string[]): boolean {
  const words = normaliseWords(text);
  return words !== '' && phrases.some((phrase) => phrase === words || normaliseWords(phrase) === words);
}

/** The first subtag of a BCP 47 tag: `zh-CN` → `zh`. */
export function baseLanguage(language: string): string {
  return language.split('-', 1)[0]?.toLowerCase() ?? '';
}

/** Scripts written without spaces between words: Chinese and Japanese. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

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
