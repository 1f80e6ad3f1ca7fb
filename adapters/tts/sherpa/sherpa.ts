import { AsyncQueue } from '../../../actors/async-queue.ts';
import { cancelled, throwIfAborted } from '../../../actors/cancellation.ts';
import type { TtsEngine, TtsEvent } from '../../../actors/ports/tts.ts';
import type { Clock } from '../../../machines/clock.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { ModelLoad, ReportsLoad } from '../../engine.ts';
import { realClock } from '../../real-clock.ts';
import { SHERPA_PACKAGE } from '../../sherpa/library.ts';
import type { SherpaModel } from '../../sherpa/model-folder.ts';
import { type PoolThread, ThreadPool } from '../../thread-pool.ts';
import { startWorkerProcess } from '../../worker-process.ts';
import { pieces } from '../pieces.ts';
import { type FromWorker, fromWorkerSchema, type ToWorker, type WorkerData } from './protocol.ts';

export interface SherpaTtsOptions {
  readonly model: SherpaModel;
  /** Default `sherpa`. */
  readonly name?: string;
  /** Number of the speaker if a request names none. Default 0. */
  readonly speaker?: number;
  /** Default 1. */
  readonly speed?: number;
  /** Steps of models that refine their speech in steps. Default: the model's. */
  readonly steps?: number;
  /** Processor threads. Default 2. */
  readonly threads?: number;
  /** Execution provider of ONNX Runtime. Default `cpu`. */
  readonly provider?: string;
  /** Maximum number of requests in progress; further ones fail with ENGINE_OVERLOADED. Default 32. */
  readonly maxRequests?: number;
  /** A process that owes speech and sends nothing for this long is restarted, in ms. Default 30 000. */
  readonly stallMs?: number;
  /** Default: real time. */
  readonly clock?: Clock;
  /** Receives ENGINE_CRASHED whenever the process ended by itself; its request is retried once by the next one. */
  readonly onCrash?: (error: ParleyError) => void;
  /** For tests that need access to the process. */
  readonly startProcess?: (data: WorkerData) => PoolThread;
}

/**
 * Maximum length of what the library gets at once, in code points: about 6 s. It says sentence by sentence, but after an interruption it may
 * still finish the next one, so less is better; a cut within a sentence is heard, so more is better.
 */
const PIECE_CHARS = 100;

interface Job {
  readonly onAudio: (audio: Extract<FromWorker, { type: 'audio' }>) => void;
  readonly onEnd: (error?: ParleyError) => void;
}

/**
 * Speech synthesis by sherpa-onnx, in a process that holds one voice for all sessions; see `sherpaStt` for the reason. A request's `voice`
 * is the number of a speaker. Long texts are cut at the ends of sentences and clauses. Throws CONFIG_INVALID if the model is not a voice.
 * Errors of `synthesize`: CANCELLED, ENGINE_MISSING (the optional package is not installed), ENGINE_REQUEST (unknown speaker, or a
 * text in letters that the voice does not know), ENGINE_OVERLOADED, ENGINE_CRASHED, TTS_FAILED.
 */
export function sherpaTts(options: SherpaTtsOptions): TtsEngine & ReportsLoad {
  const { name = 'sherpa', model, speed = 1, maxRequests = 32 } = options;
  if (model.kind !== 'tts')
    throw new ParleyError('CONFIG_INVALID', `tts: a model of the kind ${model.kind} is not a voice`);
  const data: WorkerData = {
    model: { type: model.type, files: model.files },
    threads: options.threads ?? 2,
    provider: options.provider ?? 'cpu',
    ...(options.steps !== undefined && { steps: options.steps }),
  };
  const start = options.startProcess ?? ((given) => startWorkerProcess(import.meta.url, 'worker', given));
  const jobs = new Map<number, Job>();
  const end = (id: number, error?: ParleyError) => {
    const job = jobs.get(id);
    jobs.delete(id);
    pool.finish(id, error === undefined);
    job?.onEnd(error);
  };
  const pool = new ThreadPool<ToWorker, FromWorker>({
    ...{ engine: name, threads: 1, jobsPerThread: 1, stallMs: options.stallMs ?? 30_000 },
    clock: options.clock ?? realClock,
    startThread: () => start(data),
    parse: (message) => fromWorkerSchema.parse(message),
    onMessage(message, place) {
      switch (message.type) {
        case 'ready':
          return pool.ready(place);
        case 'missing':
          return pool.giveUp(new ParleyError('ENGINE_MISSING', `npm install ${SHERPA_PACKAGE}`));
        case 'audio':
          return jobs.get(message.id)?.onAudio(message);
        case 'load':
          load = message.load;
          return;
        case 'done':
          return end(message.id);
        case 'refused':
          return end(message.id, new ParleyError('ENGINE_REQUEST', `${name}: ${message.message}`));
        case 'failed':
          return end(message.id, new ParleyError('TTS_FAILED', `${name}: ${message.message}`));
      }
    },
    onCrash: options.onCrash,
  });
  let load: ModelLoad | undefined;
  let requests = 0;

  async function* speak(
    what: Omit<Extract<ToWorker, { type: 'speak' }>, 'type' | 'id'>,
    signal: AbortSignal,
  ): AsyncGenerator<TtsEvent> {
    throwIfAborted(signal);
    const events = new AsyncQueue<TtsEvent>();
    let begun = false;
    const job: Job = {
      onAudio: ({ rate, samples }) => {
        begun = true;
        events.push({ type: 'audio', pcm: { rate, samples } });
      },
      onEnd: (error) => (error ? events.fail(error) : events.end()),
    };
    let id = 0;
    id = pool.submit({
      begin: (given) => {
        jobs.set(given, job);
        pool.send(given, { type: 'speak', id: given, ...what });
        pool.expectAnswer(given);
      },
      canBeginAnew: () => !begun,
      fail: (error) => {
        jobs.delete(id);
        job.onEnd(error);
      },
    });
    const cancel = () => {
      jobs.delete(id);
      if (pool.cancel(id)) pool.send(id, { type: 'stop', id });
    };
    const onAbort = () => {
      cancel();
      events.abort(cancelled(signal));
    };
    signal.addEventListener('abort', onAbort);
    try {
      yield* events;
    } finally {
      signal.removeEventListener('abort', onAbort);
      cancel();
    }
  }

  return {
    name,
    async *synthesize({ text, language: tag, voice }, signal) {
      throwIfAborted(signal);
      const speaker = voice === undefined ? (options.speaker ?? 0) : Number(voice);
      if (!Number.isInteger(speaker) || speaker < 0)
        throw new ParleyError('ENGINE_REQUEST', `${name}: a voice is the number of a speaker, not ${voice}`);
      if (pool.closed) throw new ParleyError('CANCELLED', 'the engine is closed');
      if (requests >= maxRequests)
        throw new ParleyError('ENGINE_OVERLOADED', `${name}, ${requests} requests`);
      const [language = tag] = tag.toLowerCase().split('-');
      requests++;
      try {
        for (const piece of pieces(text, PIECE_CHARS))
          if (/[\p{L}\p{N}]/u.test(piece.text))
            yield* speak({ text: piece.text, language, speaker, speed }, signal);
      } finally {
        requests--;
      }
    },
    load: () => load,
    warm: () => pool.warm(),
    close: () => pool.close(),
  };
}
