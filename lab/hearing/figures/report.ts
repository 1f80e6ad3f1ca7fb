import { percentile } from '../../statistics.ts';
import type { Outcome } from './outcome.ts';
import { CONDITIONS } from './trials.ts';

/** A share with its 95 % interval (Wilson, 1927), each 0..1. */
export interface Share {
  readonly of: number;
  readonly interval: readonly [number, number];
}

type Stop = Extract<Outcome, { kind: 'stop' }>;
type FalseStop = Extract<Outcome, { kind: 'false stop' }>;
type Sentence = Extract<Outcome, { kind: 'sentence' }>;

/** All figures, as JSON. Sets that are missing have no figures. */
export function figures(all: readonly Outcome[]) {
  const stops = all.filter((one): one is Stop => one.kind === 'stop');
  const others = all.filter((one): one is FalseStop => one.kind === 'false stop');
  const echoes = all.flatMap((one) => (one.kind === 'echo' ? [one.interrupted] : []));
  const heard = [...stops, ...others];
  const laneAudioMs = heard.reduce((sum, one) => sum + one.laneAudioMs, 0);
  const laneMs = heard.reduce((sum, one) => sum + one.laneMs, 0);
  const delays = stops.flatMap(({ delayMs }) => (delayMs === undefined ? [] : [delayMs]));
  return {
    stop: {
      ...Object.fromEntries(
        CONDITIONS.flatMap((condition) => {
          const some = stops.filter(({ group }) => group === condition);
          return some.length === 0 ? [] : [[condition, missed(some)]];
        }),
      ),
      ...(delays.length > 0 && {
        holdMs: { p50: percentile(delays, 0.5), p95: percentile(delays, 0.95), of: delays.length },
      }),
    },
    falseStops: Object.fromEntries(
      (['words', 'sentences', 'meetings'] as const).flatMap((group) => {
        const some = others.filter((one) => one.group === group);
        return some.length === 0 ? [] : [[group, taken(some)]];
      }),
    ),
    ...sentences(all.filter((one): one is Sentence => one.kind === 'sentence')),
    ...(echoes.length > 0 && {
      echo: {
        interrupted: echoes.filter(Boolean).length,
        ...shareOf(echoes.filter(Boolean).length, echoes.length),
      },
    }),
    ...(laneAudioMs > 0 && { lane: { processorShare: rounded(laneMs / laneAudioMs), audioMs: laneAudioMs } }),
  };
}

function missed(some: readonly Stop[]) {
  const missing = some.filter(({ stoppedBy }) => stoppedBy === undefined);
  return {
    ...{ missed: missing.length, ...shareOf(missing.length, some.length) },
    byRecogniser: some.filter(({ stoppedBy }) => stoppedBy === 'recogniser').length,
    files: missing.map(({ id }) => id.split(' ').slice(2).join(' ')),
  };
}

function taken(some: readonly FalseStop[]) {
  const wrong = some.filter(({ stoppedBy }) => stoppedBy !== undefined);
  const labels = [...new Set(wrong.map(({ label }) => label))];
  return {
    ...{ taken: wrong.length, ...shareOf(wrong.length, some.length) },
    byRecogniser: wrong.filter(({ stoppedBy }) => stoppedBy === 'recogniser').length,
    suspicions: some.reduce((sum, one) => sum + one.suspicions, 0),
    labels: labels.map((label) => ({
      label,
      taken: wrong.filter((one) => one.label === label).length,
      of: some.filter((one) => one.label === label).length,
    })),
  };
}

function sentences(all: readonly Sentence[]) {
  if (all.length === 0) return {};
  const groups = [...new Set(all.map(({ group }) => group))];
  return {
    sentences: {
      ...understood(all),
      groups: Object.fromEntries(
        groups.map((group) => [group, understood(all.filter((one) => one.group === group))]),
      ),
    },
  };
}

function understood(all: readonly Sentence[]) {
  const meant = all.filter((one) => one.meant);
  const others = all.filter((one) => !one.meant);
  const right = meant.filter((one) => one.right).length;
  const falseAccepts = others.filter(({ accepted }) => accepted).length;
  return {
    ...{ right, ...shareOf(right, meant.length) },
    wrong: meant.filter((one) => one.accepted && !one.right).length,
    ...{ falseAccepts, others: others.length, falseAcceptsInterval: wilson(falseAccepts, others.length) },
  };
}

function shareOf(part: number, of: number): Share {
  return { of, interval: wilson(part, of) };
}

const Z = 1.959964;

/** The 95 % interval of a share of which `part` of `of` were seen. */
export function wilson(part: number, of: number): readonly [number, number] {
  if (of === 0) return [0, 1];
  const share = part / of;
  const scale = 1 + Z ** 2 / of;
  const middle = (share + Z ** 2 / (2 * of)) / scale;
  const width = (Z / scale) * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2));
  return [rounded(Math.max(0, middle - width)), rounded(Math.min(1, middle + width))];
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
