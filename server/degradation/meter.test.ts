import { availableParallelism } from 'node:os';
import { expect, it } from 'vitest';
import { processMeter, usableCores } from './meter.ts';

it('counts the cores of the machine, or the quota of the cgroup if that is less', () => {
  expect(usableCores(() => 'max 100000\n')).toBe(availableParallelism());
  expect(usableCores(() => '50000 100000\n')).toBe(0.5);
  expect(usableCores(() => '6400000 100000\n')).toBe(Math.min(64, availableParallelism()));
  expect(
    usableCores(() => {
      throw new Error('no such file');
    }),
  ).toBe(availableParallelism());
});

it('measures a busy thread as CPU time of its cores', () => {
  const [one, four] = [processMeter(() => 7, 1), processMeter(() => 7, 4)];
  const until = process.cpuUsage().user + 20_000;
  while (process.cpuUsage().user < until);
  const [load, quarter] = [one(), four()];
  expect(load.loopDelayMs).toBe(7);
  expect(load.cpu).toBeGreaterThan(0);
  expect(quarter.cpu).toBeLessThan(load.cpu);
});
