import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';

/** Load of this process since the last reading. */
export interface Load {
  /** Lateness of timers, median, ms. */
  readonly loopDelayMs: number;
  /** Share of the time in which the event loop was busy, 0 to 1. */
  readonly loop: number;
  /** CPU time of all threads by the cores that this process may use, 0 to 1. */
  readonly cpu: number;
}

/** Reads the load of this process, since the call before or since now. `loopDelayMs`: as the server measures it anyway. */
export function processMeter(loopDelayMs: () => number, cores = usableCores()): () => Load {
  let before = performance.eventLoopUtilization();
  let cpuBefore = process.cpuUsage();
  let atMs = performance.now();
  return () => {
    const [now, cpuNow, nowMs] = [performance.eventLoopUtilization(), process.cpuUsage(), performance.now()];
    const { utilization: loop } = performance.eventLoopUtilization(now, before);
    const cpuMs = (cpuNow.user + cpuNow.system - cpuBefore.user - cpuBefore.system) / 1_000;
    const cpu = cpuMs / Math.max(1, nowMs - atMs) / cores;
    [before, cpuBefore, atMs] = [now, cpuNow, nowMs];
    return { loopDelayMs: loopDelayMs(), loop, cpu };
  };
}

/** The cores of the machine, or fewer if the quota of the process's cgroup (version 2, as in a container) allows less. */
export function usableCores(read: (file: string) => string = (file) => readFileSync(file, 'utf8')): number {
  return Math.min(availableParallelism(), quotaOf(read) ?? Number.POSITIVE_INFINITY);
}

/** `cpu.max` is `50000 100000` for half a core and `max 100000` for no quota. A machine without cgroups has no such file. */
function quotaOf(read: (file: string) => string): number | undefined {
  try {
    const [quota, period] = read('/sys/fs/cgroup/cpu.max').trim().split(' ').map(Number);
    return quota && period ? quota / period : undefined;
  } catch {
    return undefined;
  }
}
