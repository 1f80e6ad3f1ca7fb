import { TURN_STAGES, type TurnStage } from '../../../machines/turn-stages.ts';
import { isMap } from '../model/entries.ts';

export const STAGE_TITLES: Readonly<Record<TurnStage, string>> = {
  endpoint: 'endpoint',
  stt: 'transcript',
  recall: 'memory',
  llmFirstToken: 'first token',
  firstSegment: 'first segment',
  ttsFirstAudio: 'first audio',
  firstFrame: 'first frame',
};

/** Shown, but no part of the sum. */
export const FURTHER = ['firstAudio', 'firstPlayed', 'filler'] as const;
export type Measure = TurnStage | (typeof FURTHER)[number];
const MEASURES: readonly Measure[] = [...TURN_STAGES, ...FURTHER];

export interface TurnRow {
  readonly turn: number;
  readonly generation: number;
  readonly reason: string;
  readonly heard: string;
  /** ms since the session's start: when the reply began, and when it ended. */
  readonly from: number;
  readonly to: number;
  /** ms by stage; a stage that the turn did not need is absent. */
  readonly timings: Readonly<Partial<Record<Measure, number>>>;
}

/** What a `reply.end` message says. Of another version it may say less. */
export function turnOf(message: Readonly<Record<string, unknown>>, from: number, to: number): TurnRow {
  const given = isMap(message.timings) ? message.timings : {};
  const timings: Partial<Record<Measure, number>> = {};
  for (const name of MEASURES) {
    const value = given[name];
    if (typeof value === 'number' && Number.isFinite(value)) timings[name] = value;
  }
  return {
    turn: numberOf(message.turn),
    generation: numberOf(message.generation),
    reason: typeof message.reason === 'string' ? message.reason : '',
    heard: typeof message.heard === 'string' ? message.heard : '',
    from,
    to,
    timings,
  };
}

/** The share `p` (0..1) of the turns took at most this long, in ms; undefined if none has the stage. Nearest rank. */
export function percentile(turns: readonly TurnRow[], measure: Measure, p: number): number | undefined {
  const values = turns.flatMap(({ timings }) => timings[measure] ?? []).sort((a, b) => a - b);
  return values[Math.max(0, Math.ceil(values.length * p) - 1)];
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
