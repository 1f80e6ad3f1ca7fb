import type { WorkerOptions } from 'node:worker_threads';
import type { Dialog } from '../../../actors/dialog/mod.ts';
import { haltPhrases } from '../../../actors/dialog/mod.ts';
import type { StopSpotter } from '../../../actors/ports/stop-spotter.ts';
import type { PoolThread } from '../../thread-pool.ts';
import { startWorkerThread } from '../../worker-thread.ts';
import { stopPhrases } from '../phrases.ts';
import { type SpotterOptions, threadSpotter } from '../thread-spotter.ts';
import type { ThreadData } from './protocol.ts';

export interface SoundswallowerSpotterOptions extends SpotterOptions {
  /** Its `halt` entries are the stop phrases. English only. */
  readonly dialog: Dialog;
  /** Number of threads. Default 1. */
  readonly workers?: number;
  /** Stretches that a thread hears in parallel, about 25 MB each. Default 4. */
  readonly spottersPerWorker?: number;
  /** For tests that need access to the thread. */
  readonly startThread?: (options: WorkerOptions) => PoolThread;
}

/** Whether the phrases of `dialog` can be spotted: it is in English and has some. */
export function canSpot(dialog: Dialog): boolean {
  return /^en(-|$)/i.test(dialog.language) && haltPhrases(dialog).length > 0;
}

/** The stop phrases of an English dialog, spotted by SoundSwallower in worker threads. */
export function soundswallowerSpotter(options: SoundswallowerSpotterOptions): StopSpotter {
  const { dialog, workers = 1 } = options;
  const phrases = stopPhrases(dialog);
  const workerData: ThreadData = {
    phrases: [...phrases],
    pronunciations: new Map(dialog.pronunciations),
    spotters: options.spottersPerWorker ?? 4,
  };
  const start =
    options.startThread ?? ((thread: WorkerOptions) => startWorkerThread(import.meta.url, 'worker', thread));
  return threadSpotter(
    {
      ...{ name: 'soundswallower', phrases, threads: workers, stretches: workerData.spotters },
      start: () => start({ workerData }),
    },
    options,
  );
}
