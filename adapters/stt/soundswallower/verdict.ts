import { MOST_CONTRAST } from './level.ts';
import { CALIBRATION, FINAL, SO_FAR, type Weights } from './weights.ts';

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

/** What the passes over the same speech found. */
export interface Evidence extends Pass {
  /** With the usual mean cepstrum… */
  readonly usual: Hypothesis;
  /** …and the cost of any phones in that pass. */
  readonly anything: number;
  /** How far the loudest sound is above the quietest, dB, at most MOST_CONTRAST. */
  readonly contrast: number;
  /** If `own` is a sentence that stops the robot: how much worse its worst phone fits than other words there, log units a frame. */
  readonly worstPhone?: number | undefined;
  /** The same utterance played slower, if the others left a doubt. */
  readonly slower?: Pass | undefined;
}

export interface Judgement {
  /** The likeliest sentence; empty if there is none. */
  readonly text: string;
  /** Probability that it was said, 0..1. */
  readonly confidence: number;
  readonly accepted: boolean;
}

/** Average length of a phone in the fastest speech, in frames: twenty phones per second. */
const SHORTEST_PHONE = 5;
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

/** Phones: from here on the utterance is long enough to measure its own mean, and the sentence found with it counts. */
const MEASURED = 12;
/** Phones: the beginning of many a sentence matches a word with at most this many. */
const BRIEF = 2;
/** A rejected sentence below this confidence is not worth another pass. */
const HOPELESS = 0.01;
/** Only a sentence that is seldom found by chance is taken from the slower utterance: phones, and confidence. */
const LONG = 8;
const SURE = 0.7;

/** dB: in a room with less contrast each phone may fit badly. */
const QUIET = 35;
/**
 * How much worse than other words the worst phone of a stop may fit, in log units a frame. `DOUBT`: what each unit above that
 * takes off the log odds. In silence 40 at most for the stops of six synthetic voices, 69 for an "alexa"; of 57 digits of people that were right, three have 57 and more.
 */
const MOST_WORSE = 55;
const DOUBT = 0.2;

/** The log odds of a judgement are multiplied by `odds`, and `constant` is added. */
export interface Calibration {
  readonly odds: number;
  readonly constant: number;
}

export type Features = Readonly<Record<string, number>>;

/** Chooses between the sentences of the passes. `strictness`: required log odds; above 0 more is rejected. */
export function judge(evidence: Evidence, strictness: number, weights = FINAL): Judgement {
  const { slower, ...passes } = evidence;
  const first = likeliest(finalFeatures(passes), strictness, weights, doubtOf(evidence));
  if (!slower || !isInDoubt(first)) return first;
  const again = finalFeatures({ ...passes, ...slower, usual: passes.own }).filter(
    ({ text }) => text === slower.own.text && isLong(slower.own),
  );
  const second = likeliest(again, strictness, weights);
  return second.accepted && second.confidence >= SURE ? second : first;
}

/** Whether another pass may find what was rejected. */
export function isInDoubt({ accepted, confidence }: Judgement): boolean {
  return !accepted && confidence > HOPELESS;
}

/** Whether so many frames of speech, without the silence around it, can be a sentence that is taken from the slower utterance. */
export function mayBeLong(frames: number): boolean {
  return frames >= LONG * SHORTEST_PHONE;
}

/** Whether a sentence may be taken from the slower utterance. */
export function isLong(sentence: Pick<Hypothesis, 'words'>): boolean {
  return phonesOf(sentence) >= LONG;
}

/** Whether the beginning of another sentence may be taken for this one. */
export function isBrief(sentence: Pick<Hypothesis, 'words'>): boolean {
  return phonesOf(sentence) <= BRIEF;
}

/** What is taken off the log odds of a stop with a phone that is hardly there: other speech seldom stops the robot. */
function doubtOf({ own, worstPhone = 0, contrast }: Evidence) {
  const doubt = contrast < QUIET ? 0 : DOUBT * Math.max(0, worstPhone - MOST_WORSE);
  return (text: string) => (text === own.text ? doubt : 0);
}

function likeliest(
  candidates: ReturnType<typeof finalFeatures>,
  strictness: number,
  weights: Weights,
  doubt: (text: string) => number = () => 0,
): Judgement {
  const [best] = candidates
    .map(({ text, features }) => ({ text, odds: oddsOf(features, weights) - doubt(text) }))
    .toSorted((a, b) => b.odds - a.odds);
  if (!best) return { text: '', confidence: 0, accepted: false };
  return { text: best.text, confidence: 1 / (1 + Math.exp(-best.odds)), accepted: best.odds > strictness };
}

/** How often people's sentences are right at this confidence of a judgement, which is fitted to synthetic voices too and is that of the likeliest of several. */
export function calibrated(confidence: number, { odds, constant }: Calibration = CALIBRATION): number {
  return confidence <= 0 ? 0 : 1 / (1 + Math.exp(-constant) * (1 / confidence - 1) ** odds);
}

/** Whether the sentence may be what is said so far. `anything`: cost of any phones. */
export function maySoFar(usual: Hypothesis, anything: number, strictness: number): boolean {
  const features = featuresSoFar(usual, anything);
  return features !== undefined && oddsOf(features, SO_FAR) > strictness;
}

/** Log odds. @internal */
export function oddsOf(features: Features, weights: Weights): number {
  return Object.entries(weights).reduce((sum, [name, weight]) => sum + weight * (features[name] ?? 0), 0);
}

/** The possible sentences of the first two passes, and what speaks for each. @internal */
export function finalFeatures(
  evidence: Evidence,
): readonly { readonly text: string; readonly features: Features }[] {
  const { usual, own, otherWords, unusual } = evidence;
  const noise = noiseIn(evidence);
  const frames = framesOf(own.text === '' ? usual : own);
  const excess = {
    /** Extra cost per frame compared with other words. */
    overWords: own.text === '' ? NOTHING : (own.cost - otherWords) / frames,
    /** An unusual voice or microphone fits its sentence worse. */
    unusual: Math.min(unusual, PERSON),
    /** Both passes found the same sentence. */
    agreed: own.text === usual.text ? 1 : 0,
  };
  const ownAlone = own.text === usual.text || Math.min(phonesOf(own), phonesOf(usual)) >= MEASURED;
  return [own, ...(ownAlone ? [] : [usual])].flatMap((hypothesis) => {
    const shape = shapeOf(hypothesis);
    if (!shape) return [];
    const features = {
      ...shape,
      ...excess,
      /** The same per frame of the words. */
      overWordsSpoken: (hypothesis.cost - otherWords) / total(hypothesis.words, 'frames'),
      /** Cost of the silence per frame: words that are not in the sentence are taken for it. */
      silence: hypothesis.silence.cost / Math.max(LEAST_SILENCE, hypothesis.silence.frames),
    };
    return { text: hypothesis.text, features: { ...features, ...inNoise(features, noise) } };
  });
}

/** 0 in a quiet room, 1 if the noise is 10 dB above that, 2 if it is 40 dB above: the first dB change the scores most. @internal */
export function noiseIn({ contrast }: Evidence): number {
  return Math.sqrt((MOST_CONTRAST - contrast) / 10);
}

/** The more noise, the more the weight of each feature differs. */
function inNoise(features: Features, noise: number): Features {
  return Object.fromEntries(
    Object.entries(features).map(([name, value]) => [`${name}InNoise`, noise * value]),
  );
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

/** How well a sentence fits by itself; nothing if people do not speak like that. */
function shapeOf({ words, silence }: Hypothesis): Features | undefined {
  const frames = total(words, 'frames');
  const phones = phonesOf({ words });
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
    /** People do not pause for long within a sentence: seconds of silence beyond the padding around it. */
    pauses: Math.max(0, silence.frames - PADDING) / 100,
  };
}

function phonesOf({ words }: Pick<Hypothesis, 'words'>): number {
  return words.reduce((sum, word) => sum + word.phones, 0);
}

function framesOf({ words, silence }: Hypothesis): number {
  return Math.max(1, total(words, 'frames') + silence.frames);
}

function total(stretches: readonly Stretch[], what: keyof Stretch): number {
  return stretches.reduce((sum, one) => sum + one[what], 0);
}
