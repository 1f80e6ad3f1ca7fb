import { cpus, loadavg, totalmem } from 'node:os';

/** The machine on which figures were measured. */
export interface Machine {
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
}

export function machine(): Machine {
  const all = cpus();
  return {
    node: process.version,
    processor: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGigabytes: Math.round(totalmem() / 1e9),
  };
}

/**
 * Average number of runnable threads over the last minute. If it is above the benchmark's own, other processes were
 * active.
 */
export function loadAverage(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}
