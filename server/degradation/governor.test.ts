import { expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { afterTest } from '../../test/support/after-test.ts';
import { Governor } from './governor.ts';
import type { Load } from './meter.ts';
import { overloadOptions } from './options.ts';

const CALM: Load = { loopDelayMs: 1, loop: 0.3, cpu: 0.3 };

/** A governor of a process with `sessions` sessions, whose load the test sets. */
function governed(sessions = 1) {
  const clock = new VirtualClock();
  const log: string[] = [];
  const process = { load: CALM, sessions };
  const governor = new Governor({
    clock,
    meter: () => process.load,
    limits: overloadOptions.parse({}),
    log: {
      info: (fields, message) => log.push(`info ${JSON.stringify(fields)} ${message}`),
      warn: (fields, message) => log.push(`warn ${JSON.stringify(fields)} ${message}`),
    },
  });
  governor.start(() => process.sessions);
  afterTest(() => governor.close());
  /** What sessions have and newcomers get. */
  const given = () => ({
    speculates: governor.speculates,
    gatherMs: governor.gatherMs,
    partials: governor.partials,
    admits: governor.gate('session') === undefined,
  });
  return { clock, log, process, governor, given };
}

it('goes without speculation, small batches, partial transcripts and new sessions, in this order, and takes them back in reverse', async () => {
  const { clock, log, process, governor, given } = governed();
  const all = { speculates: true, gatherMs: 0, partials: true, admits: true };
  const seen = [given()];
  const watch = async (seconds: number) => {
    for (let i = 0; i < seconds * 2; i++) {
      await clock.advance(500);
      if (JSON.stringify(seen.at(-1)) !== JSON.stringify(given())) seen.push(given());
    }
  };
  process.load = { ...CALM, loop: 0.99 };
  await watch(20);
  process.load = CALM;
  await watch(40);

  const steps = [
    all,
    { ...all, speculates: false },
    { ...all, speculates: false, gatherMs: 32 },
    { ...all, speculates: false, gatherMs: 32, partials: false },
    { speculates: false, gatherMs: 32, partials: false, admits: false },
  ];
  expect(seen).toEqual([...steps, ...steps.slice(0, -1).reverse()]);
  expect(governor.stats()).toEqual({ level: 0, steps: { worse: 4, better: 4 } });
  expect(log[0]).toBe(
    'warn {"degradation":1,"sessions":1} overload: from now on without speculation, because the event loop is 99 % busy',
  );
  expect(log.at(-1)).toContain(
    'info {"degradation":0,"sessions":1} overload: from now on with speculation again',
  );
});

it.each([
  ['late timers', { loopDelayMs: 100 }, 'timers fire 100 ms late'],
  ['a busy event loop', { loop: 0.97 }, 'the event loop is 97 % busy'],
  ['busy threads', { cpu: 1 }, 'its threads take 100 % of its cores'],
])('refuses new sessions because of %s, and lets turns of running ones begin', async (_what, load, why) => {
  const { clock, process, governor } = governed();
  process.load = { ...CALM, ...load };
  await clock.advance(9_000);
  expect(governor.gate('session')).toMatchObject({
    code: 'OVERLOADED',
    message: expect.stringContaining(why),
  });
  expect(governor.gate('turn')).toBeUndefined();
  expect(governor.load).toBeGreaterThanOrEqual(1);
});

it('shows its load to other servers, below 1 as long as it admits sessions', async () => {
  const { clock, process, governor } = governed();
  process.load = { ...CALM, loopDelayMs: 300 };
  await clock.advance(500);
  expect(governor.load).toBe(0.99);
});

it('does not count what a process does without sessions, such as its own start', async () => {
  const { clock, process, governor } = governed(0);
  process.load = { loopDelayMs: 500, loop: 1, cpu: 1 };
  await clock.advance(60_000);
  expect(governor.stats().level).toBe(0);
  process.sessions = 1;
  await clock.advance(2_500);
  expect(governor.stats().level).toBe(1);
});
