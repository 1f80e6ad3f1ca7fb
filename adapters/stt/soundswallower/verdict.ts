/** What the two decoders say of one utterance. Costs are in the decoder's log units (about 0.1 nat), 0 at best. */
export interface Evidence {
  /** The best sentence of the dialog. */
  readonly sentence: number;
  /** The best sequence of any phones. */
  readonly anything: number;
  /** The part of `sentence` that its words cost, and the part of the silence around and between them. */
  readonly words: number;
  readonly silence: number;
  /** Phones in the sentence. */
  readonly phones: number;
  /** Frames of 10 ms that its words take, silence left out. */
  readonly frames: number;
  /** Frames of silence. */
  readonly silentFrames: number;
}

export interface Verdict {
  readonly accepted: boolean;
  /** 0..1: how likely the sentence was said. */
  readonly confidence: number;
}

/** A phone longer than this on average is none, in frames: speech has 8 to 20 phones a second. */
const LONGEST_PHONE = 25;

/**
 * A logistic regression over what tells sentences of a dialog from other speech. Fitted to the example dialog in three
 * espeak-ng voices, to other sentences and lone words in seven, and to pieces of recorded speech. bench/recognition.ts
 * checks it with other voices and sentences, and with the same recordings whole. The constant is where about one in
 * twenty-three of those other sentences is taken for one of the dialog's.
 */
const WEIGHTS = {
  constant: -9.29,
  /** How much worse than any phones, over the whole utterance. */
  worse: -0.001806,
  /** How badly the words fit, a frame. */
  words: -0.0246,
  /** How much of what was heard had to be taken for silence, a frame of it. */
  silence: -0.0257,
  /** Short words carry more than their share of both decoders' fixed costs; long sentences are seldom hit by chance. */
  shortness: 3.502,
  length: 0.4404,
  /** Words that fit by chance are squeezed or drawn out: the natural logarithm of frames a phone, and how far it is off. */
  pace: 3.688,
  unusualPace: -3.83,
} as const;
/** Natural logarithm of 9 frames a phone: eleven phones a second. */
const USUAL_PACE = 2.2;
/** Fewer silent frames say little. */
const LEAST_SILENCE = 20;

/** `strictness` is the log odds that a sentence needs: 0 is even, above it more is rejected. */
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
