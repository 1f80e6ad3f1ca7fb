import { expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { InvariantMonitor } from '../../machines/invariants.ts';
import { Log } from '../../machines/invariants-test-util.ts';
import { recordedJournal } from '../../test/journal/harness.ts';
import { watchInvariants } from './watch.ts';

it('of a session that another process began, what comes now is judged after the log so far, which is not reported', async () => {
  const { header } = await recordedJournal();
  const clock = new VirtualClock();
  const log = new Log().reply().frames(0, 400);
  const entries = [...log.frames(399, 400).entries];
  const before = async () => entries;
  const now = log.frames(399, 400).entries.slice(entries.length);
  const problems: string[] = [];
  const observe = watchInvariants(header.parameters, header.input, {
    ...{ hears: 'audio', before, clock, onProblem: ({ message }) => void problems.push(message) },
  });
  for (const entry of now) observe(entry);
  await clock.advance(2_999);
  expect(problems).toEqual([]);
  await clock.advance(1_000);
  expect(problems).toEqual([expect.stringContaining('invariant 2 is broken')]);
  for (const entry of now) observe(entry);
  expect(problems).toHaveLength(2);
});

it('an invariant that is broken again and again is reported ten times, and a few are kept', async () => {
  const { header } = await recordedJournal();
  const problems: string[] = [];
  const observe = watchInvariants(header.parameters, header.input, {
    ...{ hears: 'audio', clock: new VirtualClock(), onProblem: ({ message }) => void problems.push(message) },
  });
  const log = new Log().reply().frames(0, 400);
  for (let i = 0; i < 300; i++) log.frames(399, 400);
  for (const entry of log.entries) observe(entry);
  expect(problems).toHaveLength(10);
  const monitor = new InvariantMonitor();
  for (const entry of log.entries) monitor.observe(entry);
  expect(monitor.violations).toHaveLength(100);
});
