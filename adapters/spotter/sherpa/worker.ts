import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import { type KeywordSpotter, loadSherpa, type Stream } from '../../sherpa/library.ts';
import { waveOf } from '../../sherpa/wave.ts';
import { workerProcess } from '../../worker-process.ts';
import { type FromThread, type ToThread, toThreadSchema } from '../protocol.ts';
import { type WorkerData, workerDataSchema } from './protocol.ts';

/** The process of a spotter of keywords, which hears several stretches at a time. */
const port = workerProcess();
const emit = (message: FromThread) => port.send(message);

/** Silence after which the model has decided about the sound before it. */
const TAIL = new Int16Array(samplesInMs(500, PIPELINE_RATE));

interface Hearing {
  stream: Stream;
  /** Index of the next sample. */
  next: number;
}

const sherpa = loadSherpa();
if (!sherpa) emit({ type: 'missing' });
else {
  const data = workerDataSchema.parse(port.data);
  const spotter = new sherpa.KeywordSpotter(configOf(data));
  const hearings = new Map<number, Hearing>();
  port.onMessage((raw) => {
    const message = toThreadSchema.parse(raw);
    try {
      handle(spotter, data, hearings, message);
    } catch (cause) {
      hearings.delete(message.id);
      emit({
        type: 'failed',
        id: message.id,
        message: cause instanceof Error ? cause.message : String(cause),
      });
    }
  });
  emit({ type: 'ready' });
}

function configOf({ phrases, score, threshold, encoder, decoder, joiner, tokens }: WorkerData): object {
  // The name of a keyword is its number, because a name cannot have spaces.
  const keywordsBuf = phrases.map(({ pieces }, at) => `${pieces.join(' ')} @${at}`).join('\n');
  return {
    featConfig: { sampleRate: PIPELINE_RATE, featureDim: 80 },
    modelConfig: {
      ...{ transducer: { encoder, decoder, joiner }, tokens },
      ...{ numThreads: 1, provider: 'cpu', debug: 0 },
    },
    ...{ keywordsBuf, keywordsBufSize: Buffer.byteLength(keywordsBuf) },
    ...{ keywordsScore: score, keywordsThreshold: threshold, maxActivePaths: 4, numTrailingBlanks: 1 },
  };
}

function handle(
  spotter: KeywordSpotter,
  data: WorkerData,
  hearings: Map<number, Hearing>,
  message: ToThread,
) {
  const { id } = message;
  if (message.type === 'begin') {
    hearings.set(id, { stream: spotter.createStream(), next: 0 });
    return;
  }
  const hearing = hearings.get(id);
  // The stretch has failed before, which was reported.
  if (!hearing) return;
  if (message.type === 'audio') {
    if (message.sample !== hearing.next) hearing.stream = spotter.createStream();
    hearing.next = message.sample + message.samples.length;
    hear(spotter, data, id, hearing, message.samples);
    emit({ type: 'heard', id });
    return;
  }
  if (message.type === 'end') hear(spotter, data, id, hearing, TAIL);
  hearings.delete(id);
  emit({ type: 'ended', id });
}

/** A keyword is decided when it is found, so a suspicion is confirmed at once. */
function hear(
  spotter: KeywordSpotter,
  { phrases }: WorkerData,
  id: number,
  hearing: Hearing,
  samples: Int16Array,
) {
  const { stream, next: sample } = hearing;
  stream.acceptWaveform(waveOf(samples));
  while (spotter.isReady(stream)) {
    spotter.decode(stream);
    const { keyword } = spotter.getResult(stream);
    const phrase = keyword === '' ? undefined : phrases[Number(keyword)]?.phrase;
    if (phrase === undefined) continue;
    spotter.reset(stream);
    emit({ type: 'suspected', id, phrase, sample });
    emit({ type: 'confirmed', id, phrase });
  }
}
