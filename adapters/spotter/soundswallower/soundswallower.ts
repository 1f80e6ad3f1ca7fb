import type { Worker, WorkerOptions } from 'node:worker_threads';
import type { Dialog } from '../../../actors/dialog/mod.ts';
import { haltPhrases } from '../../../actors/dialog/mod.ts';
import type { StopSpotter } from '../../../actors/ports/stop-spotter.ts';
import { GuardedThread } from '../../onnx/guarded-thread.ts';
import { realClock } from '../../real-clock.ts';
import { startWorkerThread } from '../../worker-thread.ts';
import { stopPhrases } from '../phrases.ts';
import { type SpotterOptions, threadSpotter } from '../thread-spotter.ts';
import { STOP } from '../word/word.ts';
import type { ThreadData } from './protocol.ts';

export interface SoundswallowerSpotterOptions extends SpotterOptions {
  /** Its `halt` entries are the stop phrases. English only. */
  readonly dialog: Dialog;
  /** Number of threads. Default 1. */
  readonly workers?: number;
  /** Whether "stop", if it is one of the phrases, is also listened for as a whole word, by an embedding of speech. Default true. */
  readonly word?: boolean;
  /** Stretches that a thread hears in parallel, about 3 MB each. Default 4. */
  readonly spottersPerWorker?: number;
  /** For tests that need access to the thread. */
  readonly startThread?: (options: WorkerOptions) => Worker;
}

/** Whether the phrases of `dialog` can be spotted: it is in English and has some. */
export function canSpot(dialog: Dialog): boolean {
  return /^en(-|$)/i.test(dialog.language) && haltPhrases(dialog).length > 0;
}

/** The stop phrases of an English dialog, spotted by SoundSwallower in worker threads. */
export function soundswallowerSpotter(options: SoundswallowerSpotterOptions): StopSpotter {
  const { dialog, workers = 1, spottersPerWorker: spotters = 4, clock = realClock } = options;
  const phrases = stopPhrases(dialog);
  const data = { phrases: [...phrases], pronunciations: new Map(dialog.pronunciations), spotters };
  const begin =
    options.startThread ?? ((thread: WorkerOptions) => startWorkerThread(import.meta.url, 'worker', thread));
  const startWith = (guard?: SharedArrayBuffer) => {
    const workerData: ThreadData = { ...data, ...(guard && { guard }) };
    return begin({ workerData });
  };
  const start =
    options.word !== false && phrases.includes(STOP)
      ? () => new GuardedThread(startWith, clock)
      : () => startWith();
  return threadSpotter(
    { ...{ name: 'soundswallower', phrases, threads: workers, stretches: spotters }, start },
    options,
  );
}
