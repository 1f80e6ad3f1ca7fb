import { type Dialog, matchDialog } from '../../actors/dialog/mod.ts';
import {
  candidates,
  type Demands,
  featuresSoFar,
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
/** What a sentence is accepted from. */
const LEAST = 0.5;
/** The default `askBelow.replies` of a dialog, for sentences that are not the robot's. */
const REPLIES = 0.55;
/** Synthetic voices count for less than people. */
const SYNTHETIC = 0.5;

/** Weights of the verdict at the end of an utterance, whose confidence is that of people, and of the one before it. */
export function fitVerdict(findings: readonly Finding[]): {
  readonly final: Weights;
  readonly soFar: Weights;
} {
  const final = fitLogistic(
    findings.flatMap((one) =>
      one.evidence ? candidates(one.evidence).map(({ text, features }) => example(one, text, features)) : [],
    ),
  );
  return {
    final: calibrated(
      final,
      findings.filter(({ trial }) => trial.group !== 'synthetic'),
    ),
    soFar: fitLogistic(
      findings.flatMap((one) => {
        const { usual, anything } = one.evidence ?? {};
        const features = usual && featuresSoFar(usual, anything ?? 0);
        return features ? [example(one, usual.text, features)] : [];
      }),
    ),
  };
}

/** Scales the log odds to how often the likeliest sentence was right. Before that its confidence is too high, because it is the likeliest of several, and because synthetic voices are easier than people. */
function calibrated(weights: Weights, people: readonly Finding[]): Weights {
  const examples = people.flatMap(({ evidence, trial }) => {
    const judgement = evidence && judge(evidence, DEMANDS, weights);
    if (!judgement || judgement.text === '') return [];
    const { text, confidence } = judgement;
    const features = { constant: 1, odds: Math.log(confidence / (1 - confidence)) };
    return [{ features, isTrue: trial.isRight(text), weight: 1 }];
  });
  const { constant = 0, odds = 1 } = fitLogistic(examples, SLIGHT);
  return Object.fromEntries(
    Object.entries(weights).map(([name, weight]) => [
      name,
      weight * odds + (name === 'constant' ? constant : 0),
    ]),
  );
}

function example({ trial }: Finding, text: string, features: Example['features']): Example {
  return { features, isTrue: trial.isRight(text), weight: trial.group === 'synthetic' ? SYNTHETIC : 1 };
}

/** People by halves: what is understood in each half with weights and thresholds fitted to the other and, the weights, to `others`. */
export function byHalves(
  people: readonly Finding[],
  others: readonly Finding[],
  dialog: Dialog,
): readonly Observation[] {
  return [0, 1].flatMap((half) => {
    const fitted = people.filter((one) => one.trial.half !== half);
    const { final } = fitVerdict([...fitted.filter(({ noise }) => noise === 'clean'), ...others]);
    const reported = people.filter((one) => one.trial.half === half);
    return observe(reported, dialog, final, fitAsking(observe(fitted, dialog, final)));
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

const DEMANDS: Demands = { strictness: 0, backchannels: new Set() };
const UNHEARD: Judgement = { text: '', confidence: 0, accepted: false };

/** What is understood with these weights; by default, those of the recogniser. */
export function observe(
  findings: readonly Finding[],
  dialog: Dialog,
  weights?: Weights,
  fitted?: Asking,
): readonly Observation[] {
  const { nearestAbove } = defaultParameters.asking;
  return findings.map(({ name, grammar, noise, trial, audioMs, cpuMs, evidence }) => {
    const isRobot = grammar === 'robot';
    const demands = { strictness: 0, backchannels: new Set(isRobot ? dialog.backchannels : []) };
    const judgement = evidence ? judge(evidence, demands, weights) : UNHEARD;
    const entry = isRobot ? matchDialog(dialog, judgement.text)?.entry : undefined;
    const does = entry?.halt ? 'stops' : entry?.actions.length ? 'acts' : undefined;
    return {
      ...{ name, grammar, noise, audioMs, cpuMs, group: trial.group, ...judgement },
      // A sentence below one half is rejected, also a voice stop, which is never asked about.
      asking: { below: Math.max(LEAST, entry?.askBelow ?? REPLIES), nearestAbove },
      meant: trial.said !== undefined,
      right: trial.isRight(judgement.text),
      ...(does && { does }),
      ...(fitted && { fitted }),
    };
  });
}
