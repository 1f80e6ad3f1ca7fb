/** Marks that stand for secret values in texts. */

/** Shown in the place of a secret. */
export const MASK = '••••';
/** A letter that users neither say nor type. A mark ends with some of them, which distinguish one secret from another. */
const DOT = '\ua78f';
/** Secrets of a session that are distinguished; more share the last mark. */
export const MAX_SEALED = 20;

/** The words that the marks are in a normalised text. */
export const SEALED_WORDS: readonly string[] = Array.from({ length: MAX_SEALED }, (_, i) =>
  DOT.repeat(i + 1),
);

/** The mark of the secret `number`, from 1. */
export function markOf(number: number): string {
  return `${MASK}${DOT.repeat(number)}`;
}

/** Matches each mark in a text; its first group is as long as its number. */
export const MARKS = new RegExp(`${MASK}(${DOT}+)`, 'gu');

export function isSealedWord(word: string): boolean {
  return word.startsWith(DOT);
}

/** A text without what could be taken for a mark. */
export function withoutMarks(text: string): string {
  return text.includes(DOT) ? text.replaceAll(DOT, '') : text;
}
