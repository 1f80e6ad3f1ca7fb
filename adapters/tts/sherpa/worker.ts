import { msOfSamples } from '../../../machines/audio.ts';
import { loadSherpa, type OfflineTts } from '../../sherpa/library.ts';
import { Meter } from '../../sherpa/meter.ts';
import { workerProcess } from '../../worker-process.ts';
import { type FromWorker, type ToWorker, toWorkerSchema, workerDataSchema } from './protocol.ts';

/** The process of a voice. */
const port = workerProcess();
const post = (message: FromWorker) => port.send(message);
const meter = new Meter();
let stopped = 0;

const sherpa = loadSherpa();
if (!sherpa) post({ type: 'missing' });
else {
  const { model, threads, provider, steps } = workerDataSchema.parse(port.data);
  const { ruleFsts, ruleFars, ...files } = model.files;
  const voice = new sherpa.OfflineTts({
    model: { [model.type]: files, numThreads: threads, provider, debug: 0 },
    ...{
      maxNumSentences: 1,
      ...(ruleFsts !== undefined && { ruleFsts }),
      ...(ruleFars !== undefined && { ruleFars }),
    },
  });
  port.onMessage((raw) => {
    const message = toWorkerSchema.parse(raw);
    if (message.type === 'stop') {
      stopped = message.id;
      return;
    }
    speak(voice, message, steps).catch((cause: unknown) => {
      post({
        type: 'failed',
        id: message.id,
        message: cause instanceof Error ? cause.message : String(cause),
      });
    });
  });
  post({ type: 'ready' });
}

async function speak(
  voice: OfflineTts,
  { id, text, language, speaker, speed }: Extract<ToWorker, { type: 'speak' }>,
  numSteps: number | undefined,
): Promise<void> {
  // The library would take the first speaker instead. A voice without speakers says that it has 0 or 1.
  if (speaker >= Math.max(1, voice.numSpeakers)) {
    return post({ type: 'refused', id, message: `the voice has ${voice.numSpeakers} speakers, from 0` });
  }
  const send = (samples: Float32Array) => {
    if (samples.length > 0) post({ type: 'audio', id, rate: voice.sampleRate, samples: pcm(samples) });
  };
  let sent = 0;
  const began = performance.now();
  const whole = await voice
    .generateAsync({
      text,
      // Supertonic reads the language from here; other models ignore it.
      generationConfig: {
        ...{ sid: speaker, speed, extra: { lang: language } },
        ...(numSteps !== undefined && { numSteps }),
      },
      // Electron and some builds of Node do not allow memory from outside.
      enableExternalBuffer: false,
      onProgress: ({ samples }) => {
        if (stopped === id) return false;
        send(samples);
        sent += samples.length;
        return true;
      },
    })
    .catch((cause: unknown) => {
      if (!(cause instanceof Error && /no audio/iu.test(cause.message))) throw cause;
      return undefined;
    });
  meter.add(msOfSamples(whole?.samples.length ?? sent, voice.sampleRate), began);
  post({ type: 'load', load: meter.read() });
  if (!whole && sent === 0) return post({ type: 'refused', id, message: 'the voice cannot say this text' });
  // Not every form of model reports its progress.
  if (whole && stopped !== id) send(whole.samples.subarray(sent));
  post({ type: 'done', id });
}

function pcm(samples: Float32Array): Int16Array {
  return Int16Array.from(samples, (sample) => Math.round(32_767 * Math.max(-1, Math.min(1, sample))));
}
