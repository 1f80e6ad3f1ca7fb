import { expect, it } from 'vitest';
import {
  opening,
  recordOf,
  SharedBroker,
  testClock,
  type Weather,
} from '../../actors/failover/stores-test-util.ts';
import type { JournalSink } from '../../actors/ports/journal.ts';
import type { Journal, JournalRecord } from '../../machines/journal/record.ts';
import { makeLogger } from '../log.ts';
import type { AdoptingStore } from './adopt.ts';
import { Failover } from './failover.ts';

const SESSION = 's';
const facts = { session: SESSION, startedAt: opening.startedAt, language: 'en', proof: 'p' };
const wanted = { session: SESSION, proof: 'p' };

/** A store with this journal. */
function storeOf(records: JournalRecord[]): AdoptingStore {
  const sink: JournalSink = {
    append: (record) => records.push(record),
    audio: () => {},
    ...{ durable: async () => {}, end: async () => {}, leave: async () => {} },
  };
  const journal = async (): Promise<Journal> => ({
    ...{ header: opening.header, headerHash: opening.headerHash, records },
    footer: { status: 'open', records: null },
  });
  return {
    ...{ openJournal: () => sink, continueJournal: () => sink, saveSession: async () => {} },
    ...{ journalHead: journal, readJournal: journal, lastRecord: async () => records.at(-1) },
    journalRecords: async (_session, from, limit) => records.slice(from, from + limit),
    dropJournal: async () => void records.splice(0),
  };
}

/** Servers of one broker, by name. */
function servers() {
  const clock = testClock();
  const broker = new SharedBroker(clock);
  const log: string[] = [];
  /** Lets time pass until it has settled. */
  const passed = async <Result>(work: Promise<Result>): Promise<Result> => {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    work.then(over, over);
    for (let ms = 0; !isOver && ms < 20_000; ms += 10) await clock.advance(10);
    return work;
  };
  const start = (name: string) => {
    const weather: Weather = { delayMs: 2, fate: 'fine' };
    const backs: (() => void)[] = [];
    const own = [recordOf(0)];
    const failover = new Failover({
      ...broker.link(weather),
      ...{
        clock,
        wallMs: () => clock.nowMs(),
        machine: 'm',
        connected: () => true,
        onBack: (listener: () => void) => backs.push(listener),
        log: makeLogger('error', 'json'),
      },
      ...{
        keptHours: 24,
        turnMs: 250,
        actionMs: 2_000,
        silentMs: 600_000,
        own: async (_session, from) => own.slice(from),
      },
    });
    failover.reachableAt(`ws://${name}`);
    return {
      failover,
      own,
      weather,
      /** The connection to the broker was lost, and is back. */
      back() {
        for (const listener of backs) listener();
      },
      /** Begins the session with one record. */
      async begin() {
        const copy = failover.begin(facts, () => log.push(`${name} is fenced`));
        copy.open(opening);
        await passed(copy.established());
        copy.append(recordOf(0));
        await clock.advance(100);
        return copy;
      },
      find: (failed?: 'unreachable') => passed(failover.find({ ...wanted, failed })),
    };
  };
  return { clock, broker, log, start, passed };
}

it('a session is known to the other servers before its client knows of it, also without a record', async () => {
  const { broker, start, passed } = servers();
  const copy = start('a').failover.begin(facts, () => {});
  copy.open(opening);
  await passed(copy.established());
  expect(broker.batches.get(SESSION)).toMatchObject([{ batch: { opening: { proof: 'p' }, records: [] } }]);
  const b = start('b');
  expect(await b.find()).toEqual({ url: 'ws://a/v1/session' });
  expect(await b.find('unreachable')).toBeUndefined();
  expect(b.failover.claim(SESSION)).toMatchObject({ records: [], lease: { epoch: 2 } });
});

it('a session that ends where it was lost to another server, unnoticed, leaves that one its journal', async () => {
  const { broker, log, start, passed } = servers();
  const copy = await start('a').begin();
  const b = start('b');
  await b.find();
  await b.find('unreachable');
  await passed(copy.end());
  expect(log).toEqual(['a is fenced']);
  expect(broker.batches.get(SESSION)).toHaveLength(3);
});

it('a session that ends slowly, and meanwhile is taken by another server, leaves that one its journal', async () => {
  const { clock, broker, start, passed } = servers();
  const a = start('a');
  const copy = await a.begin();
  const b = start('b');
  await b.find();
  a.weather.delayMs = 300;
  const ended = copy.end();
  await clock.advance(400);
  await b.find('unreachable');
  await passed(ended);
  expect(broker.batches.get(SESSION)).toHaveLength(3);
});

it('a client waits only so long for a broker that does not answer', async () => {
  const { clock, start, passed } = servers();
  const a = start('a');
  a.weather.fate = 'away';
  const copy = a.failover.begin(facts, () => {});
  copy.open(opening);
  await passed(copy.established());
  expect(clock.nowMs()).toBe(5_000);
});

it('attempts of one client that arrive together take its session once', async () => {
  const { log, start, passed } = servers();
  await start('a').begin();
  const { find, failover, weather } = start('b');
  weather.delayMs = 300;
  await find();
  const attempt = () => failover.find({ ...wanted, failed: 'unreachable' });
  await passed(Promise.all([attempt(), attempt()]));
  expect(failover.claim(SESSION)).toMatchObject({ lease: { epoch: 2 } });
  expect(log).toEqual([]);
});

it('a session is not taken from this server while it is rebuilt, runs or closes here', async () => {
  const { log, start } = servers();
  const a = start('a');
  await a.begin();
  expect(await a.find()).toBeUndefined();
  expect(() => a.failover.claim(SESSION)).toThrow('cannot be reached');
  expect(await a.find()).toBeUndefined();
  expect(() => a.failover.claim(SESSION)).toThrow('cannot be reached');
  expect(log).toEqual([]);
  a.failover.settled(SESSION);
  expect(await a.find()).toBeUndefined();
  expect(a.failover.claim(SESSION)).toMatchObject({ lease: { epoch: 2 } });
});

it('a session that was taken for a client that did not wait is not given out later, when another server may have it', async () => {
  const { clock, start } = servers();
  await start('a').begin();
  const [b, c] = [start('b'), start('c')];
  await b.find();
  await b.find('unreachable');
  await clock.advance(2_000);
  expect(b.failover.waitsFor(SESSION, 'p')).toBe(false);
  await c.find();
  await c.find('unreachable');
  expect(c.failover.claim(SESSION)).toMatchObject({ lease: { epoch: 3 } });
  expect(await b.find()).toEqual({ url: 'ws://c/v1/session' });
});

it('a server that was started again does not end a session as lost whose client is just coming back', async () => {
  const { start, passed } = servers();
  await start('a').begin();
  const again = start('a');
  again.weather.delayMs = 50;
  const found = again.failover.find(wanted);
  const own = again.failover.takeOwn(SESSION);
  await passed(Promise.all([found, own]));
  expect(await own).toBeUndefined();
  expect(again.failover.claim(SESSION)).toMatchObject({ lease: { epoch: 2 } });
  expect(await passed(again.failover.takeOwn(SESSION))).toBeUndefined();
});

it('a client that comes back just after the brokers have lost their memory tries again, and then finds its session', async () => {
  const { broker, clock, start } = servers();
  const a = start('a');
  await a.begin();
  const b = start('b');
  broker.forget();
  b.back();
  expect(await b.find()).toBeUndefined();
  expect(() => b.failover.claim(SESSION)).toThrow(expect.objectContaining({ code: 'BUS_UNREACHABLE' }));
  // when its server has its connection back
  a.back();
  await clock.advance(500);
  expect(await b.find()).toEqual({ url: 'ws://a/v1/session' });
  expect(broker.batches.get(SESSION)?.flatMap(({ batch }) => batch.records)).toEqual([recordOf(0)]);
});

it('a client whose session the brokers have only in part tries again until they have it', async () => {
  const { broker, clock, start } = servers();
  const copy = await start('a').begin();
  copy.append(recordOf(1));
  await clock.advance(100);
  const whole = broker.batches.get(SESSION) ?? [];
  broker.batches.set(SESSION, whole.slice(1));
  const b = start('b');
  await b.find();
  for (let tries = 0; tries < 3; tries++) {
    await clock.advance(2_000);
    expect(await b.find('unreachable')).toBeUndefined();
    expect(() => b.failover.claim(SESSION)).toThrow(expect.objectContaining({ code: 'BUS_UNREACHABLE' }));
  }
  broker.batches.set(SESSION, whole);
  await b.find('unreachable');
  expect(b.failover.claim(SESSION)).toMatchObject({ records: [recordOf(0), recordOf(1)] });
});

it('a session that the brokers have only in part is gone after a while', async () => {
  const { broker, clock, start } = servers();
  await start('a').begin();
  broker.batches.clear();
  const b = start('b');
  await b.find();
  await b.find('unreachable');
  await clock.advance(5_000);
  await b.find('unreachable');
  expect(b.failover.waitsFor(SESSION, 'p')).toBe(true);
  await clock.advance(5_000);
  expect(await b.find('unreachable')).toBeUndefined();
  expect(b.failover.waitsFor(SESSION, 'p')).toBe(false);
});

it('a client tries again for as long when the brokers lose a part of its session a second time', async () => {
  const { broker, clock, start } = servers();
  await start('a').begin();
  const whole = broker.batches.get(SESSION) ?? [];
  const b = start('b');
  await b.find();
  broker.batches.clear();
  await b.find('unreachable');
  broker.batches.set(SESSION, whole);
  await clock.advance(5_000);
  await b.find('unreachable');
  b.failover.claim(SESSION);
  b.failover.settled(SESSION);
  broker.batches.clear();
  await clock.advance(6_000);
  await b.find();
  expect(b.failover.waitsFor(SESSION, 'p')).toBe(true);
});

it('a session that no server tells the brokers of is gone after a while', async () => {
  const { clock, start } = servers();
  const b = start('b');
  b.back();
  await clock.advance(6_000);
  expect(await b.find()).toBeUndefined();
  expect(b.failover.waitsFor(SESSION, 'p')).toBe(false);
});

it('brokers that lose their memory before the own store has a journal that was taken over are not told an older one', async () => {
  const { clock, broker, start } = servers();
  await start('a').begin();
  const b = start('b');
  await b.find();
  await b.find('unreachable');
  const taken = b.failover.claim(SESSION);
  if (!taken) throw new Error('not taken');
  b.own.splice(0, 1, { ...recordOf(0), stateHash: 'of an earlier time' });
  await b.failover.adopt(storeOf(b.own), taken);
  const copy = b.failover.begin(facts, () => {}, taken);
  copy.open();
  broker.forget();
  b.back();
  await clock.advance(3_000);
  const records = broker.batches.get(SESSION)?.flatMap(({ batch }) => batch.records);
  expect(records).toEqual([recordOf(0)]);
});
