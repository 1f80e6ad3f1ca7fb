import type { Evaluation, Latency, Rate, StepResult } from './measure.ts';

/** What issue and documentation ask for: shares, and a median response in ms. */
const GOALS = {
  yielded: 0.97,
  backchannelsKept: 0.9,
  noisesIgnored: 0.95,
  ownVoiceIgnored: 0.99,
  responseMs: 700,
};

/** A report for people: each scenario with what went wrong in it, and the sum with its goals. */
export function reportLines(scenarios: readonly Evaluation[], all: Evaluation): readonly string[] {
  return [
    ...scenarios.flatMap((one) => [
      `${one.name}  (${one.conversations} conversations, ${seconds(one.virtualMs)})`,
      ...figures(one),
      '',
    ]),
    ...(scenarios.length > 1
      ? [`All  (${all.conversations} conversations, ${seconds(all.virtualMs)})`, ...figures(all)]
      : []),
    ...all.defects.map((defect) => `DEFECT  ${defect}`),
  ];
}

function figures(one: Evaluation): readonly string[] {
  const { understood, tau } = one;
  const turns = one.answered.of;
  return [
    ...row(
      'understood',
      { part: understood.right, of: turns },
      undefined,
      undefined,
      `wrong ${understood.wrong}, nothing ${understood.nothing}`,
    ),
    ...row('answered', one.answered, undefined, tau.answered),
    ...latency('response', one.response, tau.response, GOALS.responseMs),
    ...row('yielded to a barge-in', one.yielded, GOALS.yielded, tau.yielded),
    ...latency('time to yield', one.yield, tau.yield),
    ...row('backchannels kept', one.backchannelsKept, GOALS.backchannelsKept, tau.backchannelsKept),
    ...row('noises ignored', one.noisesIgnored, GOALS.noisesIgnored, tau.noisesIgnored),
    ...row('side talk ignored', one.asidesIgnored, undefined, tau.asidesIgnored),
    ...row('own voice ignored', one.ownVoiceIgnored, GOALS.ownVoiceIgnored),
    ...latency('pause in a reply that went on', one.gaps),
    ...row('voice stops', one.stops),
    ...latency('end of "stop" to silence', one.stop),
    ...hourly('false voice stops', one.falseStops, one.virtualMs),
    ...hourly('false turns', one.falseTurns, one.virtualMs),
    ...hourly('false wakes', one.falseWakes, one.virtualMs),
    ...(one.skipped > 0 ? [`  could not happen                ${one.skipped}`] : []),
    ...one.steps.filter(failed).map((step) => `    ${failure(step)}`),
  ];
}

function row(name: string, rate: Rate, goal?: number, tau?: Rate, more = ''): readonly string[] {
  if (rate.of === 0) return [];
  const missed = goal !== undefined && rate.part / rate.of < goal ? ' MISSED' : '';
  const parts = [
    `${rate.part} of ${rate.of}`.padEnd(12),
    share(rate).padEnd(9),
    (goal === undefined ? '' : `goal ${goal * 100} %${missed}`).padEnd(18),
    tau === undefined ? '' : `τ ${share(tau)}`,
    more,
  ];
  return [`  ${name.padEnd(31)} ${parts.join(' ').trimEnd()}`];
}

function hourly(name: string, count: number, virtualMs: number): readonly string[] {
  return count === 0
    ? []
    : [
        `  ${name.padEnd(31)} ${`${count}`.padEnd(12)} ${((count * 3_600_000) / virtualMs).toFixed(1)} an hour`,
      ];
}

function latency(name: string, own: Latency, tau?: Latency, goalMs?: number): readonly string[] {
  if (own.count === 0) return [];
  const missed = goalMs !== undefined && own.p50Ms > goalMs ? ' MISSED' : '';
  const parts = [
    `p50 ${own.p50Ms} ms, p95 ${own.p95Ms} ms`.padEnd(22),
    (goalMs === undefined ? '' : `goal ${goalMs} ms${missed}`).padEnd(18),
    tau === undefined ? '' : `τ mean ${tau.meanMs} ms`,
  ];
  return [`  ${name.padEnd(31)} ${parts.join(' ').trimEnd()}`];
}

function failed(step: StepResult): boolean {
  return step.counted && (!step.ok || (step.understood !== undefined && step.understood !== 'right'));
}

function failure({ kind, said, voice, atMs, ok, understood, heard }: StepResult): string {
  const words =
    understood === undefined
      ? ''
      : understood === 'nothing'
        ? ', understood nothing'
        : `, understood "${heard}"`;
  return `${seconds(atMs)}  ${voice}  ${kind} "${said}": ${ok ? 'happened' : FAILURES[kind]}${words}`;
}

const FAILURES: Readonly<Record<StepResult['kind'], string>> = {
  order: 'not carried out',
  bargeIn: 'the robot did not yield',
  backchannel: 'the reply was lost, or the robot answered',
  aside: 'the reply was lost, or the robot answered',
  chatter: 'the reply was lost, or the robot answered',
  noise: 'the reply was lost, or the robot answered',
  stop: 'not stopped',
  listen: 'the robot answered itself',
  quiet: 'the robot spoke',
};

function share({ part, of }: Rate): string {
  return of === 0 ? '-' : `${((100 * part) / of).toFixed(1)} %`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
