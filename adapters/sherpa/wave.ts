import { PIPELINE_RATE } from '../../machines/audio.ts';
import type { Waveform } from './library.ts';

/** Audio of the pipeline as the library takes it. */
export function waveOf(samples: Int16Array): Waveform {
  return { samples: Float32Array.from(samples, (sample) => sample / 32_768), sampleRate: PIPELINE_RATE };
}
