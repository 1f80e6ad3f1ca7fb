import { type Dialog, matchDialog } from '../../../actors/dialog/mod.ts';
import { dialogFile } from '../../../actors/dialog/schema.ts';
import {
  type Calibration,
  calibrated,
  featuresSoFar,
  finalFeatures,
  type Judgement,
  judge,
  noiseIn,
  oddsOf,
} from '../../../adapters/stt/soundswallower/verdict.ts';
import type { Weights } from '../../../adapters/stt/soundswallower/weights.ts';
import { defaultParameters } from '../../../machines/parameters.ts';
import type { Finding } from './hear.ts';
import { type Example, fitLogistic } from './logistic.ts';
import { type Asking, confidenceAt, type Observation } from './report.ts';

/** Penalty of the calibration, which has two weights for hundreds of examples. */
const SLIGHT = 0.01;
/** Synthetic voices count for less than people. */
const SYNTHETIC = 0.5;

/** Weights of the verdict at the end of an utterance, clean and what noise adds to them, and of the one before it. */
export function fitVerdict(findings: readonly Finding[]): {
  readonly final: Weights;
  readonly soFar: Weights;
  readonly calibration: Calibration;
} {
  const clean = findings.filter(({ noise }) => noise === 'clean');
  const noisy = findings.filter(({ noise }) => noise !== 'clean');
  const quiet = fitLogistic(clean.flatMap((one) => examples(one, 'quiet')));
  const inNoise = fitLogistic(
    noisy.flatMap((one) =>
      examples(one, 'noise').map((example, i) => ({
        ...example,
        odds: oddsOf(examples(one, 'quiet')[i]?.features ?? {}, quiet),
      })),
    ),
  );
  const calibration = fitCalibration(clean, quiet);
  const final = { ...quiet, ...inNoise };
  return {
    final: { ...final, constantInNoise: (final.constantInNoise ?? 0) + doubt(noisy, final, calibration) },
    calibration,
    soFar: fitLogistic(
      clean.flatMap((one) => {
        const { usual, anything } = one.evidence ?? {};
        const features = usual && featuresSoFar(usual, anything ?? 0);
        return features ? [example(one, usual.text, features)] : [];
      }),
    ),
  };
}

/** The possible sentences of a finding, with the features of one kind. */
function examples(one: Finding, kind: 'quiet' | 'noise'): readonly Example[] {
  if (!one.evidence) return [];
  return finalFeatures(one.evidence).map(({ text, features }) => {
    const some = Object.entries(features).filter(([name]) => name.endsWith('InNoise') === (kind === 'noise'));
    return example(one, text, Object.fromEntries(some));
  });
}

/** Given the weights of the verdict: how often the judgements of people are right. */
export function fitCalibration(findings: readonly Finding[], weights?: Weights): Calibration {
  const { constant = 0, odds = 1 } = fitLogistic(
    judgements(findings, weights).map(({ odds, ...one }) => ({ ...one, features: { constant: 1, odds } })),
    SLIGHT,
  );
  return { constant, odds };
}

/** What noise of `noiseIn` 1 must add to the log odds, so that the calibration of clean speech holds in noise. */
function doubt(noisy: readonly Finding[], weights: Weights, { odds, constant }: Calibration): number {
  const { noise = 0 } = fitLogistic(
    judgements(noisy, weights).map(({ noise, ...one }) => ({
      ...one,
      ...{ features: { noise }, odds: odds * one.odds + constant },
    })),
    SLIGHT,
  );
  return noise / odds;
}

/** The log odds of the judgements of people. */
function judgements(findings: readonly Finding[], weights?: Weights) {
  return findings.flatMap(({ evidence, trial }) => {
    if (!evidence || trial.group === 'synthetic') return [];
    const { text, confidence } = judge(evidence, 0, weights);
    const odds = Math.log(confidence / (1 - confidence));
    return text === '' ? [] : [{ odds, noise: noiseIn(evidence), isTrue: trial.isRight(text), weight: 1 }];
  });
}

function example({ trial }: Finding, text: string, features: Example['features']): Example {
  return { features, isTrue: trial.isRight(text), weight: trial.group === 'synthetic' ? SYNTHETIC : 1 };
}

/** People by halves: what is understood in each half with weights, calibration and thresholds fitted to the other and, the weights, to `others`. Thresholds are fitted to clean speech. */
export function byHalves(
  people: readonly Finding[],
  others: readonly Finding[],
  dialog: Dialog,
): readonly Observation[] {
  return [0, 1].flatMap((half) => {
    const fitted = people.filter(({ trial }) => trial.half !== half);
    const verdict = fitVerdict([...fitted, ...others]);
    const reported = people.filter((one) => one.trial.half === half);
    return observe(reported, dialog, verdict, fitAsking(observe(fitted, dialog, verdict)));
  });
}

/** False accepts of other speech that are allowed at once, and asked about. */
const AT_ONCE = 0.05;
const ASKED = 0.2;

/** Thresholds for clean speech. */
export function fitAsking(all: readonly Observation[]): Asking {
  const clean = all.filter(({ noise }) => noise === 'clean');
  return { below: confidenceAt(clean, AT_ONCE), nearestAbove: confidenceAt(clean, ASKED) };
}

const UNHEARD: Judgement = { text: '', confidence: 0, accepted: false };
/** What was rejected is not acted on, and a voice stop is not asked about. */
const NEVER = Number.POSITIVE_INFINITY;
/** For sentences that are not the robot's. */
const { replies } = dialogFile.shape.askBelow.parse({});

/** What is understood with these weights and this calibration; by default, those of the recogniser. */
export function observe(
  findings: readonly Finding[],
  dialog: Dialog,
  { final, calibration }: { readonly final?: Weights; readonly calibration?: Calibration } = {},
  fitted?: Asking,
): readonly Observation[] {
  const { nearestAbove } = defaultParameters.asking;
  return findings.map(({ name, grammar, noise, trial, audioMs, cpuMs, evidence }) => {
    const judgement = evidence ? judge(evidence, 0, final) : UNHEARD;
    const entry = grammar === 'robot' ? matchDialog(dialog, judgement.text)?.entry : undefined;
    const does = entry?.halt ? 'stops' : entry?.actions.length ? 'acts' : undefined;
    return {
      ...{ name, grammar, noise, audioMs, cpuMs, group: trial.group, ...judgement },
      confidence: calibrated(judgement.confidence, calibration),
      asking: judgement.accepted
        ? { below: entry?.askBelow ?? replies, nearestAbove }
        : { below: NEVER, nearestAbove: entry?.halt ? NEVER : nearestAbove },
      meant: trial.said !== undefined,
      right: trial.isRight(judgement.text),
      ...(does && { does }),
      ...(fitted && { fitted }),
    };
  });
}
