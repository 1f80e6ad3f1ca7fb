import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { parseWav } from '../../adapters/wav.ts';
import { type Pcm, PIPELINE_RATE, type PipelineRate, samplesInMs } from '../../machines/audio.ts';

/** Speech and noise for tests, all at the pipeline rate. */
export type Sound = Pcm<PipelineRate>;

/** A manually marked range of speech, in samples. */
export interface SpeechSpan {
  readonly startSample: number;
  readonly endSample: number;
}

const resamplers = await speexResampler();
const spoken = new Map<string, Sound>();

const beside = fileURLToPath(new URL('../../../shared/audio', import.meta.url));
/** Folder of recordings of people: PARLEY_SPEECH_DIR, or `shared/audio` beside the checkout. */
const folder = process.env.PARLEY_SPEECH_DIR ?? beside;

/** Names of the available recordings, without `.wav`; noises begin with `noise_`. */
export const recordings: readonly string[] = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => name.endsWith('.wav'))
      .map((name) => basename(name, '.wav'))
      .sort()
  : [];

export const haveRecordings = recordings.length > 0;

/** The recording `name` (with or without `.wav`), at the pipeline rate. */
export function recording(name: string): Sound {
  return toPipeline(parseWav(readFileSync(join(folder, `${basename(name, '.wav')}.wav`))));
}

/** The speech ranges of a recording, from its `.lab` file; undefined without one. */
export function spanOf(name: string): SpeechSpan | undefined {
  const path = join(folder, `${basename(name, '.wav')}.lab`);
  if (!existsSync(path)) return undefined;
  const marks = readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const at = (label: string) => {
    const seconds = Number(marks.find((mark) => mark[2] === label)?.[0]);
    if (!Number.isFinite(seconds)) throw new Error(`${path}: no time for "${label}"`);
    return Math.round(seconds * PIPELINE_RATE);
  };
  return { startSample: at('speech'), endSample: at('silence') };
}

/** `text` spoken by eSpeak NG, without surrounding silence. Cached per text and voice in the process. */
export function speak(text: string, options: { voice?: string } = {}): Sound {
  const voice = options.voice ?? 'en';
  const key = `${voice}\n${text}`;
  const known = spoken.get(key);
  if (known) return known;
  const run = spawnSync('espeak-ng', ['-v', voice, '--stdout', '--', text], { maxBuffer: 64 * 1024 * 1024 });
  if (run.error)
    throw new Error('tests that speak need the program espeak-ng: install it (apt-get install espeak-ng)', {
      cause: run.error,
    });
  if (run.status !== 0) throw new Error(`espeak-ng failed for voice ${voice}: ${run.stderr.toString()}`);
  const sound = trim(toPipeline(parseWav(run.stdout)));
  spoken.set(key, sound);
  return sound;
}

export function silence(ms: number): Sound {
  return { rate: PIPELINE_RATE, samples: new Int16Array(samplesInMs(ms, PIPELINE_RATE)) };
}

export function concat(...sounds: readonly Sound[]): Sound {
  const samples = new Int16Array(sounds.reduce((sum, sound) => sum + sound.samples.length, 0));
  let at = 0;
  for (const sound of sounds) {
    samples.set(sound.samples, at);
    at += sound.samples.length;
  }
  return { rate: PIPELINE_RATE, samples };
}

/** Louder (above 0) or softer by `decibels`, with clipping. */
export function amplified(sound: Sound, decibels: number): Sound {
  const factor = 10 ** (decibels / 20);
  return { rate: PIPELINE_RATE, samples: sound.samples.map((sample) => clipped(sample * factor)) };
}

/** Adds white noise of effective value `rms` (of 32 768). The same seed gives the same noise. */
export function withNoise(sound: Sound, options: { rms: number; seed?: number }): Sound {
  const random = generator(options.seed ?? 1);
  // Uniformly distributed noise of width w has the effective value w / √12.
  const width = options.rms * Math.sqrt(12);
  return {
    rate: PIPELINE_RATE,
    samples: sound.samples.map((sample) => clipped(sample + (random() - 0.5) * width)),
  };
}

/** A user who says `text` again and again, for two minutes, with pauses of 1.5 s: what a muted microphone misses comes again. */
export function asking(text: string): Sound {
  const once = concat(silence(1_500), speak(text));
  const times = Math.ceil((120_000 * PIPELINE_RATE) / 1_000 / once.samples.length);
  return concat(...Array.from({ length: times }, () => once));
}

/** The pieces that a client would send. */
export function* pieces(sound: Sound, ms = 20): Generator<Sound> {
  const step = samplesInMs(ms, PIPELINE_RATE);
  for (let at = 0; at < sound.samples.length; at += step)
    yield { rate: PIPELINE_RATE, samples: sound.samples.subarray(at, at + step) };
}

function toPipeline(pcm: Pcm): Sound {
  const resampler = resamplers.create(pcm.rate, PIPELINE_RATE);
  const parts = [resampler.push(pcm), resampler.flush()];
  resampler.close();
  return concat(...parts);
}

/** Removes audio below -50 dB of full scale at both ends, before and after the speech. */
function trim(sound: Sound): Sound {
  const loud = (sample: number) => Math.abs(sample) > 100;
  const first = sound.samples.findIndex(loud);
  const last = sound.samples.findLastIndex(loud);
  return {
    rate: PIPELINE_RATE,
    samples: first < 0 ? new Int16Array(0) : sound.samples.slice(first, last + 1),
  };
}

function clipped(sample: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(sample)));
}

/** xorshift32: enough for noise. 0 (inclusive) to 1 (exclusive). */
function generator(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
