/** What a language says around a phrase, and where its words begin. */
import { LANGUAGES, tableOf } from '../../machines/language/mod.ts';
import { isUnspaced, wordsOf } from '../../machines/policies/text.ts';

export interface Manners {
  /** Said around a request without changing it: each as words in normal form, the longest first. */
  readonly polite: readonly (readonly string[])[];
  /** Single words that turn a sentence into its opposite. */
  readonly negations: ReadonlySet<string>;
  /** Where the negations of a text are, without the words of `allowed`. */
  readonly negationsIn: (words: readonly string[], allowed?: string) => NegationPlaces;
}

/** The first and the last negation of a text, as places in its words. */
export interface NegationPlaces {
  /** The end of the negation that ends first; Infinity without any. */
  readonly firstEnd: number;
  /** The start of the negation that starts last; -1 without any. */
  readonly lastStart: number;
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
  const negations = inWords(denials).filter((words) => words.length > 0);
  const made: Manners = {
    polite,
    negations: new Set(negations.filter(({ length }) => length === 1).flat()),
    negationsIn: (words, allowed) => negationsIn(negations, words, allowed),
  };
  KNOWN.set(language, made);
  return made;
}

/** One pass over the words: a text may have thousands. Skips `allowed`, as if it had not been said. */
function negationsIn(
  negations: readonly (readonly string[])[],
  words: readonly string[],
  allowed?: string,
): NegationPlaces {
  const places = [...words.keys()].filter((at) => words[at] !== allowed);
  let firstEnd = Number.POSITIVE_INFINITY;
  let lastStart = -1;
  for (const [i, at] of places.entries())
    for (const negation of negations) {
      if (!negation.every((word, j) => words[places[i + j] ?? -1] === word)) continue;
      firstEnd = Math.min(firstEnd, (places[i + negation.length - 1] ?? at) + 1);
      lastStart = at;
    }
  return { firstEnd, lastStart };
}

/**
 * The places in `words` (and after the last) where a word of the language begins: every place, but for Chinese and
 * Japanese, whose single characters are grouped into words by `Intl.Segmenter`. That takes the square of a long text without
 * spaces: bound the words first, as `comparable` does.
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
