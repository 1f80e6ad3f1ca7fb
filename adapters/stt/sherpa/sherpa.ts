import { type Dialog, vocabulary } from '../../../actors/dialog/mod.ts';
import type { SttEngine } from '../../../actors/ports/stt.ts';
import type { Clock } from '../../../machines/clock.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { ReportsLoad } from '../../engine.ts';
import { realClock } from '../../real-clock.ts';
import { SHERPA_PACKAGE } from '../../sherpa/library.ts';
import type { SherpaModel } from '../../sherpa/model-folder.ts';
import type { PoolThread } from '../../thread-pool.ts';
import { startWorkerProcess } from '../../worker-process.ts';
import { UtterancePool } from '../utterance-pool.ts';
import { transcribe } from '../utterances.ts';
import type { WorkerData } from './protocol.ts';

export interface SherpaSttOptions {
  readonly model: SherpaModel;
  /** Default `sherpa`. */
  readonly name?: string;
  /** The language of the model, if it has only one. */
  readonly language?: string;
  /** Processor threads of one decoding. Default 2. */
  readonly threads?: number;
  /** Execution provider of ONNX Runtime. Default `cpu`. */
  readonly provider?: string;
  /** Utterances that are heard at a time. Default 16. */
  readonly streams?: number;
  /** Maximum number of utterances that wait for one of them; further ones fail with ENGINE_OVERLOADED. Default 32. */
  readonly maxWaiting?: number;
  /** Maximum length of an utterance, in ms; longer ones are rejected. Default 60 000. */
  readonly maxUtteranceMs?: number;
  /** Words that a transducer favours. Default none. */
  readonly hotWords?: readonly string[];
  /** Bonus of such a word, in log probability. Default 1.5. */
  readonly hotWordsScore?: number;
  /** A streaming model reports the end of a turn after this much silence behind the last word, ms. 0, the default: never. */
  readonly endpointMs?: number;
  /** A process with a pending result that sends nothing for this long is restarted, in ms. Default 30 000. */
  readonly stallMs?: number;
  /** Default: real time. */
  readonly clock?: Clock;
  /** Receives ENGINE_CRASHED whenever the process ended by itself; the next one hears its utterances again. */
  readonly onCrash?: (error: ParleyError) => void;
  /** For tests that need access to the process. */
  readonly startProcess?: (data: WorkerData) => PoolThread;
}

/**
 * Speech to text by sherpa-onnx, in a process that holds one model for all sessions: its native library ends its process when a model
 * is broken, so it is not loaded into this one. Throws CONFIG_INVALID if the model is not a recogniser.
 * Errors of `transcribe`: CANCELLED, ENGINE_MISSING (the optional package is not installed), ENGINE_OVERLOADED, ENGINE_CRASHED, STT_FAILED.
 */
export function sherpaStt(options: SherpaSttOptions): SttEngine & ReportsLoad {
  const { name = 'sherpa', model, maxUtteranceMs = 60_000 } = options;
  const { kind, type, files } = model;
  if (kind !== 'stt' && kind !== 'streaming-stt')
    throw new ParleyError('CONFIG_INVALID', `stt: a model of the kind ${kind} recognises no speech`);
  const data: WorkerData = {
    model: { kind, type, files },
    threads: options.threads ?? 2,
    provider: options.provider ?? 'cpu',
    hotWords: [...(options.hotWords ?? [])],
    hotWordsScore: options.hotWordsScore ?? 1.5,
    endpointMs: options.endpointMs ?? 0,
    ...(options.language !== undefined && { language: options.language }),
  };
  const start = options.startProcess ?? ((given) => startWorkerProcess(import.meta.url, 'worker', given));
  const pool = new UtterancePool({
    engine: name,
    install: `npm install ${SHERPA_PACKAGE}`,
    threads: 1,
    decodersPerThread: options.streams ?? 16,
    maxWaiting: options.maxWaiting ?? 32,
    stallMs: options.stallMs ?? 30_000,
    clock: options.clock ?? realClock,
    startThread: () => start(data),
    onCrash: options.onCrash,
  });
  return {
    name,
    tellsPartials: kind === 'streaming-stt',
    transcribe: (audio, _request, signal) => transcribe(pool, audio, maxUtteranceMs, signal),
    load: () => pool.load(),
    warm: () => pool.warm(),
    close: () => pool.close(),
  };
}

/** The words of a dialog, for `hotWords`. */
export function dialogWords(dialog: Dialog): readonly string[] {
  const phrases = dialog.entries.flatMap((entry) => entry.phrases);
  return [...new Set(phrases.flatMap((phrase) => [...vocabulary(phrase, dialog.slots)]))];
}
