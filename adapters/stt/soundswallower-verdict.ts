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
 * A logistic regression over what tells sentences of a dialog from other speech. Fitted to the example dialog in five
 * espeak-ng voices, other sentences in the same voices, and pieces of recorded speech; checked with other sentences by
 * bench/recognition.ts. Per frame, so that it does not depend on the length of the utterance.
 */
const WEIGHTS = {
  constant: 13.5,
  /** How much worse than any phones. */
  worse: -0.0597,
  /** How badly the words fit. */
  words: -0.1257,
  /** How much of what was heard had to be taken for silence. */
  silence: -0.2398,
  /** Short words carry more than their share of both decoders' fixed costs; long sentences are seldom hit by chance. */
  shortness: 5.665,
  length: 0.4074,
} as const;
/** Fewer silent frames say little. */
const LEAST_SILENCE = 20;

/** `strictness` is the log odds that a sentence needs: 0 is even, above it more is rejected. */
export function judge(evidence: Evidence, strictness: number): Verdict {
  const { sentence, anything, words, silence, phones, frames, silentFrames } = evidence;
  if (phones === 0 || frames === 0 || frames / phones > LONGEST_PHONE)
    return { accepted: false, confidence: 0 };
  const odds =
    WEIGHTS.constant +
    WEIGHTS.worse * ((sentence - anything) / frames) +
    WEIGHTS.words * (words / frames) +
    WEIGHTS.silence * (silence / Math.max(LEAST_SILENCE, silentFrames)) +
    WEIGHTS.shortness / phones +
    WEIGHTS.length * phones;
  return { accepted: odds > strictness, confidence: 1 / (1 + Math.exp(-odds)) };
}
