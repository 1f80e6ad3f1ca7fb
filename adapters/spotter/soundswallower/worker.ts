import { parentPort, workerData } from 'node:worker_threads';
import { loadSoundswallower } from '../../soundswallower/decoder.ts';
import { type FromThread, type ToThread, toThreadSchema } from '../protocol.ts';
import { spotterGrammar } from './grammar.ts';
import { threadDataSchema } from './protocol.ts';
import { type Finding, Spotter } from './spotter.ts';

/** A thread with several spotters. Each hears one stretch at a time; pieces of audio are handled in order of arrival. */
const port = parentPort;
if (!port) throw new Error('the stop spotter runs as a worker thread');
const emit = (message: FromThread) => port.postMessage(message);

interface Hearing {
  readonly spotter: Spotter;
  /** Index of the next sample. */
  next: number;
  /** Where the spotter's audio begins in the stretch. */
  origin: number;
  suspected: boolean;
}

const data = threadDataSchema.parse(workerData);
const loaded = await loadSoundswallower();
const grammar = spotterGrammar(data.phrases, data.pronunciations, loaded.dictionary);
const idle: Spotter[] = [];
for (let made = 0; made < data.spotters; made++) idle.push(await Spotter.make(loaded, grammar));
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

async function handle(message: ToThread): Promise<void> {
  const { id } = message;
  if (message.type === 'begin') {
    const spotter = idle.pop();
    if (!spotter) throw new Error('no spotter is free');
    const hearing = { spotter, next: 0, origin: 0, suspected: false };
    busy.set(id, hearing);
    spotter.begin((finding) => report(id, hearing, finding));
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
  if (message.type === 'end') await hearing.spotter.end();
  free(id);
  emit({ type: 'ended', id });
}

async function hear(id: number, hearing: Hearing, sample: number, samples: Int16Array): Promise<void> {
  if (sample !== hearing.next) {
    if (hearing.suspected) emit({ type: 'refuted', id });
    hearing.suspected = false;
    hearing.spotter.abort();
    hearing.spotter.begin((finding) => report(id, hearing, finding));
    hearing.origin = sample;
  }
  hearing.next = sample + samples.length;
  await hearing.spotter.push(samples);
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
  hearing.spotter.abort();
  idle.push(hearing.spotter);
}
