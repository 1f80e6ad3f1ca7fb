import { expect, it } from 'vitest';
import { leastLoaded } from './placement.ts';

const process = (name: string, sessions: number, arriving = 0, lateMs = 0) => ({
  name,
  sessions,
  arriving,
  lateMs,
});
const chosen = (...processes: ReturnType<typeof process>[]) => leastLoaded(processes, (one) => one)?.name;

it('a new connection goes to the process with the fewest sessions, present and arriving', () => {
  expect(chosen()).toBeUndefined();
  expect(chosen(process('a', 2), process('b', 1), process('c', 1))).toBe('b');
  expect(chosen(process('a', 2), process('b', 1, 2))).toBe('a');
});

it('a process that is overloaded gets one only if all are', () => {
  expect(chosen(process('a', 0, 0, 51), process('b', 9))).toBe('b');
  expect(chosen(process('a', 0, 0, 51), process('b', 9, 0, 60))).toBe('a');
});
