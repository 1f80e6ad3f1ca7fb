import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { DataFiles, filesSchema } from './data-files.ts';
import { ESPEAK_RATE, type FromThread, type Mark, threadDataSchema, toThreadSchema } from './protocol.ts';
import { type SpeakableText, speakable, wordAt } from './text.ts';
import { visemeOf } from './viseme.ts';
import { voiceByName, voiceForLanguage } from './voices.ts';

// The thread of eSpeak NG, and the only place that loads it. The package is GPL, so it is optional, and its name is a
// run-time value instead of an import.

const voicesSchema = z.array(
  z.object({
    identifier: z.string(),
    name: z.string(),
    languages: z.array(z.object({ name: z.string(), priority: z.number() })),
  }),
);

const nativeEventsSchema = z.array(
  z.object({
    type: z.string(),
    /** Code points from the start of the text, from 1. */
    text_position: z.int(),
    word_length: z.int(),
    /** ms from the start of the audio. */
    audio_position: z.number(),
    id: z.union([z.string(), z.number()]).optional(),
  }),
);

/** The binding's methods, as its JavaScript has them; the package ships no types. */
interface Espeak {
  list_voices(): unknown;
  /** 0 if the voice was loaded. */
  set_voice(identifier: string): number;
  set_rate(wordsPerMinute: number): void;
  set_pitch(pitch: number): void;
  get_samplerate(): number;
  /** Calls back synchronously for each 100 ms of audio; true stops it. */
  synthesize(text: string, callback: (samples: Int16Array, events: unknown) => boolean): void;
}

const METHODS = [
  'list_voices',
  'set_voice',
  'set_rate',
  'set_pitch',
  'get_samplerate',
  'synthesize',
] as const;

const espeakSchema = z.custom<Espeak>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    METHODS.every((method) => typeof Reflect.get(value, method) === 'function'),
  'not the binding of eSpeak NG',
);

type Constructor = new () => unknown;
type Factory = (options: object) => Promise<unknown>;
const packageSchema = z.object({ default: z.custom<Factory>((value) => typeof value === 'function') });
const moduleSchema = z.object({
  eSpeakNGWorker: z.custom<Constructor>((value) => typeof value === 'function'),
  FS: filesSchema,
});

/** Where the package puts its dictionaries, voices and phonemes. */
const DATA_FOLDER = '/usr/share/espeak-ng-data';

const { packageName, stop } = threadDataSchema.parse(workerData);
if (!parentPort) throw new Error('this file is the body of a worker thread');
const port = parentPort;

function post(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

async function load(): Promise<Espeak | undefined> {
  let loaded: unknown;
  try {
    loaded = await import(packageName);
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause) || cause.code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    post({ type: 'missing', message: packageName });
    return undefined;
  }
  const data = new DataFiles(fileURLToPath(new URL('./espeak-ng.data', import.meta.resolve(packageName))));
  const options = {
    print: () => {},
    printErr: () => {},
    getPreloadedPackage: (_name: string, bytes: number) => data.placeholder(bytes),
  };
  const module = moduleSchema.parse(await packageSchema.parse(loaded).default(options));
  data.readWhenNeeded(module.FS, DATA_FOLDER);
  const espeak = espeakSchema.parse(atFixedTime(() => new module.eSpeakNGWorker()));
  if (espeak.get_samplerate() !== ESPEAK_RATE) throw new Error(`sample rate ${espeak.get_samplerate()}`);
  return espeak;
}

/** eSpeak seeds the noise of breathy voices with the time of its start. At a fixed one, it says the same texts in the same order alike. */
function atFixedTime<Made>(make: () => Made): Made {
  const { now } = Date;
  Date.now = () => 0;
  try {
    return make();
  } finally {
    Date.now = now;
  }
}

/** The last marks of a job: the offset of its word, and its phoneme. */
interface Last {
  word: number;
  phoneme: string | undefined;
}

/** Converts eSpeak's events of one chunk to marks, never before a sample that was already sent. */
function marksOf(events: unknown, sent: number, last: Last, original: string, spoken: SpeakableText) {
  const marks: Mark[] = [];
  for (const event of nativeEventsSchema.parse(events)) {
    const sample = Math.max(sent, Math.round((event.audio_position * ESPEAK_RATE) / 1_000));
    if (event.type === 'word') {
      const word = wordAt(original, spoken, event.text_position, event.word_length);
      // A number or unknown character is spoken as several words at the same position.
      if (!word || word.offset <= last.word) continue;
      last.word = word.offset;
      marks.push({ type: 'word', sample, ...word });
    } else if (event.type === 'phoneme' && typeof event.id === 'string') {
      // `(en)` marks a change of language, not a sound.
      const phoneme = event.id;
      if (phoneme.includes('(') || (phoneme === '' && last.phoneme === '')) continue;
      last.phoneme = phoneme;
      marks.push({ type: 'phoneme', sample, phoneme, viseme: visemeOf(phoneme) });
    }
  }
  return marks;
}

const espeak = await load();
if (espeak) {
  const voices = voicesSchema.parse(espeak.list_voices());
  let loadedVoice = '';

  const setVoice = (identifier: string): boolean => {
    if (identifier === loadedVoice) return true;
    if (espeak.set_voice(identifier) !== 0) return false;
    loadedVoice = identifier;
    return true;
  };

  port.on('message', (message: unknown) => {
    const job = toThreadSchema.parse(message);
    const voice =
      job.voice === undefined ? voiceForLanguage(job.language, voices) : voiceByName(job.voice, voices);
    if (voice === undefined || !setVoice(voice)) {
      post({ type: 'refused', id: job.id, message: `eSpeak NG has no voice ${job.voice ?? job.language}` });
      return;
    }
    espeak.set_rate(job.ratePerMinute);
    espeak.set_pitch(job.pitch);
    const spoken = speakable(job.text);
    const last: Last = { word: -1, phoneme: undefined };
    let sent = 0;
    espeak.synthesize(spoken.text, (samples, events) => {
      if (Atomics.load(stop, 0) === job.id) return true;
      const marks = marksOf(events, sent, last, job.text, spoken);
      if (samples.length === 0 && marks.length === 0) return false;
      sent += samples.length;
      const own = new Int16Array(samples);
      post({ type: 'chunk', id: job.id, marks, samples: own }, [own.buffer]);
      return false;
    });
    post({ type: 'done', id: job.id });
  });

  // Warm up: the first sentence takes several times as long as later ones.
  const english = voiceForLanguage('en', voices);
  if (english !== undefined && setVoice(english)) espeak.synthesize('Ready when you are.', () => false);
  post({ type: 'ready' });
}
