import { expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { afterTest } from '../../test/support/after-test.ts';
import { Governor } from './governor.ts';
import { Newcomers } from './newcomers.ts';
import { overloadOptions } from './options.ts';

const limits = overloadOptions.parse({});
const MOST = 32;
const CROWD = 200;
/** A session's load shows this long after it began, when its user speaks. */
const SHOWS_AFTER_MS = 2_000;

/** A process whose event loop is full with `carries` sessions, and a crowd each of whom comes again until it is let in. */
function crowded(carries: number) {
  const clock = new VirtualClock();
  const began: number[] = [];
  const talking = () => began.filter((atMs) => clock.nowMs() - atMs >= SHOWS_AFTER_MS).length;
  const newcomers = new Newcomers({ most: MOST, firstPercent: limits.firstPercent });
  const governor = new Governor({
    ...{ clock, limits, newcomers, log: { info: () => {}, warn: () => {} } },
    meter: () => ({ loopDelayMs: 1, loop: Math.min(1, talking() / carries), cpu: 0 }),
  });
  governor.start(() => began.length);
  afterTest(() => governor.close());
  const tryAll = () => {
    for (let waiting = CROWD - began.length; waiting > 0; waiting--)
      if (!(governor.gate('session') ?? newcomers.gate('session'))) began.push(clock.nowMs());
  };
  return { clock, began, tryAll };
}

it.each([15, 40, 120])(
  'a crowd before an empty process that can carry %i sessions does not fill it',
  async (carries) => {
    const { clock, began, tryAll } = crowded(carries);
    for (let ms = 0; ms < 120_000; ms += 250) {
      tryAll();
      await clock.advance(250);
    }
    const share = began.length / carries;
    expect(share).toBeLessThan(1);
    // Four fifths are the limit of the event loop.
    expect(share).toBeGreaterThan(0.7);
  },
);

it('lets in a quarter at once, twice as many after each 8 s of low load, and never more than the limit', async () => {
  const { clock, began, tryAll } = crowded(10_000);
  const counts: number[] = [];
  for (let window = 0; window < 5; window++) {
    const before = began.length;
    for (let ms = 0; ms < 8_000; ms += 500) {
      tryAll();
      await clock.advance(500);
    }
    counts.push(began.length - before);
  }
  expect(counts).toEqual([18, 23, 31, MOST, 31]);
});

it('does not grow while few come, and lets in one now and then while there is too much to do, and turns', () => {
  const newcomers = new Newcomers({ most: MOST, firstPercent: 25 });
  const letIn = () => {
    let count = 0;
    while (!newcomers.gate('session')) count++;
    return count;
  };
  for (let second = 0; second < 60; second++) newcomers.note(0.1, 1_000);
  expect(letIn()).toBe(7);
  for (let second = 0; second < 60; second++) newcomers.note(1, 1_000);
  expect(letIn()).toBe(1);
  newcomers.note(1, 15_000);
  expect(newcomers.gate('session')).toMatchObject({ code: 'OVERLOADED' });
  expect(newcomers.gate('turn')).toBeUndefined();
  newcomers.note(1, 1_000);
  expect(letIn()).toBe(1);
});

it('lets in the first sessions of a process one after another, though they compile its code', () => {
  const newcomers = new Newcomers({ most: MOST, firstPercent: 25 });
  const refused = Array.from({ length: 6 }, () => {
    newcomers.note(1, 500);
    return newcomers.gate('session');
  });
  expect(refused).toEqual(Array(6).fill(undefined));
});

/** A client that opens a session and closes it at once, as often as it is let in. */
function opensAndCloses(newcomers: Newcomers, names: readonly string[], times: number): number {
  let began = 0;
  for (let i = 0; i < times; i++) {
    if (newcomers.gate('session', false, names)) continue;
    began += 1;
    newcomers.ended(20);
  }
  return began;
}

it('one client that opens and closes sessions without end keeps no other out, and gets little done under load', () => {
  for (const load of [0, 0.9]) {
    const newcomers = new Newcomers({ most: MOST, firstPercent: limits.firstPercent });
    for (let second = 0; second < 60; second++) {
      const began = opensAndCloses(newcomers, ['network 192.0.2.1'], 1_000);
      if (load === 0) expect(began).toBe(1_000);
      else if (second > 10) expect(began).toBeLessThan(MOST);
      if (load === 0)
        expect(newcomers.gate('session', false, [`network 198.51.100.${second}`])).toBeUndefined();
      newcomers.note(load, 1_000);
    }
  }
});

it('one client that keeps all the sessions it may open leaves room for others, and for another user of its address', () => {
  const newcomers = new Newcomers({ most: MOST, firstPercent: limits.firstPercent });
  const greedy = ['account a', 'network 192.0.2.1'];
  while (!newcomers.gate('session', false, greedy));
  expect(newcomers.gate('session', true, greedy)?.code).toBe('OVERLOADED');
  expect(newcomers.gate('session', false, ['network 192.0.2.2'])).toBeUndefined();
  expect(newcomers.gate('session', false, ['account b', 'network 192.0.2.1'])).toBeUndefined();
  expect(newcomers.gate('session', false, ['account b', 'network 192.0.2.1'])?.code).toBe('OVERLOADED');
});
