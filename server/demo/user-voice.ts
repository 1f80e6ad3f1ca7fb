import type { TtsEngine } from '../../actors/ports/tts.ts';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { joinedSamples, type Pcm, PIPELINE_RATE, type PipelineRate } from '../../machines/audio.ts';

/** The voice of the demo's user: converts text to speech at the microphone's rate. */
export async function speaker(
  tts: TtsEngine,
  language = 'en',
): Promise<(text: string) => Promise<Pcm<PipelineRate>>> {
  const resamplers = await speexResampler();
  return async (text) => {
    const pieces: Int16Array[] = [];
    let resampler: ReturnType<typeof resamplers.create<number, PipelineRate>> | undefined;
    for await (const event of tts.synthesize({ text, language }, new AbortController().signal)) {
      if (event.type !== 'audio') continue;
      resampler ??= resamplers.create(event.pcm.rate, PIPELINE_RATE);
      pieces.push(resampler.push(event.pcm).samples.slice());
    }
    if (resampler) pieces.push(resampler.flush().samples.slice());
    resampler?.close();
    return { rate: PIPELINE_RATE, samples: joinedSamples(pieces) };
  };
}
