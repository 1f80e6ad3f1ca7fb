import { expect, it } from 'vitest';
import { degraded, MAX_LEVEL, NOT_DEGRADED } from './levels.ts';

const pace = { worseMs: 2_000, betterMs: 5_000 };

/** The levels after each of these pressures, one a second. */
function levels(pressures: readonly number[]): readonly number[] {
  let state = NOT_DEGRADED;
  return pressures.map((pressure, second) => {
    state = degraded(state, pressure, second * 1_000, pace);
    return state.level;
  });
}

const times = (count: number, pressure: number) => Array.from({ length: count }, () => pressure);

it('takes a step for every two seconds of too much, up to the last', () => {
  expect(levels(times(12, 1.2))).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 4]);
  expect(MAX_LEVEL).toBe(4);
});

it('takes the steps back in reverse order, one for every five seconds of relief', () => {
  expect(levels([...times(5, 1), ...times(11, 0.5)])).toEqual([
    ...[0, 0, 1, 1, 2],
    ...[2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 0],
  ]);
});

it('keeps its level between relief and too much, and counts the time anew after it', () => {
  expect(levels([...times(3, 1), 0.9, 1, 1, 0.9, 1, 1, 1])).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 1, 2]);
  expect(levels([...times(3, 1), ...times(5, 0.5), 0.8, ...times(5, 0.5)]).at(-1)).toBe(1);
});

it('does not move for a peak that passes', () => {
  expect(levels([0, 3, 3, 0, 3, 3, 0])).toEqual(times(7, 0));
});
