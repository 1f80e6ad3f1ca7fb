import { normaliseText } from '../../machines/policies/text.ts';
import type { Dialog, DialogEntry } from './dialog.ts';
import type { Parsed } from './grammar.ts';
import { type Manners, mannersOf, wordStarts } from './manners.ts';
import type { Slots } from './slots.ts';
import { digitByDigit, spoken } from './spoken.ts';

export interface DialogMatch {
  readonly entry: DialogEntry;
  /** By name in alphabetical order, with the entry's defaults filled in. */
  readonly slots: Slots;
  /** The sentence of the dialog that matched, in normalised form. */
  readonly sentence: string;
  readonly how: 'exact' | 'polite' | 'spelling' | 'contains' | 'near';
}

/** Longest sentence, in words, that can contain a voice stop ("stop stop stop", "robot stop now please"). */
const MAX_WORDS_AROUND_HALT = 5;
/** Longest text, in words, that is compared with the dialog: no phrase is nearly as long, and the work grows with the square. */
const MAX_WORDS = 120;
/** Longest text that can have so few words, in UTF-16 units; also of the longest message of a client. */
const MAX_CHARS = 4_000;
/** Fewest words of a sentence of which one may differ. */
const MIN_WORDS_NEAR = 4;

/**
 * Returns the entry that `text` means, or undefined. Tries these rules in order; each but the first counts only if it
 * finds exactly one entry, with one set of slots:
 * 1. the sentence itself, after normalisation;
 * 2. the same without polite words and the robot's name at both ends;
 * 3. the same number of words, where words of five letters or more may differ by one letter;
 * 4. a sentence of two words or more inside the text that makes up at least half of it; for a voice stop, one word in a
 * text of up to five. Never with a negation outside it, never for entries with actions, and never within a word;
 * 5. a sentence of four words or more that differs by one word; never for entries with actions or a voice stop.
 */
export function matchDialog(dialog: Dialog, text: string): DialogMatch | undefined {
  const { grammar, language } = dialog;
  const words = comparable(text, language);
  if (words.length === 0) return undefined;
  const manners = mannersOf(language);
  const bare = withoutPoliteness(dialog, manners, words);
  const digits = withoutPoliteness(dialog, manners, bounded(digitByDigit(text, language)));

  const exact = grammar.parse(words)[0];
  if (exact) return matched(exact, 'exact');
  const polite = grammar.parse(bare)[0] ?? grammar.parse(digits)[0];
  if (polite) return matched(polite, 'polite');

  const misspelt = only(grammar.parse(bare, 'spelling'), 'spelling');
  if (misspelt) return misspelt;

  const inside = containedIn(dialog, manners, words);
  if (inside.length > 0) return only(inside, 'contains');

  const near = grammar
    .parse(bare, 'word', manners.negations)
    .filter(
      ({ entry, words: sentence }) =>
        !entry.halt && entry.actions.length === 0 && sentence.length >= MIN_WORDS_NEAR,
    );
  return only(near, 'near');
}

/** The words of a text as it is spoken; none if it is too long to be a sentence of a dialog. */
export function comparable(text: string, language: string): readonly string[] {
  if (text.length > MAX_CHARS) return [];
  return bounded(spoken(text, language));
}

function bounded(words: readonly string[]): readonly string[] {
  return words.length > MAX_WORDS ? [] : words;
}

function matched({ entry, slots, words }: Parsed, how: DialogMatch['how']): DialogMatch {
  const filled = Object.entries({ ...entry.defaults, ...slots }).sort(([a], [b]) => (a < b ? -1 : 1));
  return { entry, slots: Object.fromEntries(filled), sentence: words.join(' '), how };
}

function only(candidates: readonly Parsed[], how: DialogMatch['how']): DialogMatch | undefined {
  const [first, ...others] = candidates.map((one) => matched(one, how));
  const same = others.every(
    (one) => one.entry === first?.entry && JSON.stringify(one.slots) === JSON.stringify(first.slots),
  );
  return same ? first : undefined;
}

function withoutPoliteness(dialog: Dialog, { polite }: Manners, words: readonly string[]): readonly string[] {
  const around = [
    ...normaliseText(dialog.name, dialog.language)
      .split(' ')
      .map((word) => [word]),
    ...polite,
  ];
  let from = 0;
  let to = words.length;
  const drop = (count: (said: readonly string[]) => boolean) =>
    around.find((said) => said.length <= to - from && count(said))?.length ?? 0;
  for (let more = true; more; ) {
    const first = drop((said) => said.every((word, i) => words[from + i] === word));
    from += first;
    const last = drop((said) => said.every((word, i) => words[to - said.length + i] === word));
    to -= last;
    more = first + last > 0;
  }
  return from === to ? words : words.slice(from, to);
}

/** The longest sentences inside the text that may stand for all of it. */
function containedIn(
  { grammar, language }: Dialog,
  manners: Manners,
  words: readonly string[],
): readonly Parsed[] {
  const starts = wordStarts(words, language);
  const negations = manners.negationsIn(words);
  // "no, stop!" asks for a stop; "don't stop" does not.
  const negationsOfHalt = manners.negationsIn(words, 'no');
  const isShort = words.length <= MAX_WORDS_AROUND_HALT;
  let longest: readonly Parsed[] = [];
  for (let from = 0; from < words.length; from++) {
    const found = grammar.longestFrom(words, from, (entry, length) => {
      const to = from + length;
      const { firstEnd, lastStart } = entry.halt ? negationsOfHalt : negations;
      if (entry.actions.length > 0 || firstEnd <= from || lastStart >= to) return false;
      if (entry.halt) return isShort;
      return length >= 2 && length * 2 >= words.length && starts.has(from) && starts.has(to);
    });
    const [best = 0, length = 0] = [longest, found].map((some) => some[0]?.words.length);
    if (length > best) longest = found;
    else if (length === best) longest = [...longest, ...found];
  }
  return longest;
}
