import { createHash } from 'node:crypto';
import type { FaultProfile } from './faults.ts';
import { runFullSeed } from './full-level.ts';
import { runKernelSeed } from './kernel-level.ts';
import { type SimulationFailure, type SimulationReport, Tally } from './report.ts';
import { type Level, type SeedOptions, type SeedResult, scriptOf } from './seed.ts';
import { shrink } from './shrink.ts';

export interface SimulationOptions {
  readonly level: Level;
  /** First and last seed. */
  readonly from: number;
  readonly to: number;
  /** Turns a seed. */
  readonly turns: number;
  readonly profile?: FaultProfile;
  readonly shrink?: boolean;
  /** For the report. */
  readonly commit?: string | null;
  /** Told after each seed. */
  readonly onSeed?: (result: SeedResult) => void;
}

/** How much of a failing log is shown. */
const LOG_LINES = 60;

/** Runs one seed after the other; stops at the first that fails. */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const { level, from, to, turns, profile } = options;
  const run = level === 'kernel' ? runKernelSeed : runFullSeed;
  const tally = new Tally();
  const hash = createHash('sha256');
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  let failure: SimulationFailure | null = null;
  for (let seed = from; seed <= to && !failure; seed++) {
    const seedOptions: SeedOptions = { seed, turns, ...(profile ? { profile } : {}) };
    const result = await run(seedOptions);
    tally.add(result);
    hash.update(result.hash);
    options.onSeed?.(result);
    if (result.findings.length > 0)
      failure = await explain(seedOptions, result, run, options.shrink ?? false);
  }
  const wallMs = performance.now() - startMs;
  const cpu = process.cpuUsage(startCpu);
  const cpuMs = (cpu.user + cpu.system) / 1_000;
  return {
    ...{ level, wallMs, cpuMs, failure, commit: options.commit ?? null, hash: hash.digest('hex') },
    ...{ seeds: tally.seeds, turns: tally.turns, events: tally.events, sessions: tally.sessions },
    virtualMs: tally.virtualMs,
    turnsPerSecond: (tally.turns * 1_000) / wallMs,
    turnsPerCpuSecond: (tally.turns * 1_000) / cpuMs,
    fired: tally.firedByName(),
    reached: [...tally.reached],
    unreached: tally.unreached(level),
  };
}

async function explain(
  options: SeedOptions,
  result: SeedResult,
  run: (options: SeedOptions) => SeedResult | Promise<SeedResult>,
  shrinks: boolean,
): Promise<SimulationFailure> {
  const small = shrinks
    ? await shrink(options, result, run)
    : { script: scriptOf(options.seed, options.turns), suppressed: new Set<string>(), result };
  const log: string[] = [];
  const again = await run({
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
