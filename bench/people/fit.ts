import { type Dialog, matchDialog } from '../../actors/dialog/mod.ts';
import { dialogFile } from '../../actors/dialog/schema.ts';
import {
  type Calibration,
  calibrated,
  featuresSoFar,
  finalFeatures,
  type Judgement,
  judge,
} from '../../adapters/stt/soundswallower/verdict.ts';
import type { Weights } from '../../adapters/stt/soundswallower/weights.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import type { Finding } from './hear.ts';
import { type Example, fitLogistic } from './logistic.ts';
import { type Asking, confidenceAt, type Observation } from './report.ts';

/** Penalty of the calibration, which has two weights for hundreds of examples. */
const SLIGHT = 0.01;
/** Synthetic voices count for less than people. */
const SYNTHETIC = 0.5;

/** Weights of the verdict at the end of an utterance, and of the one before it. */
export function fitVerdict(findings: readonly Finding[]): {
  readonly final: Weights;
  readonly soFar: Weights;
  readonly calibration: Calibration;
} {
  const final = fitLogistic(
    findings.flatMap((one) =>
      one.evidence
        ? finalFeatures(one.evidence).map(({ text, features }) => example(one, text, features))
        : [],
    ),
  );
  return {
    final,
    calibration: fitCalibration(findings, final),
    soFar: fitLogistic(
      findings.flatMap((one) => {
        const { usual, anything } = one.evidence ?? {};
        const features = usual && featuresSoFar(usual, anything ?? 0);
        return features ? [example(one, usual.text, features)] : [];
      }),
    ),
  };
}

/** Given the weights of the verdict: how often the judgements of people are right. */
export function fitCalibration(findings: readonly Finding[], weights?: Weights): Calibration {
  const examples = findings.flatMap(({ evidence, trial }) => {
    if (!evidence || trial.group === 'synthetic') return [];
    const { text, confidence } = judge(evidence, 0, weights);
    const features = { constant: 1, odds: Math.log(confidence / (1 - confidence)) };
    return text === '' ? [] : [{ features, isTrue: trial.isRight(text), weight: 1 }];
  });
  const { constant = 0, odds = 1 } = fitLogistic(examples, SLIGHT);
  return { constant, odds };
}

function example({ trial }: Finding, text: string, features: Example['features']): Example {
  return { features, isTrue: trial.isRight(text), weight: trial.group === 'synthetic' ? SYNTHETIC : 1 };
}

/** People by halves: what is understood in each half with weights, calibration and thresholds fitted to the clean other and, the weights, to `others`. */
export function byHalves(
  people: readonly Finding[],
  others: readonly Finding[],
  dialog: Dialog,
): readonly Observation[] {
  return [0, 1].flatMap((half) => {
    const fitted = people.filter(({ trial, noise }) => trial.half !== half && noise === 'clean');
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
