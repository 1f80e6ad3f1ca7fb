import { readFile } from 'node:fs/promises';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { parseWav } from '../../adapters/wav.ts';
import { type Pcm, PIPELINE_RATE, type PipelineRate } from '../../machines/audio.ts';
import { detailOf, ParleyError } from '../../machines/errors.ts';

/** Reads a WAV file of any rate at the pipeline's. Throws AUDIO_FILE_UNREADABLE or AUDIO_FILE_INVALID with the path. */
export async function readRecording(path: string): Promise<Pcm<PipelineRate>> {
  const pcm = await readWav(path);
  const resampler = (await speexResampler()).create(pcm.rate, PIPELINE_RATE);
  const head = resampler.push(pcm).samples.slice();
  const tail = resampler.flush().samples;
  resampler.close();
  const samples = new Int16Array(head.length + tail.length);
  samples.set(head);
  samples.set(tail, head.length);
  return { rate: PIPELINE_RATE, samples };
}

async function readWav(path: string): Promise<Pcm> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new ParleyError('AUDIO_FILE_UNREADABLE', cause instanceof Error ? cause.message : path, { cause });
  }
  try {
    return parseWav(bytes);
  } catch (cause) {
    if (!(cause instanceof ParleyError)) throw cause;
    throw new ParleyError(cause.code, `${path}: ${detailOf(cause)}`, { cause });
  }
}
