import type { SttEvent } from '../../actors/ports/stt.ts';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';

/** Quieter than -54 dB of full scale: no speech, but a model may invent words for it. */
const SILENT_BELOW = 65;

/** The result of an utterance that is silent. */
export const SILENCE: Extract<SttEvent, { type: 'final' }> = {
  type: 'final',
  text: '',
  rejected: { nearest: '', confidence: 0, reason: 'silence' },
};

export function isSilent(samples: Int16Array): boolean {
  return samples.every((sample) => Math.abs(sample) < SILENT_BELOW);
}

const WINDOW = samplesInMs(20, PIPELINE_RATE);
/** Power below the loudest window's at which nothing is spoken: 25 dB, as weak consonants are nearer to their vowels. */
const QUIET = 10 ** -2.5;
/** What is kept before and after, for the weakest onsets and the fall of the last syllable. */
const MARGIN = samplesInMs(200, PIPELINE_RATE);

/** The middle of an utterance, and where in the utterance it begins. */
export interface Spoken {
  readonly samples: Int16Array;
  readonly fromSample: number;
}

/**
 * An utterance without the silence around it, for engines that get it whole: they work less, and invent less text for what
 * is not there. Shares memory with `samples`. In noise less than 25 dB below the voice, nothing is removed.
 */
export function withoutSilence(samples: Int16Array): Spoken {
  const powers = new Float64Array(Math.ceil(samples.length / WINDOW));
  for (let index = 0; index < powers.length; index++) {
    const window = samples.subarray(index * WINDOW, (index + 1) * WINDOW);
    let sum = 0;
    for (let i = 0; i < window.length; i++) sum += (window[i] ?? 0) ** 2;
    powers[index] = sum / window.length;
  }
  const spoken = QUIET * powers.reduce((most, one) => Math.max(most, one), 0);
  const first = powers.findIndex((power) => power >= spoken);
  const last = powers.findLastIndex((power) => power >= spoken);
  const fromSample = Math.max(0, first * WINDOW - MARGIN);
  return { samples: samples.subarray(fromSample, (last + 1) * WINDOW + MARGIN), fromSample };
}
