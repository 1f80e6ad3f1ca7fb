/** Results of the two decoders for one utterance. Costs are in the decoder's log units (about 0.1 nat), 0 at best. */
export interface Evidence {
  /** Cost of the best sentence of the dialog. */
  readonly sentence: number;
  /** Cost of the best sequence of any phones. */
  readonly anything: number;
  /** The parts of `sentence` for its words, and for the silence around and between them. */
  readonly words: number;
  readonly silence: number;
  /** Phones in the sentence. */
  readonly phones: number;
  /** Frames of 10 ms in its words, without silence. */
  readonly frames: number;
  /** Frames of silence. */
  readonly silentFrames: number;
}

export interface Verdict {
  readonly accepted: boolean;
  /** Probability of the sentence, 0..1. */
  readonly confidence: number;
}

/** Maximum average length of a phone, in frames: speech has 8 to 20 phones per second. */
const LONGEST_PHONE = 25;

/** A logistic regression that separates sentences of a dialog from other speech. Fitted to the example dialog in three espeak-ng voices, to other sentences and single words in seven, and to pieces of recorded speech. bench/recognition.ts checks it with other voices and sentences, and with the whole recordings. With this constant, about one in 23 of the other sentences is accepted as one of the dialog's.
 */
const WEIGHTS = {
  constant: -9.29,
  /** Extra cost compared with any phones, over the whole utterance. */
  worse: -0.001806,
  /** Cost of the words per frame. */
  words: -0.0246,
  /** Cost of the silence per frame: high if speech had to be matched as silence. */
  silence: -0.0257,
  /** Short words have a larger share of the fixed costs of both decoders; long sentences seldom match by chance. */
  shortness: 3.502,
  length: 0.4404,
  /** Words that match by chance are too short or too long: natural logarithm of frames per phone, and its deviation. */
  pace: 3.688,
  unusualPace: -3.83,
} as const;
/** Natural logarithm of 9 frames per phone: eleven phones per second. */
const USUAL_PACE = 2.2;
/** Minimum number of silent frames for a meaningful cost. */
const LEAST_SILENCE = 20;

/** `strictness`: required log odds of a sentence; above 0 more is rejected. */
export function judge(evidence: Evidence, strictness: number): Verdict {
  const { sentence, anything, words, silence, phones, frames, silentFrames } = evidence;
  if (phones === 0 || frames === 0 || frames / phones > LONGEST_PHONE)
    return { accepted: false, confidence: 0 };
  const pace = Math.log(frames / phones);
  const odds =
    WEIGHTS.constant +
    WEIGHTS.worse * (sentence - anything) +
    WEIGHTS.words * (words / frames) +
    WEIGHTS.silence * (silence / Math.max(LEAST_SILENCE, silentFrames)) +
    WEIGHTS.shortness / phones +
    WEIGHTS.length * phones +
    WEIGHTS.pace * pace +
    WEIGHTS.unusualPace * (pace - USUAL_PACE) ** 2;
  return { accepted: odds > strictness, confidence: 1 / (1 + Math.exp(-odds)) };
}
