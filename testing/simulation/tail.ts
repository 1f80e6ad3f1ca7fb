import { CLEAN_TURN, type UserStep } from './script.ts';

/** The clean turn must be answered within this, virtual ms. */
export const TAIL_LIMIT_MS = 60_000;

/** After the faults: release the voice stop if there is one, let everything end, ask once more. */
export function tailSteps(): readonly UserStep[] {
  return [
    { id: -2, waitFor: 'anything', atMostMs: 0, thenMs: 4_000, act: { type: 'rearm' }, turn: false },
    CLEAN_TURN,
  ];
}
