import { cpus, loadavg, totalmem } from 'node:os';

/** Where figures come from: without it they say little. */
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

/** How many threads wanted to run over the last minute, on average. Above the benchmark's own, others were at work. */
export function loadAverage(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}
