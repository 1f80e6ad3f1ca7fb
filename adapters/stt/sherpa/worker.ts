import { msOfSamples, PIPELINE_RATE } from '../../../machines/audio.ts';
import { loadSherpa } from '../../sherpa/library.ts';
import { Meter } from '../../sherpa/meter.ts';
import { workerProcess } from '../../worker-process.ts';
import { type FromThread, type ToThread, toThreadSchema } from '../utterance-protocol.ts';
import { workerDataSchema } from './protocol.ts';
import { type Hearing, loadRecogniser } from './recogniser.ts';

/** The process of a model. It hears several utterances at a time, and decodes one after the other. */
const port = workerProcess();
const post = (message: FromThread) => port.send(message);
const meter = new Meter();
const hearings = new Map<number, Hearing>();

const sherpa = loadSherpa();
if (!sherpa) post({ type: 'missing' });
else {
  const hear = await loadRecogniser(sherpa, workerDataSchema.parse(port.data));
  /** Whole utterances are decoded in the order in which they ended, so that each gets all processors. */
  let decoding: Promise<void> = Promise.resolve();
  port.onMessage((raw) => {
    const message = toThreadSchema.parse(raw);
    try {
      if (message.type === 'begin') hearings.set(message.id, hear());
      else if (message.type === 'end') {
        decoding = decoding.then(() => end(message.id)).catch((cause: unknown) => fail(message.id, cause));
      } else handle(message);
    } catch (cause) {
      fail(message.id, cause);
    }
  });
  post({ type: 'ready' });
}

function handle(message: Extract<ToThread, { type: 'audio' | 'abort' }>): void {
  const { id } = message;
  if (message.type === 'abort') {
    // An utterance that has ended by itself was answered.
    if (hearings.delete(id)) post({ type: 'aborted', id });
    return;
  }
  const began = performance.now();
  const partial = hearings.get(id)?.push(message.samples);
  meter.add(msOfSamples(message.samples.length, PIPELINE_RATE), began);
  if (partial) post({ type: 'partial', id, ...partial });
}

async function end(id: number): Promise<void> {
  const hearing = hearings.get(id);
  // Aborted while it waited.
  if (!hearing) return;
  const began = performance.now();
  const final = await hearing.finish();
  meter.add(0, began);
  post({ type: 'load', load: meter.read() });
  if (hearings.delete(id)) post({ ...final, id });
}

function fail(id: number, cause: unknown): void {
  if (hearings.delete(id))
    post({ type: 'failed', id, message: cause instanceof Error ? cause.message : String(cause) });
}
