/**
 * What a process that has too much to do does without, one step after another. The audio of running sessions is not
 * among it.
 */
export const LEVELS = [
  'nothing',
  'speculation',
  'small VAD batches',
  'partial transcripts',
  'new sessions',
] as const;

export const MAX_LEVEL = LEVELS.length - 1;

/** Which step is the first without what its name says. */
export const FROM_LEVEL = { speculation: 1, smallBatches: 2, partials: 3, newSessions: 4 } as const;

/** How far the steps have gone. */
export interface Degradation {
  /** 0 to `MAX_LEVEL`. */
  readonly level: number;
  /** Whether the pressure asks for another level, and since when, ms. */
  readonly leaning: { readonly to: 'more' | 'less'; readonly sinceMs: number } | undefined;
}

export interface Pace {
  /** How long the pressure must be 1 or more before the next step, ms. */
  readonly worseMs: number;
  /** How long it must be below `RELIEF` before a step back, ms. */
  readonly betterMs: number;
}

/** Below this pressure a step is taken back: the share that it saved must not bring it over 1 again at once. */
export const RELIEF = 0.75;

export const NOT_DEGRADED: Degradation = { level: 0, leaning: undefined };

/** One step at a time. `pressure`: measured load by its limit; from 1 on it is too much. */
export function degraded(before: Degradation, pressure: number, nowMs: number, pace: Pace): Degradation {
  const { level, leaning } = before;
  const to = directionOf(level, pressure);
  if (!to) return { level, leaning: undefined };
  const sinceMs = leaning?.to === to ? leaning.sinceMs : nowMs;
  if (nowMs - sinceMs < (to === 'more' ? pace.worseMs : pace.betterMs))
    return { level, leaning: { to, sinceMs } };
  return { level: to === 'more' ? level + 1 : level - 1, leaning: { to, sinceMs: nowMs } };
}

function directionOf(level: number, pressure: number): 'more' | 'less' | undefined {
  if (pressure >= 1) return level < MAX_LEVEL ? 'more' : undefined;
  return pressure < RELIEF && level > 0 ? 'less' : undefined;
}
