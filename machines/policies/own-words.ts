import { isUnspaced, wordsOf } from './text.ts';

/** Fewer letters prove nothing: a person says "no" or "yes" at any time. A Chinese or Japanese character counts for 3. */
const MIN_LETTERS = 4;
const LETTERS_OF_CHARACTER = 3;
/** Up to this many words all must fit; of more, the share below, because a recogniser mishears the robot too. */
const ALL_UP_TO = 3;
const SHARE = 0.75;
/** More words than the robot says while a piece of speech is heard: comparing takes the product of both lengths. */
const MAX_WORDS = 300;

/**
 * Whether words that were heard are those that the robot was `saying` just then: in the same order, all of up to three, three
 * quarters of more. A person who repeats the robot word by word at the same moment is not distinguished from it.
 */
export function isOwnSpeech(heard: string, saying: string, language: string): boolean {
  const words = wordsOf(heard, language);
  const letters = words.reduce((sum, word) => sum + lettersOf(word), 0);
  if (letters < MIN_LETTERS) return false;
  if (words.length > MAX_WORDS) return false;
  const needed = words.length <= ALL_UP_TO ? words.length : Math.ceil(SHARE * words.length);
  return inCommon(words, wordsOf(saying, language).slice(0, MAX_WORDS)) >= needed;
}

function lettersOf(word: string): number {
  return isUnspaced(word) ? LETTERS_OF_CHARACTER * word.length : word.length;
}

/** Length of the longest common subsequence. */
function inCommon(one: readonly string[], other: readonly string[]): number {
  let before = new Array<number>(other.length + 1).fill(0);
  for (const word of one) {
    const row = [0];
    for (const [i, same] of other.entries())
      row.push(word === same ? (before[i] ?? 0) + 1 : Math.max(before[i + 1] ?? 0, row[i] ?? 0));
    before = row;
  }
  return before.at(-1) ?? 0;
}

/**
 * The words of `text` from `from` to `to` (UTF-16 units), whole: those that begin or end outside are included.
 */
export function wordsAround(text: string, from: number, to: number): string {
  let start = Math.max(0, Math.min(from, text.length));
  let end = Math.max(start, Math.min(to, text.length));
  while (start > 0 && !isGap(text, start)) start -= 1;
  while (end < text.length && !isGap(text, end)) end += 1;
  return text.slice(start, end);
}

function isGap(text: string, at: number): boolean {
  const next = text.charAt(at);
  const last = text.charAt(at - 1);
  return /\s/u.test(next) || /\s/u.test(last) || isUnspaced(last);
}
