import { expect, it } from 'vitest';
import type { StreamEvent } from '../../actors/ports/event-stream.ts';
import type { TurnRecord } from '../../actors/ports/store.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { type Clock, VirtualClock } from '../../machines/clock.ts';
import { afterTest, temporaryFolder } from '../../test/support/after-test.ts';
import { startRelay } from './relay.ts';

/** A relay on virtual time over a real outbox, and a stream that fails on request. */
async function rig(count: number) {
  const { outbox, ...store } = sqliteStore({ path: `${await temporaryFolder()}/parley.db` });
  await store.saveSession({ session: 's', startedAt: '2026-01-01T00:00:00.000Z', language: 'en' });
  const save = async (n: number) =>
    outbox.saveTurn(turn(n), [event(n, 'LtmWriteRequested'), event(n, 'TurnEnded')]);
  for (let n = 1; n <= count; n++) await save(n);
  const clock = new VirtualClock();
  const log: string[] = [];
  /** `refusing`: every other event, the first time. */
  const state = { up: true, ltmHangs: false, refusing: false, onRefused: () => {} };
  const refused = new Set<string>();
  let back = (_mayHaveLost: boolean) => {};
  const streams = {
    async publish({ id, body }: StreamEvent) {
      if (state.ltmHangs && body.type === 'LtmWriteRequested') await new Promise(() => {});
      if (!state.up) {
        state.onRefused();
        throw new Error('no broker');
      }
      if (state.refusing && Number.parseInt(id, 10) % 2 === 0 && !refused.has(id)) {
        refused.add(id);
        throw new Error('not now');
      }
      log.push(id);
    },
    atOnce: () => 8,
    onBack: (listener: typeof back) => {
      back = listener;
    },
  };
  const onHealth = (problem: unknown) => log.push(problem ? `broken: ${problem}` : 'works');
  const waits: number[] = [];
  const noting: Clock = {
    nowMs: () => clock.nowMs(),
    setTimer(ms, call) {
      waits.push(ms);
      return clock.setTimer(ms, call);
    },
  };
  const relay = startRelay({ outbox, streams, clock: noting, onHealth });
  afterTest(() => store.close());
  return { relay, clock, log, waits, state, save, outbox, back: (mayHaveLost: boolean) => back(mayHaveLost) };
}

const turn = (n: number): TurnRecord => ({
  ...{ session: 's', turn: n, generation: n, userText: 'u', replyText: 'r', heard: 'h' },
  ...{ reason: 'completed', timings: {}, endedAtMs: n },
});
const event = (n: number, type: StreamEvent['body']['type']): StreamEvent => ({
  id: `${n} ${type}`,
  body: {
    correlationId: `s#${n}`,
    sessionId: 's',
    turn: n,
    type,
    payload: {},
    ts: '2026-01-01T00:00:00.000Z',
  },
});
const ids = (from: number, to: number, type: string) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${from + i} ${type}`);

it('publishes what waits, in order for each role, and what is announced later', async () => {
  const { relay, log, save } = await rig(20);
  await expect.poll(() => log).toHaveLength(40);
  expect(log.filter((id) => id.endsWith('TurnEnded'))).toEqual(ids(1, 20, 'TurnEnded'));
  expect(log.filter((id) => id.endsWith('Requested'))).toEqual(ids(1, 20, 'LtmWriteRequested'));
  await save(21);
  relay.wake();
  await expect.poll(() => log).toHaveLength(42);
  await expect.poll(() => relay.stats()).toEqual({ events: 0, ageMs: 0, published: 42, failed: 0 });
  await relay.close();
});

it('finds events that were not announced, such as those of an earlier process', async () => {
  const { relay, clock, log, save } = await rig(0);
  await expect.poll(() => relay.stats().events).toBe(0);
  await save(1);
  await expect
    .poll(async () => {
      await clock.advance(1_000);
      return log;
    })
    .toHaveLength(2);
  await relay.close();
});

it('a stream that fails is asked again, ever more seldom; nothing is lost, and it is reported once', async () => {
  const { relay, clock, log, state, save, outbox } = await rig(0);
  await expect.poll(() => relay.stats().events).toBe(0);
  state.up = false;
  await save(1);
  relay.wake();
  await expect.poll(() => log).toEqual(['broken: Error: no broker']);
  await expect
    .poll(async () => {
      await clock.advance(1_000);
      return relay.stats().failed;
    })
    .toBeGreaterThan(6);
  expect(log).toHaveLength(1);
  expect(relay.stats().events).toBe(2);

  state.up = true;
  await expect
    .poll(async () => {
      await clock.advance(10_000);
      return log;
    })
    .toHaveLength(4);
  expect(new Set(log.slice(1))).toEqual(new Set(['works', '1 TurnEnded', '1 LtmWriteRequested']));
  await expect.poll(() => outbox.backlog()).toEqual({ events: 0, ageMs: 0 });
  await relay.close();
});

it('a role whose stream hangs does not hold up the others', async () => {
  const { relay, log, state, save } = await rig(0);
  state.ltmHangs = true;
  await save(1);
  relay.wake();
  await expect.poll(() => log).toEqual(['1 TurnEnded']);
  await save(2);
  relay.wake();
  await expect.poll(() => log).toEqual(['1 TurnEnded', '2 TurnEnded']);
});

it('a broker that is back is asked at once, not after the wait', async () => {
  const { relay, log, state, back, save } = await rig(0);
  await expect.poll(() => relay.stats().events).toBe(0);
  state.up = false;
  await save(1);
  relay.wake();
  await expect.poll(() => relay.stats().failed).toBeGreaterThan(1);
  state.up = true;
  back(false);
  await expect.poll(() => log).toHaveLength(4);
  expect(log).toEqual(expect.arrayContaining(['1 TurnEnded', '1 LtmWriteRequested', 'works']));
  await relay.close();
});

it('a broker that comes back while an attempt fails is asked again at once', async () => {
  const { relay, log, state, back, save } = await rig(0);
  await expect.poll(() => relay.stats().events).toBe(0);
  state.up = false;
  state.onRefused = () => {
    state.up = true;
    back(false);
  };
  await save(1);
  relay.wake();
  await expect.poll(() => log.filter((line) => line.startsWith('1 '))).toHaveLength(2);
  await relay.close();
});

it('after a restart of the broker it sends again what was delivered lately, behind what was never delivered', async () => {
  const { relay, log, state, save, back } = await rig(10);
  await expect.poll(() => log).toHaveLength(20);
  await expect.poll(() => relay.stats().events).toBe(0);
  state.up = false;
  await save(11);
  relay.wake();
  await expect.poll(() => relay.stats().failed).toBeGreaterThan(1);
  state.up = true;
  back(true);
  await expect.poll(() => log).toHaveLength(44);
  const sent = log.slice(21).filter((line) => line.endsWith('TurnEnded'));
  expect(sent).toEqual(['11 TurnEnded', ...ids(1, 10, 'TurnEnded')]);
  await relay.close();
});

it('a broker that has lost nothing is not sent again what it has', async () => {
  const { relay, log, save, back } = await rig(2);
  await expect.poll(() => log).toHaveLength(4);
  await expect.poll(() => relay.stats().events).toBe(0);
  back(false);
  await save(3);
  relay.wake();
  await expect.poll(() => log).toHaveLength(6);
  expect(log.slice(4).toSorted()).toEqual(['3 LtmWriteRequested', '3 TurnEnded']);
  await relay.close();
});

it('a stream that takes a part of each batch is asked again soon', async () => {
  const { relay, clock, log, waits, state, save } = await rig(0);
  await expect.poll(() => relay.stats().events).toBe(0);
  for (let n = 1; n <= 20; n++) await save(n);
  state.refusing = true;
  relay.wake();
  await expect
    .poll(async () => {
      await clock.advance(200);
      return log.filter((line) => /^\d/u.test(line));
    })
    .toHaveLength(40);
  // After a failure, and of a lane without events.
  expect(new Set(waits)).toEqual(new Set([200, 5_000]));
  await relay.close();
});
