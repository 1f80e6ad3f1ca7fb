import { parentPort, workerData } from 'node:worker_threads';
import { type FromThread, type ToThread, threadDataSchema, toThreadSchema } from './protocol.ts';
import { loadRecognisers, type Recogniser } from './recogniser.ts';

/** A thread of decoders: each serves one utterance at a time, all take turns with the pieces of audio that arrive. */
const port = parentPort;
if (!port) throw new Error('soundswallower-worker runs as a worker thread');

let toldAtMs = 0;
const tell = (message: FromThread) => {
  toldAtMs = performance.now();
  port.postMessage(message);
};
/** Longer than a step of decoding, far shorter than the patience of the pool. */
const ALIVE_MS = 1_000;
const idle: Recogniser[] = [...(await loadRecognisers(threadDataSchema.parse(workerData)))];
const busy = new Map<number, Recogniser>();

/** Messages are handled one after the other: starting a decoder takes a turn of the event loop. */
let work: Promise<void> = Promise.resolve();
port.on('message', (raw: unknown) => {
  const message = toThreadSchema.parse(raw);
  work = work
    .then(() => handle(message))
    .then(() => {
      if (performance.now() - toldAtMs > ALIVE_MS) tell({ type: 'alive' });
    })
    .catch((cause: unknown) => {
      free(message.id);
      tell({
        type: 'failed',
        id: message.id,
        message: cause instanceof Error ? cause.message : String(cause),
      });
    });
});
tell({ type: 'ready' });

async function handle(message: ToThread): Promise<void> {
  const { id } = message;
  if (message.type === 'begin') {
    const recogniser = idle.pop();
    if (!recogniser) throw new Error('no decoder is free');
    busy.set(id, recogniser);
    recogniser.begin();
    return;
  }
  const recogniser = busy.get(id);
  // It failed a moment ago, and was told so.
  if (!recogniser) return;
  switch (message.type) {
    case 'audio': {
      const text = await recogniser.push(message.samples);
      if (text !== undefined) tell({ type: 'partial', id, text });
      return;
    }
    case 'end': {
      const result = await recogniser.finish();
      free(id);
      if ('rejected' in result) tell({ type: 'rejected', id, ...result.rejected });
      else tell({ type: 'final', id, ...result });
      return;
    }
    case 'abort':
      free(id);
      tell({ type: 'aborted', id });
  }
}

/** A decoder that cannot even be stopped ends the thread, and a new one is started. */
function free(id: number): void {
  const recogniser = busy.get(id);
  busy.delete(id);
  if (!recogniser) return;
  recogniser.abort();
  idle.push(recogniser);
}
