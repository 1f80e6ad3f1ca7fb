import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';

const WINDOW = samplesInMs(20, PIPELINE_RATE);
/** How far before the limit a pause is looked for. */
const SEARCH = samplesInMs(8_000, PIPELINE_RATE);

/** `samples` in parts of at most `limit`, cut at the quietest place of the 8 s before each limit. The parts share its memory. */
export function cutAtPauses(samples: Int16Array, limit: number): readonly Int16Array[] {
  const parts: Int16Array[] = [];
  let from = 0;
  while (samples.length - from > limit) {
    const to = quietest(samples, from + limit - SEARCH, from + limit - WINDOW);
    parts.push(samples.subarray(from, to));
    from = to;
  }
  return [...parts, samples.subarray(from)];
}

/** The middle of the quietest window between two samples. */
function quietest(samples: Int16Array, from: number, to: number): number {
  let best = to;
  let least = Number.POSITIVE_INFINITY;
  for (let at = from; at <= to; at += WINDOW) {
    const power = samples.subarray(at, at + WINDOW).reduce((sum, one) => sum + one * one, 0);
    if (power < least) [best, least] = [at, power];
  }
  return best + WINDOW / 2;
}
