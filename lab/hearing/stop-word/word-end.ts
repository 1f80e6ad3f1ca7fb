import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';

const FRAME = samplesInMs(10, PIPELINE_RATE);
/** The last sound of a lone word is within this time of its loudest 10 ms. */
const LONGEST_TAIL = 45;
/** Frames this much below the loudest, or this much above the quietest tenth, are of the word, dB. */
const BELOW_LOUDEST = 28;
const ABOVE_NOISE = 9;

/** The sample at which a lone word ends, of a recording with noise around it. */
export function wordEndIn(sound: Float32Array): number {
  const levels = Array.from({ length: Math.floor(sound.length / FRAME) }, (_, i) => {
    const frame = sound.subarray(i * FRAME, (i + 1) * FRAME);
    return 10 * Math.log10(frame.reduce((sum, one) => sum + one * one, 1e-9) / FRAME);
  });
  const loudest = levels.reduce((most, level, i) => (level > (levels[most] ?? 0) ? i : most), 0);
  const noise = levels.toSorted((a, b) => a - b)[Math.floor(levels.length / 10)] ?? 0;
  const least = Math.max((levels[loudest] ?? 0) - BELOW_LOUDEST, noise + ABOVE_NOISE);
  let last = loudest;
  for (let i = loudest; i < levels.length && i <= loudest + LONGEST_TAIL; i++)
    if ((levels[i] ?? 0) >= least) last = i;
  return (last + 1) * FRAME;
}
