import type { TurnTimings } from './wire.ts';

/** The stages of a turn in the order in which they pass. Each begins where the previous one ended; together they are `firstAudio`. */
export const TURN_STAGES = [
  'endpoint',
  'stt',
  'recall',
  'llmFirstToken',
  'firstSegment',
  'ttsFirstAudio',
  'firstFrame',
] as const satisfies readonly (keyof TurnTimings)[];
export type TurnStage = (typeof TURN_STAGES)[number];
