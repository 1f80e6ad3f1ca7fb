import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { Random } from '../simulation/random.ts';

/** What lies this far below the first sound of the room is cut off, dB. */
const TAIL_DB = 40;

/**
 * Impulse response from a loudspeaker to a microphone `distanceM` away, with unit energy: the direct sound, and noise that
 * decays by 60 dB in `reverbMs`.
 */
export function impulseResponse(reverbMs: number, distanceM: number, seed: number): Float32Array {
  const random = Random.named(seed, 'room');
  const direct = Math.round((distanceM / 343) * PIPELINE_RATE);
  const tail = samplesInMs((reverbMs * TAIL_DB) / 60, PIPELINE_RATE);
  const response = new Float32Array(direct + 1 + tail);
  response[direct] = 1;
  for (let i = 1; i <= tail; i++) {
    const decay = 10 ** ((-3 * i) / samplesInMs(Math.max(1, reverbMs), PIPELINE_RATE));
    // Sparse at first, dense later, as reflections are.
    if (random.next() < Math.min(1, 0.05 + i / tail))
      response[direct + i] = 0.25 * decay * (2 * random.next() - 1);
  }
  const energy = Math.sqrt(response.reduce((sum, one) => sum + one * one, 0));
  return response.map((one) => one / energy);
}

/** Adds to `out`, whose first sample is number `from`, what a microphone hears of `played`. `distortion` 0..1: how far the loudspeaker clips softly. */
export function addEcho(
  out: Float32Array,
  from: number,
  played: Float32Array,
  response: Float32Array,
  gain: number,
  distortion: number,
): void {
  const first = from - response.length;
  const heard = new Float32Array(response.length + out.length);
  let silent = true;
  for (let i = 0; i < heard.length; i++) {
    const one = played[first + i] ?? 0;
    if (one === 0) continue;
    silent = false;
    heard[i] = distortion > 0 ? one + distortion * (Math.tanh(4 * one) / 2 - one) : one;
  }
  if (silent) return;
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    const now = response.length + i;
    for (let tap = 0; tap < response.length; tap++) sum += (response[tap] ?? 0) * (heard[now - tap] ?? 0);
    out[i] = (out[i] ?? 0) + gain * sum;
  }
}
