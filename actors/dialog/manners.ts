/** What a language says around a phrase, and where its words begin. */
import { LANGUAGES, tableOf } from '../../machines/language/mod.ts';
import { isUnspaced, wordsOf } from '../../machines/policies/text.ts';

export interface Manners {
  /** Said around a request without changing it: each as words in normal form, the longest first. */
  readonly polite: readonly (readonly string[])[];
  /** Single words that turn a sentence into its opposite. */
  readonly negations: ReadonlySet<string>;
  /** Whether some words contain a negation. */
  readonly denies: (words: readonly string[]) => boolean;
}

const KNOWN = new Map<string, Manners>();

/** A language without a table has no polite words, and the negations of all others. */
export function mannersOf(language: string): Manners {
  const known = KNOWN.get(language);
  if (known) return known;
  const table = tableOf(language);
  const inWords = (texts: readonly string[]) => texts.map((text) => wordsOf(text, language));
  const polite = inWords(table?.polite ?? []).sort((a, b) => b.length - a.length);
  const denials = table?.negations ?? Object.values(LANGUAGES).flatMap(({ negations }) => [...negations]);
  const negations = inWords(denials).map((words) => ` ${words.join(' ')} `);
  const made: Manners = {
    polite,
    negations: new Set(negations.map((one) => one.trim()).filter((one) => !one.includes(' '))),
    denies: (words) => negations.some((one) => ` ${words.join(' ')} `.includes(one)),
  };
  KNOWN.set(language, made);
  return made;
}

/**
 * The places in `words` (and after the last) where a word of the language begins: every place, but for Chinese and
 * Japanese, whose single characters are grouped into words by `Intl.Segmenter`.
 */
export function wordStarts(words: readonly string[], language: string): ReadonlySet<number> {
  const places = [0];
  for (const word of words) places.push((places.at(-1) ?? 0) + word.length);
  const text = words.join('');
  if (!isUnspaced(text)) return new Set(places.keys());
  const starts = new Set([text.length]);
  for (const { index } of new Intl.Segmenter(language, { granularity: 'word' }).segment(text))
    starts.add(index);
  const spaced = (at: number) => !isUnspaced(`${words[at - 1] ?? ''}${words[at] ?? ''}`);
  return new Set([...places.keys()].filter((at) => starts.has(places[at] ?? -1) || spaced(at)));
}
