import type { WorkerOptions } from 'node:worker_threads';
import { z } from 'zod';
import { AsyncQueue } from '../../../actors/async-queue.ts';
import { cancelled, throwIfAborted } from '../../../actors/cancellation.ts';
import type { TtsEngine, TtsEvent, TtsRequest } from '../../../actors/ports/tts.ts';
import type { Clock } from '../../../machines/clock.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { Parsed } from '../../engine.ts';
import type { PoolThread } from '../../thread-pool.ts';
import { startWorkerThread } from '../../worker-thread.ts';
import { type Piece, pieces } from '../pieces.ts';
import { espeakKeys } from './engine.ts';
import { EspeakPool } from './pool.ts';
import { ESPEAK_RATE } from './protocol.ts';

export interface EspeakTtsOptions extends Partial<Parsed<typeof espeakKeys>> {
  /** Maximum number of requests in progress; further ones fail with ENGINE_OVERLOADED. Default 128. */
  readonly maxRequests?: number;
  /** The package of eSpeak NG. Default `@echogarden/espeak-ng-emscripten`. */
  readonly packageName?: string;
  /** Time for restarts. Default: the machine's. */
  readonly clock?: Clock;
  /** Receives ENGINE_CRASHED for every thread that ended by itself; its request is retried once by another. */
  readonly onCrash?: (error: ParleyError) => void;
  /** Starts eSpeak's thread. Default: a worker thread of this process. */
  readonly startThread?: (options: WorkerOptions) => PoolThread;
}

const optionsSchema = z.object({
  ...espeakKeys,
  maxRequests: z.int().min(1).default(128),
  packageName: z.string().min(1).default('@echogarden/espeak-ng-emscripten'),
});

/** Speech synthesis by eSpeak NG in threads of this process: no network, no key, over a hundred languages, 22,050 Hz, with `word` and `phoneme` events. Markup in the text has no effect. The English voice reads languages that eSpeak lacks.
 * Errors of `synthesize`: CANCELLED (aborted, or the engine is closed), ENGINE_MISSING (the optional package is not
 * installed), ENGINE_REQUEST (unknown voice), ENGINE_OVERLOADED, ENGINE_CRASHED (the thread is restarted; the request
 * was already retried, unless part of its result had been passed on). Throws CONFIG_INVALID for options out of range.
 */
export function espeakTts(options: EspeakTtsOptions = {}): TtsEngine {
  const parsed = optionsSchema.safeParse(options);
  if (!parsed.success) throw new ParleyError('CONFIG_INVALID', z.prettifyError(parsed.error));
  const { voice, ratePerMinute, pitch, workers, maxRequests, packageName } = parsed.data;
  const pool = new EspeakPool({
    threads: workers,
    packageName,
    startThread: options.startThread ?? ((thread) => startWorkerThread(import.meta.url, 'worker', thread)),
    clock: options.clock ?? idleClock,
    onCrash: options.onCrash,
  });
  let requests = 0;

  /** Speaks one piece. Each piece is requested after the previous one was read, so at most one piece is buffered. */
  async function* speak(
    { language, voice: asked = voice }: TtsRequest,
    { text, offset }: Piece,
    startSample: number,
    signal: AbortSignal,
  ): AsyncGenerator<TtsEvent, number> {
    const events = new AsyncQueue<TtsEvent>();
    let samples = startSample;

    const cancel = pool.submit({
      speak: { text, language, ...(asked !== undefined && { voice: asked }), ratePerMinute, pitch },
      onChunk: (marks, chunk) => {
        for (const mark of marks) {
          const moved = { ...mark, sample: startSample + mark.sample };
          events.push(moved.type === 'word' ? { ...moved, offset: offset + moved.offset } : moved);
        }
        if (chunk.length > 0) events.push({ type: 'audio', pcm: { rate: ESPEAK_RATE, samples: chunk } });
        samples += chunk.length;
      },
      onEnd: (error) => (error ? events.fail(error) : events.end()),
    });
    const onAbort = () => {
      cancel();
      events.abort(cancelled(signal));
    };
    signal.addEventListener('abort', onAbort);
    try {
      yield* events;
      return samples;
    } finally {
      signal.removeEventListener('abort', onAbort);
      cancel();
    }
  }

  return {
    name: 'espeak',
    async *synthesize(request, signal) {
      throwIfAborted(signal);
      if (requests >= maxRequests)
        throw new ParleyError('ENGINE_OVERLOADED', `eSpeak NG, ${requests} requests`);
      requests++;
      try {
        let samples = 0;
        for (const piece of pieces(request.text)) samples = yield* speak(request, piece, samples, signal);
      } finally {
        requests--;
      }
    },
    warm: () => pool.warm(),
    close: () => pool.close(),
  };
}

/** Real time; a pending restart does not keep the process alive. */
const idleClock: Clock = {
  nowMs: () => performance.now(),
  setTimer: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
