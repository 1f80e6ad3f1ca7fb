import { TURN_STAGES } from '../../machines/turn-stages.ts';
import type { TurnTimings } from '../../machines/wire.ts';

/** Not stages of their own. */
const FIGURES = [
  'firstAudio',
  'prepared',
  'firstPlayed',
  'filler',
] as const satisfies readonly (keyof TurnTimings)[];

/** Stages of a turn as spans, from the end of the user's part at `fromMs` to the end of the reply at `endMs`, and its other figures as attributes. */
export function stagesOf(timings: TurnTimings, fromMs: number, endMs: number) {
  const stages: { name: string; startMs: number; endMs: number }[] = [];
  let atMs = fromMs;
  for (const stage of TURN_STAGES) {
    const ms = timings[stage];
    if (ms === undefined) continue;
    stages.push({ name: `stage ${stage}`, startMs: atMs, endMs: atMs + ms });
    atMs += ms;
  }
  if (timings.firstAudio !== undefined)
    stages.push({
      name: 'stage playback',
      startMs: fromMs + timings.firstAudio,
      endMs: Math.max(atMs, endMs),
    });
  const figures = Object.fromEntries(
    FIGURES.flatMap((name) => {
      const ms = timings[name];
      return ms === undefined ? [] : [[`parley.${name}Ms`, ms] as const];
    }),
  );
  return { stages, figures };
}
