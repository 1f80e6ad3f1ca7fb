import { FAULT_NAMES, type FaultPoint } from './faults.ts';
import type { UserStep } from './script.ts';
import type { Finding, SeedResult } from './seed.ts';
import { SOMETIMES, type Sometimes } from './sometimes.ts';

/** Result of a run over many seeds. */
export interface SimulationReport {
  readonly commit: string | null;
  readonly seeds: number;
  readonly turns: number;
  readonly events: number;
  readonly sessions: number;
  readonly virtualMs: number;
  readonly wallMs: number;
  /** Processor time of this process with all its threads, ms; unlike wall time, independent of the machine's load. */
  readonly cpuMs: number;
  readonly turnsPerSecond: number;
  /** Turns per second of processor time. */
  readonly turnsPerCpuSecond: number;
  readonly fired: Readonly<Record<string, number>>;
  readonly reached: readonly Sometimes[];
  readonly unreached: readonly Sometimes[];
  /** SHA-256 over the hashes of the seeds, in order. */
  readonly hash: string;
  /** The first seed that failed. */
  readonly failure: SimulationFailure | null;
  /** Every seed that failed, in order; only one unless the run continued after it. */
  readonly failed: readonly FailedSeed[];
}

export interface FailedSeed {
  readonly seed: number;
  readonly findings: readonly Finding[];
}

export interface SimulationFailure {
  readonly seed: number;
  readonly hash: string;
  readonly findings: readonly Finding[];
  /** The smallest script and faults found that still fail; the original ones without --shrink. */
  readonly script: readonly UserStep[];
  readonly faults: readonly string[];
  /** The end of the failing log. */
  readonly log: readonly string[];
}

/** Accumulates the results of seeds. */
export class Tally {
  turns = 0;
  events = 0;
  sessions = 0;
  virtualMs = 0;
  seeds = 0;
  readonly reached = new Set<Sometimes>();
  readonly fired = new Map<FaultPoint, number>();

  add(result: SeedResult): void {
    this.seeds += 1;
    this.turns += result.turns;
    this.events += result.events;
    this.sessions += result.sessions;
    this.virtualMs += result.virtualMs;
    for (const name of result.reached) this.reached.add(name);
    for (const [point, count] of result.fired) this.fired.set(point, (this.fired.get(point) ?? 0) + count);
  }

  unreached(): readonly Sometimes[] {
    return SOMETIMES.filter((name) => !this.reached.has(name));
  }

  firedByName(): Readonly<Record<string, number>> {
    return Object.fromEntries(FAULT_NAMES.map((name) => [name, this.fired.get(name) ?? 0]));
  }
}

/** The report as readable lines. */
export function reportLines(report: SimulationReport): readonly string[] {
  const { seeds, turns, sessions, events, virtualMs, wallMs, cpuMs, failure } = report;
  const fired = Object.entries(report.fired).map(
    ([name, count]) => `  ${String(count).padStart(7)}  ${name}`,
  );
  return [
    `commit ${report.commit ?? 'unknown'}`,
    `${seeds} seeds, ${turns} turns in ${sessions} sessions, ${events} events, ${(virtualMs / 3_600_000).toFixed(1)} hours of talk`,
    `${(wallMs / 1_000).toFixed(1)} s (${(cpuMs / 1_000).toFixed(1)} s of processor time): ${report.turnsPerSecond.toFixed(0)} turns/s, ${report.turnsPerCpuSecond.toFixed(0)} turns per second of processor time`,
    'faults done:',
    ...fired,
    `sometimes: ${report.reached.length} reached${report.unreached.length > 0 ? ', NOT reached:' : ', none missing'}`,
    ...report.unreached.map((name) => `  ${name}`),
    `hash ${report.hash}`,
    ...(failure ? failureLines(failure) : ['no violation']),
    ...report.failed
      .slice(1)
      .flatMap(({ seed, findings }) => [`FAILED at seed ${seed}`, ...findings.map(findingLine)]),
  ];
}

function failureLines(failure: SimulationFailure): readonly string[] {
  return [
    `FAILED at seed ${failure.seed}, hash ${failure.hash}`,
    ...failure.findings.map(findingLine),
    `what the user did (${failure.script.length} steps):`,
    ...failure.script.map((step) => `  ${JSON.stringify(step)}`),
    `faults (${failure.faults.length}): ${failure.faults.join(' ')}`,
    'the end of the log:',
    ...failure.log.map((line) => `  ${line}`),
  ];
}

function findingLine({ by, what, session, seq }: Finding): string {
  return `  ${by} (${session}, event ${seq}): ${what}`;
}
