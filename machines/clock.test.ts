import { expect, it } from 'vitest';
import { VirtualClock } from './clock.ts';

it('a delay too short to change the number of the time still moves time, so that a deadline passes', () => {
  const clock = new VirtualClock({ startMs: 262_226.324 });
  const dueMs = 262_226.324 + 3e-11;
  let looks = 0;
  const look = () => {
    looks += 1;
    if (clock.nowMs() < dueMs && looks < 10) clock.setTimer(1e-11, look);
  };
  look();
  while (clock.fireNext());
  expect(looks).toBe(2);
});
