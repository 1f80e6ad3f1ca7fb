import { isEnglish, normaliseText } from '../../machines/policies/text.ts';
import type { Dialog, DialogEntry, DialogSentence } from './dialog.ts';
import type { Slots } from './phrase.ts';

export interface DialogMatch {
  readonly entry: DialogEntry;
  readonly slots: Slots;
  /** The sentence of the dialog that matched, in normalised form. */
  readonly sentence: string;
  readonly how: 'exact' | 'polite' | 'spelling' | 'contains' | 'near';
}

/** Words around a request that do not change it. Only English ones are known. */
const POLITE = new Set(
  'please robot hey um uh er so well now then ok okay can could would will you just kindly'.split(' '),
);
/** With one of these, a sentence means something other than the phrase inside it. */
const NEGATIONS = new Set(
  "not don't dont never no without didn't can't cannot won't shouldn't nicht kein keine ne pas jamais 不 别 没".split(
    ' ',
  ),
);
/** Longest sentence, in words, that can contain a voice stop ("stop stop stop", "robot stop now please"). */
const MAX_WORDS_AROUND_HALT = 5;

/**
 * Returns the entry that `text` means, or undefined. Tries these rules in order; each counts only if it finds exactly
 * one entry:
 * 1. the sentence itself, after normalisation;
 * 2. the same without polite words and the robot's name at both ends;
 * 3. the same number of words, where words of five letters or more may differ by one letter;
 * 4. a sentence of two words or more inside the text that makes up at least half of it; for a voice stop, one word in a
 * text of up to five. Never with a negation outside it, and never for entries with actions;
 * 5. a sentence of four words or more that differs by one word; never for entries with actions or a voice stop.
 */
export function matchDialog(dialog: Dialog, text: string): DialogMatch | undefined {
  const normal = normaliseText(text, dialog.language);
  if (normal === '') return undefined;
  const exact = dialog.sentences.get(normal);
  if (exact) return matched(exact, 'exact');

  const words = normal.split(' ');
  const bare = withoutPoliteness(dialog, words);
  const polite = dialog.sentences.get(bare.join(' '));
  if (polite) return matched(polite, 'polite');

  const sentences = [...dialog.sentences.values()];
  const misspelt = onlyEntry(sentences.filter((one) => sameButForSpelling(one.words, bare)));
  if (misspelt) return matched(misspelt, 'spelling');

  const inside = longest(sentences.filter((one) => mayContain(one, words)));
  const contained = onlyEntry(inside);
  if (contained) return matched(contained, 'contains');
  if (inside.length > 0) return undefined;

  const near = onlyEntry(
    sentences.filter(
      (one) =>
        !one.entry.halt &&
        one.entry.actions.length === 0 &&
        one.words.length >= 4 &&
        !addsNegation(one.words, bare) &&
        withinOneWord(one.words, bare),
    ),
  );
  return near && matched(near, 'near');
}

function matched(sentence: DialogSentence, how: DialogMatch['how']): DialogMatch {
  return { entry: sentence.entry, slots: sentence.slots, sentence: sentence.text, how };
}

function onlyEntry(candidates: readonly DialogSentence[]): DialogSentence | undefined {
  const first = candidates[0];
  const same = candidates.every(
    (one) => one.entry === first?.entry && JSON.stringify(one.slots) === JSON.stringify(first.slots),
  );
  return same ? first : undefined;
}

function withoutPoliteness(dialog: Dialog, words: readonly string[]): readonly string[] {
  const name = new Set(normaliseText(dialog.name, dialog.language).split(' '));
  const drop = (word: string | undefined) =>
    word !== undefined && (name.has(word) || (isEnglish(dialog.language) && POLITE.has(word)));
  let from = 0;
  let to = words.length;
  while (from < to && drop(words[from])) from += 1;
  while (to > from && drop(words[to - 1])) to -= 1;
  return from === to ? words : words.slice(from, to);
}

function sameButForSpelling(expected: readonly string[], words: readonly string[]): boolean {
  return (
    expected.length === words.length &&
    expected.every((word, i) => {
      const other = words[i] ?? '';
      return word === other || (Math.min(word.length, other.length) >= 5 && withinOneLetter(word, other));
    })
  );
}

/** Whether two words differ by at most one inserted, removed or changed letter, or by two swapped neighbours. */
function withinOneLetter(a: string, b: string): boolean {
  if (withinOne([...a], [...b])) return true;
  if (a.length !== b.length) return false;
  const differing = [...a].flatMap((letter, i) => (letter === b[i] ? [] : [i]));
  const [i, j] = differing;
  return differing.length === 2 && i !== undefined && j === i + 1 && a[i] === b[j] && a[j] === b[i];
}

function withinOneWord(a: readonly string[], b: readonly string[]): boolean {
  return withinOne(a, b);
}

function withinOne(a: readonly string[], b: readonly string[]): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  const room = Math.min(a.length, b.length) - head;
  while (tail < room && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  return Math.max(a.length, b.length) - head - tail <= 1;
}

function mayContain(sentence: DialogSentence, words: readonly string[]): boolean {
  const { entry, words: inner } = sentence;
  if (entry.actions.length > 0) return false;
  // "no, stop!" asks for a stop; "don't stop" does not.
  const heard = entry.halt ? words.filter((word) => word !== 'no') : words;
  if (addsNegation(inner, heard)) return false;
  const longEnough = entry.halt
    ? words.length <= MAX_WORDS_AROUND_HALT
    : inner.length >= 2 && inner.length * 2 >= words.length;
  return longEnough && words.some((_, at) => inner.every((word, i) => words[at + i] === word));
}

function addsNegation(inner: readonly string[], words: readonly string[]): boolean {
  return words.some((word) => NEGATIONS.has(word) && !inner.includes(word));
}

function longest(sentences: readonly DialogSentence[]): readonly DialogSentence[] {
  const most = Math.max(0, ...sentences.map((one) => one.words.length));
  return sentences.filter((one) => one.words.length === most);
}
