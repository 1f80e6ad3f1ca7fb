/** By the name of a feature, see verdict.ts. */
export type Weights = Readonly<Record<string, number>>;

/**
 * Logistic regressions of whether a sentence was said. Fitted by `npx tsx lab/hearing/people.ts --recordings DIR --fit --noise …`, which prints them,
 * to the people and the synthetic voices of lab/recognition.md: of the two hearings at the end of an utterance…
 */
export const FINAL: Weights = {
  constant: -8.982,
  phones: 0.1663,
  pace: 2.438,
  oddestWord: -1.453,
  pauses: -3.028,
  overWords: -0.2596,
  unusual: 0.1454,
  agreed: 0.8755,
  overWordsSpoken: -0.05504,
  silence: 0.06961,
  constantInNoise: 1.287,
  phonesInNoise: 0.02707,
  paceInNoise: -0.2241,
  oddestWordInNoise: -1.415,
  pausesInNoise: 2.393,
  overWordsInNoise: -0.03672,
  unusualInNoise: -0.1097,
  agreedInNoise: 0.8945,
  overWordsSpokenInNoise: 0.05697,
  silenceInNoise: -0.01092,
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
export const CALIBRATION = { odds: 1.25, constant: -0.5596 };
