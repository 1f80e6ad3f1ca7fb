/** By the name of a feature, see verdict.ts. */
export type Weights = Readonly<Record<string, number>>;

/**
 * Logistic regressions of whether a sentence was said. Fitted by `npx tsx bench/people.ts --recordings DIR --fit`, which prints them,
 * to the people and the synthetic voices of docs/recognition.md: of the passes at the end of an utterance, scaled to how often people were understood…
 */
export const FINAL: Weights = {
  constant: -13.61,
  phones: 0.2133,
  pace: 3.182,
  oddestWord: -2.536,
  pauses: -3.765,
  overWords: -0.4184,
  unusual: 0.1773,
  agreed: 1.717,
  own: 1.256,
  slower: -1.191,
  again: 0.7151,
  overWordsSpoken: -0.05155,
  silence: 0.09104,
};

/** …and of the first one while it is said. */
export const SO_FAR: Weights = {
  constant: -8.49,
  phones: 0.2153,
  pace: 2.638,
  oddestWord: -1.111,
  pauses: -1.292,
  words: 0.002737,
  overPhones: -0.2176,
};
