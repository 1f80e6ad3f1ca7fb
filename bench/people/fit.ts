import {
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

/** Synthetic voices count for less than people. */
const SYNTHETIC = 0.5;

/** Weights of the verdict at the end of an utterance, and of the one before it. */
export function fitVerdict(findings: readonly Finding[]): {
  readonly final: Weights;
  readonly soFar: Weights;
} {
  return {
    final: fitLogistic(
      findings.flatMap((one) =>
        one.evidence
          ? finalFeatures(one.evidence).map(({ text, features }) => example(one, text, features))
          : [],
      ),
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

function example({ trial }: Finding, text: string, features: Example['features']): Example {
  return { features, isTrue: trial.isRight(text), weight: trial.group === 'synthetic' ? SYNTHETIC : 1 };
}

/** People by halves: what is understood in each half with weights and thresholds fitted to the other and, the weights, to `others`. */
export function byHalves(people: readonly Finding[], others: readonly Finding[]): readonly Observation[] {
  return [0, 1].flatMap((half) => {
    const fitted = people.filter((one) => one.trial.half !== half);
    const { final } = fitVerdict([...fitted, ...others]);
    const reported = people.filter((one) => one.trial.half === half);
    return observe(reported, final, fitAsking(observe(fitted, final)));
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

/** What is understood with these weights and thresholds; by default, those of the recogniser and of a session. */
export function observe(
  findings: readonly Finding[],
  weights?: Weights,
  asking: Asking = defaultParameters.asking,
): readonly Observation[] {
  return findings.map(({ name, grammar, noise, trial, audioMs, cpuMs, evidence }) => {
    const judgement = evidence ? judge(evidence, 0, weights) : UNHEARD;
    return {
      ...{ name, grammar, noise, asking, audioMs, cpuMs, group: trial.group, ...judgement },
      meant: trial.said !== undefined,
      right: trial.isRight(judgement.text),
    };
  });
}
