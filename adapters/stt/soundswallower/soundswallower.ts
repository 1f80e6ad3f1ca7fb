import type { Worker, WorkerOptions } from 'node:worker_threads';
import { AsyncQueue } from '../../../actors/async-queue.ts';
import { cancelled, throwIfAborted } from '../../../actors/cancellation.ts';
import type { Dialog } from '../../../actors/dialog/mod.ts';
import type { SttEngine, SttEvent, SttRequest } from '../../../actors/ports/stt.ts';
import { msOfSamples, type Pcm, PIPELINE_RATE, type PipelineRate } from '../../../machines/audio.ts';
import type { Clock } from '../../../machines/clock.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { Rejection } from '../../../machines/wire.ts';
import { realClock } from '../../real-clock.ts';
import { startWorkerThread } from '../../worker-thread.ts';
import { dialogGrammar, grammarWords } from './jsgf.ts';
import { type Result, SoundswallowerPool } from './pool.ts';
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
  readonly startThread?: (options: WorkerOptions) => Worker;
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
  const pool = new SoundswallowerPool({
    threads: workers,
    decodersPerThread: decodersPerWorker,
    maxWaiting,
    stallMs: options.stallMs ?? 10_000,
    clock: options.clock ?? realClock,
    startThread: () => start({ workerData }),
    onCrash: options.onCrash,
  });

  async function* transcribe(
    audio: AsyncIterable<Pcm<PipelineRate>>,
    _request: SttRequest,
    signal: AbortSignal,
  ): AsyncGenerator<SttEvent> {
    throwIfAborted(signal);
    // A slow reader needs only the newest partial.
    const events = new AsyncQueue<SttEvent>((last, next) => (last.type === 'partial' ? next : undefined));
    const utterance = pool.open({
      onPartial: (text) => events.push({ type: 'partial', text }),
      onEnd: (result) => {
        if (result instanceof ParleyError) events.abort(result);
        else events.push(finalOf(result));
      },
    });
    const onAbort = () => events.abort(cancelled(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const source = audio[Symbol.asyncIterator]();
    let over = false;
    const feed = async () => {
      for (let samples = 0; ; ) {
        const next = await source.next();
        if (over) return;
        // The end of the audio is awaited, so that the final does not arrive before the end of the utterance.
        const tooLong = msOfSamples(samples, PIPELINE_RATE) > maxUtteranceMs;
        if (next.done && tooLong) return events.push({ type: 'final', text: '', rejected: TOO_LONG });
        if (next.done) return pool.end(utterance);
        samples += next.value.samples.length;
        if (msOfSamples(samples, PIPELINE_RATE) > maxUtteranceMs) pool.abort(utterance);
        else pool.push(utterance, next.value.samples);
      }
    };
    feed().catch((cause: unknown) => {
      events.abort(new ParleyError('STT_FAILED', 'the audio stream failed', { cause }));
    });
    try {
      for await (const event of events) {
        yield event;
        if (event.type === 'final') return;
      }
    } finally {
      over = true;
      signal.removeEventListener('abort', onAbort);
      pool.abort(utterance);
      // The source may wait for audio that never arrives: it is closed but not awaited.
      source.return?.()?.catch(() => {});
    }
  }

  return {
    name: 'soundswallower',
    tellsPartials: true,
    transcribe,
    warm: () => pool.warm(),
    close: () => pool.close(),
  };
}

function finalOf(result: Result): SttEvent {
  const { confidence } = result;
  if (result.type === 'final') return { type: 'final', text: result.text, confidence, language: 'en' };
  const { nearest, reason } = result;
  return { type: 'final', text: '', rejected: { nearest, confidence, reason } };
}

const TOO_LONG: Rejection = { nearest: '', confidence: 0, reason: 'too-long' };
