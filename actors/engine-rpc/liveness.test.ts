import { expect, it } from 'vitest';
import { type Clock, VirtualClock } from '../../machines/clock.ts';
import { Pulse, Watchdog } from './liveness.ts';

it('a watchdog reports silence once, counted from the last message', async () => {
  const clock = new VirtualClock();
  const silences: number[] = [];
  const watchdog = new Watchdog(clock, 100, () => silences.push(clock.nowMs()));
  await clock.advance(90);
  watchdog.heard();
  await clock.advance(99);
  expect(silences).toEqual([]);
  await clock.advance(1_000);
  expect(silences).toEqual([190]);
});

it('a watchdog ignores its own stall, but reports a second full wait as silence', () => {
  let nowMs = 0;
  const timers: { readonly delayMs: number; readonly fire: () => void }[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    setTimer: (delayMs, fire) => {
      timers.push({ delayMs, fire });
      return { cancel: () => {} };
    },
  };
  let silences = 0;
  new Watchdog(clock, 100, () => silences++);
  nowMs = 5_000;
  timers.shift()?.fire();
  expect([silences, timers[0]?.delayMs]).toEqual([0, 100]);
  nowMs = 5_100;
  timers.shift()?.fire();
  expect([silences, timers.length]).toEqual([1, 0]);
});

it('a stopped watchdog reports nothing, and a new limit restarts the count', async () => {
  const clock = new VirtualClock();
  const silences: string[] = [];
  const stopped = new Watchdog(clock, 100, () => silences.push('stopped'));
  const changed = new Watchdog(clock, 100, () => silences.push(`changed at ${clock.nowMs()}`));
  await clock.advance(50);
  stopped.stop();
  changed.expect(200);
  await clock.advance(1_000);
  expect(silences).toEqual(['changed at 250']);
});

it('a pulse beats only in silence', async () => {
  const clock = new VirtualClock();
  const beats: number[] = [];
  const pulse = new Pulse(clock, 100, () => beats.push(clock.nowMs()));
  await clock.advance(60);
  pulse.heard();
  await clock.advance(290);
  pulse.stop();
  await clock.advance(1_000);
  expect(beats).toEqual([160, 260]);
});
