/** By the name of a feature, see verdict.ts. */
export type Weights = Readonly<Record<string, number>>;

/**
 * Logistic regressions of whether a sentence was said. Fitted by `npx tsx bench/people.ts --recordings DIR --fit`, which prints them,
 * to the people and the synthetic voices of docs/recognition.md: of the two hearings at the end of an utterance…
 */
export const FINAL: Weights = {
  constant: -9.49,
  phones: 0.1313,
  pace: 2.574,
  oddestWord: -1.445,
  pauses: -1.975,
  overWords: -0.263,
  unusual: 0.151,
  agreed: 1.086,
  overWordsSpoken: -0.04954,
  silence: 0.07196,
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

/** Log odds of a confidence that people bear out, from those of FINAL; see verdict.ts. */
export const CALIBRATION = { odds: 1.26, constant: -0.6 };
