import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { parseWav } from '../../adapters/wav.ts';
import { type Pcm, PIPELINE_RATE, type PipelineRate, samplesInMs } from '../../machines/audio.ts';

const run = promisify(execFile);

/** Silence around speech in captured utterances, in ms. */
const BEFORE_MS = 300;
const AFTER_MS = 400;

/** Words per minute, as people talk to a machine. espeak-ng's default, 175, is the speed of fast reading. */
const SPEED = '150';

/** Spoken forms of words that espeak-ng would spell. */
const SPOKEN: Readonly<Record<string, string>> = {
  mhm: "[[m'h@m]]",
  mm: '[[m:]]',
  'mm hmm': "[[m:_h'm:]]",
};

/** Speaks `text` with the espeak-ng program at 16 kHz, surrounded by the silence of an utterance. */
export async function speak(text: string, voice: string): Promise<Pcm<PipelineRate>> {
  const { stdout } = await run('espeak-ng', ['-v', voice, '-s', SPEED, '--stdout', SPOKEN[text] ?? text], {
    encoding: 'buffer',
    maxBuffer: 64 * 1024 * 1024,
  });
  const { rate, samples } = parseWav(stdout);
  return asUtterance(resample(samples, rate, PIPELINE_RATE));
}

/** A 16 kHz mono WAV file as an utterance. */
export async function recording(path: string): Promise<Pcm<PipelineRate>> {
  const { rate, samples } = parseWav(await readFile(path));
  return asUtterance(rate === PIPELINE_RATE ? samples : resample(samples, rate, PIPELINE_RATE));
}

/** Cuts audio into pieces of 20 ms, like a client. */
export async function* pieces(pcm: Pcm<PipelineRate>): AsyncGenerator<Pcm<PipelineRate>> {
  const piece = samplesInMs(20, pcm.rate);
  for (let at = 0; at < pcm.samples.length; at += piece) {
    yield { rate: pcm.rate, samples: pcm.samples.slice(at, at + piece) };
  }
}

/** Speech with the silence of an utterance around it. */
export function asUtterance(speech: Int16Array): Pcm<PipelineRate> {
  const before = samplesInMs(BEFORE_MS, PIPELINE_RATE);
  const samples = new Int16Array(before + speech.length + samplesInMs(AFTER_MS, PIPELINE_RATE));
  samples.set(speech, before);
  return { rate: PIPELINE_RATE, samples };
}

/** Band-limited: each output sample is a Hann-windowed sinc over 32 input samples either side, cut at the lower rate. */
function resample(samples: Int16Array, from: number, to: number): Int16Array {
  const cutoff = Math.min(1, to / from) * 0.95;
  const half = 32;
  const result = new Int16Array(Math.floor((samples.length * to) / from));
  for (let i = 0; i < result.length; i++) {
    const centre = (i * from) / to;
    let sum = 0;
    for (let j = Math.ceil(centre - half); j <= centre + half; j++) {
      const x = (j - centre) * cutoff;
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
      const window = 0.5 + 0.5 * Math.cos((Math.PI * (j - centre)) / half);
      sum += (samples[j] ?? 0) * sinc * window * cutoff;
    }
    result[i] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  }
  return result;
}
