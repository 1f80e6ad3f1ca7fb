import type { WorkerOptions } from 'node:worker_threads';
import type { Dialog } from '../../../actors/dialog/mod.ts';
import type { SttEngine } from '../../../actors/ports/stt.ts';
import type { Clock } from '../../../machines/clock.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { realClock } from '../../real-clock.ts';
import type { PoolThread } from '../../thread-pool.ts';
import { startWorkerThread } from '../../worker-thread.ts';
import { UtterancePool } from '../utterance-pool.ts';
import { transcribe } from '../utterances.ts';
import { dialogGrammar, grammarWords } from './jsgf.ts';
import type { ThreadData } from './protocol.ts';
import { checkWords } from './words.ts';

export interface SoundswallowerOptions {
  /** Only its phrases and backchannels are understood. English only. */
  readonly dialog: Dialog;
  /** Number of threads. Default 1. */
  readonly workers?: number;
  /** Utterances that a thread decodes in parallel; about 20 MB each. Default 4. */
  readonly decodersPerWorker?: number;
  /** Maximum number of utterances that wait for a decoder; further ones fail with ENGINE_OVERLOADED. Default 32. */
  readonly maxWaiting?: number;
  /** Maximum length of a sentence, in ms. Longer speech is rejected without further decoding. Default 12 000. */
  readonly maxUtteranceMs?: number;
  /** Log odds required to accept a sentence: above 0 more is rejected, below 0 less. Default 0. */
  readonly strictness?: number;
  /** A thread with a pending result that sends nothing for this long is restarted, in ms. Default 10 000. */
  readonly stallMs?: number;
  /** Default: real time. */
  readonly clock?: Clock;
  /** Receives ENGINE_CRASHED for every thread that ended by itself; another decodes its utterances again. */
  readonly onCrash?: (error: ParleyError) => void;
  /** For tests that need access to the thread. */
  readonly startThread?: (options: WorkerOptions) => PoolThread;
}

/** What a thread needs to understand a dialog. */
export function threadDataOf(dialog: Dialog, decoders: number, strictness = 0): ThreadData {
  return {
    grammar: dialogGrammar(dialog),
    words: [...grammarWords(dialog)],
    pronunciations: new Map(dialog.pronunciations),
    decoders,
    strictness,
  };
}

/** Speech to text without key or network: SoundSwallower with the dialog as its grammar, in worker threads. Other speech gives a final with empty text. Throws DIALOG_INVALID if the dialog is not English or has a word without a known pronunciation.
 */
export function soundswallowerStt(options: SoundswallowerOptions): SttEngine {
  const { dialog, workers = 1, decodersPerWorker = 4, maxWaiting = 32, maxUtteranceMs = 12_000 } = options;
  if (!/^en(-|$)/i.test(dialog.language)) {
    throw new ParleyError(
      'DIALOG_INVALID',
      `SoundSwallower understands English only, and the dialog is in ${dialog.language}`,
    );
  }
  checkWords(dialog);
  const workerData = threadDataOf(dialog, decodersPerWorker, options.strictness);
  const start =
    options.startThread ?? ((thread: WorkerOptions) => startWorkerThread(import.meta.url, 'worker', thread));
  const pool = new UtterancePool({
    engine: 'SoundSwallower',
    threads: workers,
    decodersPerThread: decodersPerWorker,
    maxWaiting,
    stallMs: options.stallMs ?? 10_000,
    clock: options.clock ?? realClock,
    startThread: () => start({ workerData }),
    onCrash: options.onCrash,
  });

  return {
    name: 'soundswallower',
    tellsPartials: true,
    transcribe: (audio, _request, signal) => transcribe(pool, audio, maxUtteranceMs, signal),
    warm: () => pool.warm(),
    close: () => pool.close(),
  };
}
