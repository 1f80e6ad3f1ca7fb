import { readFile } from 'node:fs/promises';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { parseWav } from '../../adapters/wav.ts';
import { type Pcm, PIPELINE_RATE, type PipelineRate } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';

/** The audio of a 16-bit WAV file at the rate of a microphone. Rejects with AUDIO_FILE_UNREADABLE or AUDIO_FILE_INVALID. */
export async function readSpeech(path: string): Promise<Pcm<PipelineRate>> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new ParleyError('AUDIO_FILE_UNREADABLE', cause instanceof Error ? cause.message : path, { cause });
  }
  const pcm = parseWav(bytes);
  const resampler = (await speexResampler()).create(pcm.rate, PIPELINE_RATE);
  const head = resampler.push(pcm).samples.slice();
  const tail = resampler.flush().samples;
  resampler.close();
  const samples = new Int16Array(head.length + tail.length);
  samples.set(head);
  samples.set(tail, head.length);
  return { rate: PIPELINE_RATE, samples };
}
