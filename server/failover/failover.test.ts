import { beforeEach, expect, it } from 'vitest';
import type { SessionRecord, SessionRecords } from '../../actors/ports/session-records.ts';
import { open, useStoreFolder } from '../../adapters/store/store-test-util.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { Failover } from './failover.ts';

const SESSION = 's';
const PROOF = 'p';
const LEASE_MS = 600_000;

useStoreFolder();
let clock: VirtualClock;
let records: SessionRecords;
beforeEach(() => {
  clock = new VirtualClock();
  records = open().records;
});

/** A server, in a process of its own. */
function server(name: string, own: SessionRecords = records) {
  const backs: (() => void)[] = [];
  const failover = new Failover({
    ...{ records: own, clock, wallMs: () => clock.nowMs(), log: { info: () => {}, warn: () => {} } },
    waits: { turnMs: 250, actionMs: 2_000, leaseMs: LEASE_MS, connected: () => true },
    onBack: (listener) => backs.push(listener),
  });
  failover.reachableAt(`http://${name}/`);
  const find = (failed?: 'unreachable') => failover.find({ session: SESSION, proof: PROOF, failed });
  const back = () => {
    for (const listener of backs) listener();
  };
  return { failover, find, back };
}

async function write(head: Partial<SessionRecord>, session = SESSION): Promise<void> {
  const opening = { startedAt: '', language: 'en', proof: PROOF, ...head.opening };
  const record = { owner: '', epoch: 1, leaseUntilMs: LEASE_MS, contextVersion: 1, snapshot: '{}' };
  await records.save(session, { ...record, ...head, opening }, 0);
}

it('a session is where its record says, and is offered to its client here if that server is of no use', async () => {
  const [a, b] = [server('a'), server('b')];
  await write({ owner: a.failover.owner });
  expect(await b.find()).toEqual({ url: 'ws://a/v1/session' });
  expect(b.failover.waitsFor(SESSION, PROOF)).toBe(false);
  expect(await b.find('unreachable')).toBeUndefined();
  expect(b.failover.waitsFor(SESSION, 'other')).toBe(false);
  expect(b.failover.waitsFor(SESSION, PROOF)).toBe(true);
  expect(b.failover.claim(SESSION)).toMatchObject({ owner: a.failover.owner });
  expect(b.failover.waitsFor(SESSION, PROOF)).toBe(false);
});

it('a server that was not asked is not of no use', async () => {
  const [a, b] = [server('a'), server('b')];
  await write({ owner: a.failover.owner });
  expect(await b.find('unreachable')).toEqual({ url: 'ws://a/v1/session' });
});

it.each([
  ['that its process has left', {}],
  ['whose lease has ended', { owner: 'ws://a#1', leaseUntilMs: 0 }],
  ['of a process before at the same address', { owner: 'ws://b#0' }],
])('a session %s is offered at once', async (_what, head) => {
  const { find, failover } = server('b');
  await write(head);
  expect(await find()).toBeUndefined();
  expect(failover.claim(SESSION)).toMatchObject(head);
});

it('whoever does not know the secret of a session gets nothing', async () => {
  const { find, failover } = server('b');
  await write({ opening: { startedAt: '', language: 'en', proof: 'q' } });
  expect(await find()).toBeUndefined();
  expect(failover.claim(SESSION)).toBeUndefined();
});

it('a session is claimed once, and not while it is closed here', async () => {
  const { find, failover } = server('b');
  await write({});
  await Promise.all([find(), find()]);
  expect(failover.claim(SESSION)).toBeDefined();
  await find();
  expect(() => failover.claim(SESSION)).toThrow(/connect again/u);
  failover.settled(SESSION);
  await find();
  expect(failover.claim(SESSION)).toBeDefined();
});

it('an offer ends when its client does not come: another server may have the session by then', async () => {
  const { find, failover } = server('b');
  await write({});
  await find();
  await clock.advance(2_000);
  expect(failover.waitsFor(SESSION, PROOF)).toBe(false);
});

it('a client is sent away for a moment if the broker does not say who has its session, or not in time', async () => {
  const away = server('b', { ...records, load: () => Promise.reject(new ParleyError('BUS_UNREACHABLE')) });
  expect(await away.find()).toBeUndefined();
  expect(() => away.failover.claim(SESSION)).toThrow(/connect again/u);
  const silent = server('c', { ...records, load: () => new Promise(() => {}) });
  const found = silent.find();
  await clock.advance(8_000);
  expect(await found).toBeUndefined();
  expect(() => silent.failover.claim(SESSION)).toThrow(/connect again/u);
});

it('the records of the sessions that are held here are written again when the broker is back', () => {
  const { failover, back } = server('a');
  const log: string[] = [];
  for (const session of ['one', 'two']) failover.hold(session, { prove: () => log.push(session) });
  failover.settled('one');
  back();
  expect(log).toEqual(['two']);
});

it('the records of a user who is deleted are gone', async () => {
  const { failover } = server('a');
  const of = (user: string) => ({ opening: { startedAt: '', language: 'en', proof: PROOF, user } });
  await write(of('anna'), 'one');
  await write(of('bert'), 'two');
  await write({}, 'three');
  await failover.forget('anna', ['three', 'never']);
  expect(await records.load('one')).toBeUndefined();
  expect(await records.load('three')).toBeUndefined();
  expect(await records.load('two')).toBeDefined();
});
