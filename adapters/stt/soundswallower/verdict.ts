import { FINAL, SO_FAR, type Weights } from './weights.ts';

/** A word, or the silence, of a decoded sentence. Frames have 10 ms. Costs are in the decoder's log units (about 0.1 nat), 0 at best. */
export interface Stretch {
  readonly frames: number;
  readonly cost: number;
}

export interface Word extends Stretch {
  readonly phones: number;
}

/** The best sentence of the dialog in one pass; its text is empty if there is none. */
export interface Hypothesis {
  readonly text: string;
  /** Cost of the whole pass. */
  readonly cost: number;
  readonly words: readonly Word[];
  /** Silence around and between the words. */
  readonly silence: Stretch;
}

/** One pass over the whole utterance, with its own mean cepstrum. */
export interface Pass {
  readonly own: Hypothesis;
  /** Cost of common words that are not in the dialog. */
  readonly otherWords: number;
  /** Distance of the utterance's mean cepstrum from the usual one, without its loudness. People's are 8 to 20 away. */
  readonly unusual: number;
}

/** What several passes over the same speech found. */
export interface Evidence extends Pass {
  /** With the usual mean cepstrum… */
  readonly usual: Hypothesis;
  /** …and the cost of any phones in that pass. */
  readonly anything: number;
  /** The same utterance played slower, if it was heard so. */
  readonly slower?: Pass | undefined;
}

export interface Judgement {
  /** The likeliest of the sentences; empty if there is none. */
  readonly text: string;
  /** Probability that it was said, 0..1. */
  readonly confidence: number;
  readonly accepted: boolean;
}

/** Maximum average length of a phone, in frames. Speech has 8 to 20 phones per second, but a lone "no" may be drawn out. */
const LONGEST_PHONE = 40;
/** Natural logarithm of 9 frames per phone: eleven phones per second. */
const USUAL_PACE = 2.2;
/** A longer sentence is not less likely to match by chance. */
const MOST_PHONES = 20;
/** Distance of the mean cepstrum: people's voices and microphones are not further away. */
const PERSON = 20;
/** Natural logarithm of 20 frames per phone: few people speak as slowly. */
const SLOW = 3;
/** Frames of silence that level.ts leaves around speech. */
const PADDING = 40;
/** Excess per frame of a pass without a sentence. */
const NOTHING = 30;
/** Frames: in a shorter silence the cost of its borders weighs too much. */
const LEAST_SILENCE = 20;

/** Log odds: at 0.27 instead of 0.5. */
const LISTENING = 1;
/** Confidences between which another pass is worth its time. */
const HOPELESS = 0.01;
const SURE = 0.9;

export type Features = Readonly<Record<string, number>>;

/** What is required of a sentence. */
export interface Demands {
  /** Log odds; above 0 more is rejected. */
  readonly strictness: number;
  /** Sounds of a listener, of which less is required. */
  readonly backchannels: ReadonlySet<string>;
}

/** Required log odds. A listener's sound has little to be known by; it is better understood wrongly than taken for an interruption. */
export function requiredOf(text: string, { strictness, backchannels }: Demands): number {
  return strictness - (backchannels.has(text) ? LISTENING : 0);
}

/** Chooses between the sentences of the passes. */
export function judge(evidence: Evidence, demands: Demands, weights = FINAL): Judgement {
  const [best] = candidates(evidence, weights)
    .map(({ text, features }) => ({ text, odds: oddsOf(features, weights) }))
    .toSorted((a, b) => b.odds - a.odds);
  if (!best) return { text: '', confidence: 0, accepted: false };
  const { text, odds } = best;
  return { text, confidence: probability(odds), accepted: odds > requiredOf(text, demands) };
}

/** Whether the utterance is worth another pass. */
export function isUnsure({ slower: _, ...evidence }: Evidence, weights = FINAL): boolean {
  const all = finalFeatures(evidence).map(({ features }) => probability(oddsOf(features, weights)));
  const best = Math.max(0, ...all);
  return best > HOPELESS && best < SURE;
}

/** The possible sentences, and what speaks for each. A pass that would not have been worth its time is left out. @internal */
export function candidates(evidence: Evidence, weights = FINAL): readonly Candidate[] {
  const { slower, ...before } = evidence;
  return finalFeatures(slower && isUnsure(before, weights) ? evidence : before);
}

/** Whether the sentence may be what is said so far. `anything`: cost of any phones. */
export function maySoFar(usual: Hypothesis, anything: number, strictness: number): boolean {
  const features = featuresSoFar(usual, anything);
  return features !== undefined && oddsOf(features, SO_FAR) > strictness;
}

/** Of log odds. */
export function probability(odds: number): number {
  return 1 / (1 + Math.exp(-odds));
}

/** Log odds. */
function oddsOf(features: Features, weights: Weights): number {
  return Object.entries(weights).reduce((sum, [name, weight]) => sum + weight * (features[name] ?? 0), 0);
}

interface Candidate {
  readonly text: string;
  readonly features: Features;
}

function finalFeatures(evidence: Evidence): readonly Candidate[] {
  const { usual, own, slower } = evidence;
  const heard = [
    { hypothesis: own, pass: evidence },
    ...(own.text === usual.text ? [] : [{ hypothesis: usual, pass: evidence }]),
    ...(slower ? [{ hypothesis: slower.own, pass: slower }] : []),
  ];
  return heard.flatMap(({ hypothesis, pass }) => {
    const { text } = hypothesis;
    const shape = shapeOf(hypothesis);
    if (!shape) return [];
    const whole = pass.own.text === '' ? usual : pass.own;
    const features = {
      ...shape,
      /** Extra cost per frame compared with other words. */
      overWords: pass.own.text === '' ? NOTHING : (whole.cost - pass.otherWords) / framesOf(whole),
      /** An unusual voice or microphone fits its sentence worse. */
      unusual: Math.min(pass.unusual, PERSON),
      /** Both means gave the same sentence. */
      agreed: pass.own.text === usual.text ? 1 : 0,
      /** The utterance's own mean is right more often. */
      own: text === own.text ? 1 : 0,
      /** The slower utterance fits better by itself… */
      slower: pass === slower ? 1 : 0,
      /** …and says whether the sentence is heard there too. */
      again: slower ? (text === slower.own.text ? 1 : -1) : 0,
      /** The extra cost per frame of the words. */
      overWordsSpoken: (hypothesis.cost - pass.otherWords) / total(hypothesis.words, 'frames'),
      /** Cost of the silence per frame: words that are not in the sentence are taken for it. */
      silence: hypothesis.silence.cost / Math.max(LEAST_SILENCE, hypothesis.silence.frames),
    };
    return { text, features };
  });
}

/** @internal */
export function featuresSoFar(usual: Hypothesis, anything: number): Features | undefined {
  const shape = shapeOf(usual);
  return (
    shape && {
      ...shape,
      /** Cost of the words per frame. */
      words: total(usual.words, 'cost') / total(usual.words, 'frames'),
      /** Extra cost per frame compared with any phones. */
      overPhones: (usual.cost - anything) / framesOf(usual),
    }
  );
}

/** How well a sentence fits by itself; nothing if no one speaks like that. */
function shapeOf({ words, silence }: Hypothesis): Features | undefined {
  const frames = total(words, 'frames');
  const phones = words.reduce((sum, word) => sum + word.phones, 0);
  if (phones === 0 || frames === 0 || frames / phones > LONGEST_PHONE) return undefined;
  const pace = Math.min(SLOW, Math.log(frames / phones));
  const paces = words.map((word) => Math.abs(Math.log(Math.max(1, word.frames) / word.phones) - USUAL_PACE));
  return {
    constant: 1,
    /** A long sentence seldom matches by chance. */
    phones: Math.min(MOST_PHONES, phones),
    /** Words that match by chance are too short or too long: natural logarithm of frames per phone. */
    pace,
    oddestWord: Math.max(...paces),
    /** Nobody pauses for long within a sentence: seconds of silence beyond the padding around it. */
    pauses: Math.max(0, silence.frames - PADDING) / 100,
  };
}

function framesOf({ words, silence }: Hypothesis): number {
  return Math.max(1, total(words, 'frames') + silence.frames);
}

function total(stretches: readonly Stretch[], what: keyof Stretch): number {
  return stretches.reduce((sum, one) => sum + one[what], 0);
}
