import { SpeechEmbedding } from './embedding.ts';
import { type Network, unpacked } from './network.ts';
import { WEIGHTS } from './weights.ts';

/** Loads what is needed to hear it into this thread. */
export async function stopEar(): Promise<{ readonly embedding: SpeechEmbedding; readonly network: Network }> {
  return { embedding: await SpeechEmbedding.load(), network: unpacked(WEIGHTS) };
}
