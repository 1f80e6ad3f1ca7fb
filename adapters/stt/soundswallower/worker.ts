import { parentPort, workerData } from 'node:worker_threads';
import { type FromThread, type ToThread, toThreadSchema } from '../utterance-protocol.ts';
import { threadDataSchema } from './protocol.ts';
import { loadRecognisers, type Recogniser } from './recogniser.ts';

/**
 * A thread with several decoders. Each serves one utterance at a time; pieces of audio are processed in order of
 * arrival.
 */
const port = parentPort;
if (!port) throw new Error('soundswallower-worker runs as a worker thread');

let toldAtMs = 0;
const post = (message: FromThread) => {
  toldAtMs = performance.now();
  port.postMessage(message);
};
/** Longer than a step of decoding, far shorter than the pool's time limit. */
const ALIVE_MS = 1_000;
const idle: Recogniser[] = [...(await loadRecognisers(threadDataSchema.parse(workerData)))];
const busy = new Map<number, Recogniser>();

/** Messages are handled one after the other, because starting a decoder is asynchronous. */
let work: Promise<void> = Promise.resolve();
port.on('message', (raw: unknown) => {
  const message = toThreadSchema.parse(raw);
  work = work
    .then(() => handle(message))
    .then(() => {
      if (performance.now() - toldAtMs > ALIVE_MS) post({ type: 'alive' });
    })
    .catch((cause: unknown) => {
      free(message.id);
      post({
        type: 'failed',
        id: message.id,
        message: cause instanceof Error ? cause.message : String(cause),
      });
    });
});
post({ type: 'ready' });

async function handle(message: ToThread): Promise<void> {
  const { id } = message;
  if (message.type === 'begin') {
    const recogniser = take(message.grammar?.grammar);
    if (!recogniser) throw new Error('no decoder is free');
    busy.set(id, recogniser);
    recogniser.begin(message.grammar);
    return;
  }
  const recogniser = busy.get(id);
  // The utterance has failed before, which was reported.
  if (!recogniser) return;
  switch (message.type) {
    case 'audio': {
      const text = await recogniser.push(message.samples);
      if (text !== undefined) post({ type: 'partial', id, text });
      return;
    }
    case 'end': {
      const result = await recogniser.finish();
      free(id);
      post({ type: 'final', id, ...result, ...(!('rejected' in result) && { language: 'en' }) });
      return;
    }
    case 'abort':
      free(id);
      post({ type: 'aborted', id });
  }
}

/** An idle recogniser, if possible one that has this grammar already. */
function take(grammar: string | undefined): Recogniser | undefined {
  const has = idle.findIndex((one) => one.has(grammar));
  return idle.splice(has, 1)[0];
}

/** If a decoder cannot be stopped, the thread ends and the pool starts a new one. */
function free(id: number): void {
  const recogniser = busy.get(id);
  busy.delete(id);
  if (!recogniser) return;
  recogniser.abort();
  idle.push(recogniser);
}
