import type { Worker, WorkerOptions } from 'node:worker_threads';
import { throwIfAborted } from '../../actors/cancellation.ts';
import type { Dialog } from '../../actors/dialog/mod.ts';
import type { LlmEngine } from '../../actors/ports/llm.ts';
import type { StopWanted } from '../../actors/ports/stop-spotter.ts';
import type { SttEngine } from '../../actors/ports/stt.ts';
import type { TtsEngine, TtsEvent, TtsRequest } from '../../actors/ports/tts.ts';
import type { VadEngine } from '../../actors/ports/vad.ts';
import { dialogLlm } from '../../adapters/llm/dialog/dialog.ts';
import { canSpot } from '../../adapters/spotter/soundswallower/soundswallower.ts';
import { soundswallowerStt } from '../../adapters/stt/soundswallower/soundswallower.ts';
import { type EspeakTtsOptions, espeakTts } from '../../adapters/tts/espeak/espeak.ts';
import { type VadOptions, vadEngine } from '../../adapters/vad/engine.ts';
import { startWorkerThread } from '../../adapters/worker-thread.ts';
import { type EvalSpotter, evalSpotter } from './spotter.ts';

/** The embedded engines, shared by the conversations of an evaluation; but for eSpeak, which each has of its own. */
export interface EvalEngines {
  readonly vad: VadEngine;
  readonly stt: SttEngine;
  /** Resolves when the recogniser has decoded all audio that it was given. */
  readonly decoded: () => Promise<void>;
  readonly llm: LlmEngine;
  readonly spotter?: EvalSpotter;
  close(): Promise<void>;
}

export interface EvalEngineOptions {
  readonly dialog: Dialog;
  readonly vad?: VadOptions;
  /** When the lane of the voice stop listens, if the dialog has one. Default: never. */
  readonly spotStops?: StopWanted | 'never';
  /** Whether the lane also listens for "stop" as a whole word. Default true. */
  readonly stopWord?: boolean;
}

/** The dialog's `{time}` and `{date}`: always the same, so that replies are. */
const WALL_CLOCK = new Date('2026-01-05T10:30:00Z');

export async function evalEngines({
  dialog,
  vad,
  spotStops = 'never',
  stopWord = true,
}: EvalEngineOptions): Promise<EvalEngines> {
  const recogniser = new ProbedThread();
  const spotter =
    spotStops !== 'never' && canSpot(dialog) ? await evalSpotter(dialog, spotStops, stopWord) : undefined;
  const engines = {
    // There is one stream, so nothing is gained by waiting for others.
    vad: vadEngine({ ...vad, gatherMs: 0 }),
    stt: soundswallowerStt({ dialog, startThread: (options) => recogniser.start(options) }),
    llm: dialogLlm({ dialog, timeZone: 'UTC', wallClock: () => WALL_CLOCK }),
    ...(spotter && { spotter }),
  };
  const all = [engines.vad, engines.stt];
  await Promise.all(all.map((engine) => engine.warm?.()));
  return {
    ...engines,
    decoded: () => recogniser.decoded(),
    async close() {
      await Promise.all([...all, ...(spotter ? [spotter] : [])].map((engine) => engine.close()));
    },
  };
}

/**
 * eSpeak of one conversation. It does not say a text twice in exactly the same way, because it goes on from the text before.
 * So each text is spoken once, to its end, and kept: then speech depends only on the order in which texts are first needed.
 */
export function rememberingEspeak(options: EspeakTtsOptions = {}): TtsEngine {
  const espeak = espeakTts(options);
  const spoken = new Map<string, Promise<readonly TtsEvent[]>>();
  const whole = async (request: TtsRequest) => {
    const events: TtsEvent[] = [];
    for await (const event of espeak.synthesize(request, new AbortController().signal)) events.push(event);
    return events;
  };
  return {
    ...espeak,
    async *synthesize(request, signal) {
      const key = JSON.stringify([request.text, request.language, request.voice]);
      const speech = spoken.get(key) ?? whole(request);
      spoken.set(key, speech);
      for (const event of await speech) {
        throwIfAborted(signal);
        // A copy, because the receiver may change it.
        if (event.type !== 'audio') yield event;
        else yield { type: 'audio', pcm: { ...event.pcm, samples: event.pcm.samples.slice() } };
      }
    },
  };
}

/** The recogniser's thread, which handles messages in order: an empty utterance is answered when all before is done. */
class ProbedThread {
  #worker: Worker | undefined;
  /** Ids of the pool's own utterances are positive. */
  #nextId = -1;

  start(options: WorkerOptions): Worker {
    this.#worker = startWorkerThread(import.meta.url, '../../adapters/stt/soundswallower/worker', options);
    return this.#worker;
  }

  async decoded(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    const id = this.#nextId--;
    await new Promise<void>((resolve) => {
      const done = () => {
        worker.off('message', onMessage);
        worker.off('exit', done);
        resolve();
      };
      const onMessage = (message: { readonly id?: number }) => {
        if (message.id === id) done();
      };
      worker.on('message', onMessage);
      worker.on('exit', done);
      worker.postMessage({ type: 'begin', id });
      worker.postMessage({ type: 'abort', id });
    });
  }
}
