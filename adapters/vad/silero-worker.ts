import { parentPort, workerData } from 'node:worker_threads';
import { NativeGuard } from '../onnx/native-guard.ts';
import {
  exchangeOf,
  type FromThread,
  type ToThread,
  threadDataSchema,
  toThreadSchema,
} from './silero-protocol.ts';

/** The thread that runs the model. It keeps the state of the streams; their audio is in shared memory. */
const port = parentPort;
if (!port) throw new Error('silero-worker runs as a worker thread');

const post = (message: FromThread) => port.postMessage(message);
const data = threadDataSchema.parse(workerData);
const guard = new NativeGuard(data.guard);
const { lanes, lengths, windows, verdicts } = exchangeOf(data.memory, data.maxRows);

const model = await guard.within(load).catch((error: unknown) => {
  post({ type: 'unusable', message: messageOf(error) });
  throw error;
});

port.on('message', (raw: unknown) => {
  const message = toThreadSchema.parse(raw);
  if (message.type === 'close') {
    void guard.within(() => model.close()).finally(() => port.close());
    return;
  }
  guard
    .within(() => judge(message))
    .then(
      () => post({ type: 'done', id: message.id }),
      (error: unknown) => post({ type: 'failed', id: message.id, message: messageOf(error) }),
    );
});
post({ type: 'ready' });

/** Loads the runtime's binding within the guard. */
async function load() {
  const { loadSilero } = await import('./silero-model.ts');
  return loadSilero(data.modelPath, data.maxRows);
}

async function judge({ rows, ended }: Extract<ToThread, { type: 'judge' }>): Promise<void> {
  for (const lane of ended) model.end(lane);
  const asked = windows.slice(0, rows).map((window, at) => ({
    lane: lanes[at] ?? Number.NaN,
    samples: window.subarray(0, lengths[at]),
  }));
  verdicts.set(await model.run(asked));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
