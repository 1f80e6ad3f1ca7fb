import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { startWorkerThread } from '../../adapters/worker-thread.ts';
import { runSeed } from './run-seed.ts';
import type { SeedOptions, SeedResult } from './seed.ts';

export interface SeedRange {
  /** Both included. */
  readonly from: number;
  readonly to: number;
  /** Threads that share the seeds. 1: only this one. */
  readonly jobs: number;
  /** For all seeds. */
  readonly options: Omit<SeedOptions, 'seed' | 'onLog' | 'script'>;
}

/** Start data of a thread. */
export interface SeedThreadData {
  readonly options: SeedRange['options'];
}

/** Maximum number of seeds that a thread may be ahead of the awaited one. */
const AHEAD = 8;

/** Yields the results of a range in order of its seeds, whichever thread ran them. Running seeds end with the loop. */
export async function* seedResults(range: SeedRange): AsyncGenerator<SeedResult, void, void> {
  const { from, to, jobs, options } = range;
  if (jobs > 1) {
    yield* sharedResults(range);
    return;
  }
  for (let seed = from; seed <= to; seed++) yield await runSeed({ ...options, seed });
}

async function* sharedResults({ from, to, jobs, options }: SeedRange): AsyncGenerator<SeedResult> {
  const workerData: SeedThreadData = { options };
  const threads = Array.from({ length: Math.min(jobs, to - from + 1) }, () =>
    startWorkerThread(import.meta.url, 'seed-thread', { workerData }),
  );
  const results = new Map<number, Promise<SeedResult>>();
  const idle = [...threads];
  let next = from;
  const begin = (thread: Worker) => {
    const seed = next++;
    const result = resultOf(thread, seed);
    result.then(
      () => {
        idle.push(thread);
        fill(seed);
      },
      () => {}, // the rejection reaches the loop that awaits this seed
    );
    results.set(seed, result);
  };
  const fill = (reached: number) => {
    while (next <= to && next <= reached + AHEAD * threads.length) {
      const thread = idle.pop();
      if (!thread) return;
      begin(thread);
    }
  };
  try {
    for (let seed = from; seed <= to; seed++) {
      fill(seed);
      // Seeds start in order, so this one started when its predecessor's thread became free, or earlier.
      const result = results.get(seed);
      if (!result) throw new Error(`seed ${seed} was not begun`);
      yield await result;
      results.delete(seed);
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

async function resultOf(thread: Worker, seed: number): Promise<SeedResult> {
  thread.postMessage(seed);
  // Created by this module's own code in the thread. `once` rejects if the thread fails.
  const [result]: SeedResult[] = await once(thread, 'message');
  if (!result) throw new Error(`seed ${seed} gave no result`);
  return result;
}
