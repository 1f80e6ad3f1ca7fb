import { createHash } from 'node:crypto';
import type { FaultProfile } from './faults.ts';
import { type FailedSeed, type SimulationFailure, type SimulationReport, Tally } from './report.ts';
import { runSeed } from './run-seed.ts';
import { type SeedOptions, type SeedResult, scriptOf } from './seed.ts';
import { seedResults } from './seeds.ts';
import { shrink } from './shrink.ts';

export interface SimulationOptions {
  /** First and last seed. */
  readonly from: number;
  readonly to: number;
  /** Turns per seed. */
  readonly turns: number;
  readonly profile?: FaultProfile;
  readonly shrink?: boolean;
  /** Continues after a seed that fails. Default: the run ends with it. */
  readonly all?: boolean;
  /** Threads that share the seeds; the report does not depend on their number. Default: 1. */
  readonly jobs?: number;
  /** Commit of the code, for the report. */
  readonly commit?: string | null;
  /** Called after each seed. */
  readonly onSeed?: (result: SeedResult) => void;
}

/** Number of entries shown of a failing log. */
const LOG_LINES = 60;

/** Runs the seeds, and reports them in order up to the first that fails, or all. */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const { from, to, turns, profile, jobs = 1 } = options;
  const tally = new Tally();
  const hash = createHash('sha256');
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  let failure: SimulationFailure | null = null;
  const failed: FailedSeed[] = [];
  const seedOptions = { turns, ...(profile ? { profile } : {}) };
  for await (const result of seedResults({ from, to, jobs, options: seedOptions })) {
    tally.add(result);
    hash.update(result.hash);
    options.onSeed?.(result);
    if (result.findings.length === 0) continue;
    failed.push({ seed: result.seed, findings: result.findings });
    failure ??= await explain({ ...seedOptions, seed: result.seed }, result, options.shrink ?? false);
    if (!options.all) break;
  }
  const wallMs = performance.now() - startMs;
  const cpu = process.cpuUsage(startCpu);
  const cpuMs = (cpu.user + cpu.system) / 1_000;
  return {
    ...{ wallMs, cpuMs, failure, failed, commit: options.commit ?? null, hash: hash.digest('hex') },
    ...{ seeds: tally.seeds, turns: tally.turns, events: tally.events, sessions: tally.sessions },
    virtualMs: tally.virtualMs,
    turnsPerSecond: (tally.turns * 1_000) / wallMs,
    turnsPerCpuSecond: (tally.turns * 1_000) / cpuMs,
    fired: tally.firedByName(),
    reached: [...tally.reached],
    unreached: tally.unreached(),
  };
}

async function explain(
  options: SeedOptions,
  result: SeedResult,
  shrinks: boolean,
): Promise<SimulationFailure> {
  const small = shrinks
    ? await shrink(options, result, runSeed)
    : { script: scriptOf(options.seed, options.turns), suppressed: new Set<string>(), result };
  const log: string[] = [];
  const again = await runSeed({
    ...options,
    script: small.script,
    suppressed: small.suppressed,
    onLog: (session, entry) => {
      log.push(`${session} ${JSON.stringify(entry)}`);
      if (log.length > LOG_LINES) log.shift();
    },
  });
  return {
    ...{ seed: options.seed, hash: again.hash, findings: small.result.findings, log },
    script: small.script,
    faults: again.faultsDone,
  };
}
