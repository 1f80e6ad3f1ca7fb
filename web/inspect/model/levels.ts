import type { AudioLevel } from '../../../server/endpoints/inspect/wire.ts';
import type { PlacedAudio } from './placed-audio.ts';

/** As often as the server reports the level of a live session. */
const LEVEL_MS = 100;
const FULL_SCALE = 32_768;

/** How loud recorded audio is, in steps of 100 ms, in the order of time. */
export function levelsOf(placed: readonly PlacedAudio[]): AudioLevel[] {
  return placed
    .flatMap(({ t, rate, samples }) => {
      const step = Math.max(1, Math.round((rate * LEVEL_MS) / 1_000));
      const levels: AudioLevel[] = [];
      for (let from = 0; from < samples.length; from += step) {
        const part = samples.subarray(from, from + step);
        levels.push({ at: t + ((from + part.length) / rate) * 1_000, ...loudness(part) });
      }
      return levels;
    })
    .sort((a, b) => a.at - b.at);
}

function loudness(samples: Int16Array): { rms: number; peak: number } {
  let sum = 0;
  let peak = 0;
  for (const sample of samples) {
    sum += sample * sample;
    peak = Math.max(peak, Math.abs(sample));
  }
  return { rms: Math.sqrt(sum / samples.length) / FULL_SCALE, peak: peak / FULL_SCALE };
}
