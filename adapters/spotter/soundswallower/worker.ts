import { parentPort, workerData } from 'node:worker_threads';
import { NativeGuard } from '../../onnx/native-guard.ts';
import { loadSoundswallower } from '../../soundswallower/decoder.ts';
import type { Finding } from '../finding.ts';
import { type FromThread, type ToThread, toThreadSchema } from '../protocol.ts';
import type { Ear } from '../word/word-stops.ts';
import { spotterGrammar } from './grammar.ts';
import { Listener } from './listener.ts';
import { threadDataSchema } from './protocol.ts';

/** A thread with several spotters. Each hears one stretch at a time; pieces of audio are handled in order of arrival. */
const port = parentPort;
if (!port) throw new Error('the stop spotter runs as a worker thread');
const emit = (message: FromThread) => port.postMessage(message);

interface Hearing {
  readonly listener: Listener;
  /** Index of the next sample. */
  next: number;
  /** Where the spotter's audio begins in the stretch. */
  origin: number;
  suspected: boolean;
}

const data = threadDataSchema.parse(workerData);
const loaded = await loadSoundswallower();
const grammar = spotterGrammar(data.phrases, data.pronunciations, loaded.dictionary);
const word = data.guard && (await wordEar(new NativeGuard(data.guard)));
const idle: Listener[] = [];
for (let made = 0; made < data.spotters; made++) idle.push(await Listener.make(loaded, grammar, word));
const busy = new Map<number, Hearing>();

/** Messages are handled one after the other, because starting a decoder is asynchronous. */
let work: Promise<void> = Promise.resolve();
port.on('message', (raw: unknown) => {
  const message = toThreadSchema.parse(raw);
  work = work
    .then(() => handle(message))
    .catch((cause: unknown) => {
      free(message.id);
      emit({
        type: 'failed',
        id: message.id,
        message: cause instanceof Error ? cause.message : String(cause),
      });
    });
});
emit({ type: 'ready' });

/** Loads the runtime's binding within the guard. */
async function wordEar(guard: NativeGuard): Promise<Ear> {
  const { stopEar } = await guard.within(() => import('../word/stop.ts'));
  const { embedding, network } = await guard.within(stopEar);
  return { embedding: { embed: (...given) => guard.within(() => embedding.embed(...given)) }, network };
}

async function handle(message: ToThread): Promise<void> {
  const { id } = message;
  if (message.type === 'begin') {
    const listener = idle.pop();
    if (!listener) throw new Error('no spotter is free');
    const hearing = { listener, next: 0, origin: 0, suspected: false };
    busy.set(id, hearing);
    listener.begin((finding) => report(id, hearing, finding));
    return;
  }
  const hearing = busy.get(id);
  // The stretch has failed before, which was reported.
  if (!hearing) return;
  if (message.type === 'audio') {
    await hear(id, hearing, message.sample, message.samples);
    emit({ type: 'heard', id });
    return;
  }
  if (message.type === 'end') await hearing.listener.end();
  free(id);
  emit({ type: 'ended', id });
}

async function hear(id: number, hearing: Hearing, sample: number, samples: Int16Array): Promise<void> {
  if (sample !== hearing.next) {
    if (hearing.suspected) emit({ type: 'refuted', id });
    hearing.suspected = false;
    hearing.listener.abort();
    hearing.listener.begin((finding) => report(id, hearing, finding));
    hearing.origin = sample;
  }
  hearing.next = sample + samples.length;
  await hearing.listener.push(samples);
}

function report(id: number, hearing: Hearing, finding: Finding): void {
  hearing.suspected = finding.type === 'suspected';
  if (finding.type === 'refuted') emit({ type: 'refuted', id });
  else if (finding.type === 'confirmed') emit({ type: 'confirmed', id, phrase: finding.phrase });
  else emit({ ...finding, id, sample: hearing.origin + finding.sample });
}

/** If a decoder cannot be stopped, the thread ends and the pool starts a new one. */
function free(id: number): void {
  const hearing = busy.get(id);
  busy.delete(id);
  if (!hearing) return;
  hearing.listener.abort();
  idle.push(hearing.listener);
}
