import { CLEAN_TURN, type UserStep } from './script.ts';

/** The clean turn must be answered within this time, virtual ms. */
export const TAIL_LIMIT_MS = 60_000;

/** After the faults: releases the voice stop if there is one, waits for everything to end, and asks once more. */
export function tailSteps(): readonly UserStep[] {
  return [
    { id: -2, waitFor: 'anything', atMostMs: 0, thenMs: 4_000, act: { type: 'rearm' }, turn: false },
    CLEAN_TURN,
  ];
}
