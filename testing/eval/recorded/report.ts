import type { ComparedMoment, KindComparison } from './partings.ts';
import { timeOf } from './partings.ts';
import type { Rehearing } from './rehear.ts';

/** A report for people: how much is the same, and each moment that only one of the two has. `changed`: keys of the configuration. */
export function rehearingLines(report: Rehearing, changed: readonly string[]): readonly string[] {
  const { session, audioMs, partAtMs, kinds, moments, defects } = report;
  const differences = moments.filter(
    ({ recordedMs, nowMs }) => recordedMs === undefined || nowMs === undefined,
  );
  return [
    `${session}  (${seconds(audioMs)} of audio${changed.length > 0 ? `, changed: ${changed.join(', ')}` : ''})`,
    '',
    `  ${'what'.padEnd(12)}${'both'.padStart(6)}${'only recorded'.padStart(15)}${'only now'.padStart(10)}   apart in time`,
    ...kinds.map(kindLine),
    '',
    partAtMs === undefined ? 'They nowhere part.' : `They part at ${seconds(partAtMs)}:`,
    ...differences.map(differenceLine),
    ...defects.map((defect) => `DEFECT  ${defect}`),
  ];
}

function kindLine({ kind, both, onlyRecorded, onlyNow, apart }: KindComparison): string {
  const counts = `${String(both).padStart(6)}${String(onlyRecorded).padStart(15)}${String(onlyNow).padStart(10)}`;
  const times = apart.count === 0 ? '' : `   p50 ${apart.p50Ms} ms, p95 ${apart.p95Ms} ms`;
  return `  ${kind.padEnd(12)}${counts}${times}`;
}

function differenceLine(moment: ComparedMoment): string {
  const { kind, what, nowMs } = moment;
  const side = nowMs === undefined ? 'recorded' : 'now     ';
  return `  ${seconds(timeOf(moment)).padStart(10)}  ${side}  ${kind.padEnd(11)} ${what}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
