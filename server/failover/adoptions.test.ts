import { expect, it } from 'vitest';
import { opening, recordOf, testClock } from '../../actors/failover/stores-test-util.ts';
import type { TakenSession } from '../../actors/failover/takeover.ts';
import type { JournalSink } from '../../actors/ports/journal.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { AdoptingStore } from './adopt.ts';
import { Adoptions } from './adoptions.ts';

const taken = (session: string): TakenSession => ({
  lease: { server: 'a', url: 'ws://a', epoch: 2, proof: 'p', machine: 'm' },
  ...{ revision: 1, last: 1, opening: { ...opening, header: { ...opening.header, session } } },
  records: [recordOf(0), recordOf(1)],
});

/** A store without journals, whose disk does nothing until `turn` is called; and what happened in it. */
function slowStore() {
  const log: string[] = [];
  const waiting: ((error?: Error) => void)[] = [];
  const sink = (session: string): JournalSink => ({
    append: ({ record }) => log.push(`${session} has ${record}`),
    audio: () => {},
    durable: () =>
      new Promise((resolve, reject) => {
        waiting.push((error) => (error ? reject(error) : resolve()));
      }),
    end: async () => {},
    leave: async () => {},
  });
  const absent = async () => {
    throw new ParleyError('SESSION_UNKNOWN');
  };
  const store: AdoptingStore = {
    ...{ journalHead: absent, readJournal: absent, lastRecord: async () => undefined },
    ...{ journalRecords: async () => [], dropJournal: async () => {}, saveSession: async () => {} },
    openJournal: ({ session }) => sink(session),
    continueJournal: sink,
  };
  const settle = () => new Promise((go) => setImmediate(go));
  const turn = async (error?: Error) => {
    waiting.shift()?.(error);
    await settle();
  };
  return { store, log, sink, settle, turn };
}

it('a session goes on while its journal is stored; what it writes meanwhile comes after it, one session after another', async () => {
  const { store, log, sink, turn } = slowStore();
  const clock = testClock();
  const adoptions = new Adoptions(clock);
  for (const session of ['a', 'b']) {
    const journal = await adoptions.adopt(store, taken(session));
    log.push(`${session} goes on from ${journal.records.length}`);
    const own = adoptions.continued(
      session,
      () => sink(session),
      () => {},
    );
    own.append(recordOf(2));
    void own.durable().then(() => log.push(`${session} is durable`));
  }
  await clock.advance(1_000);
  log.push('the disk turns');
  for (let i = 0; i < 4; i++) await turn();
  expect(log).toEqual([
    ...['a goes on from 2', 'b goes on from 2', 'a has 0', 'a has 1', 'the disk turns'],
    ...['a has 2', 'b has 0', 'b has 1', 'a is durable', 'b has 2', 'b is durable'],
  ]);
});

it('a session whose journal cannot be stored knows it, and the next one is stored', async () => {
  const { store, log, sink, turn } = slowStore();
  const clock = testClock();
  const adoptions = new Adoptions(clock);
  for (const session of ['a', 'b']) {
    await adoptions.adopt(store, taken(session));
    const own = adoptions.continued(
      session,
      () => sink(session),
      ({ message }) => log.push(`${session}: ${message}`),
    );
    own.append(recordOf(2));
    void own.durable().catch(({ message }) => log.push(`${session} is not durable: ${message}`));
  }
  await clock.advance(1_000);
  await turn(new Error('full'));
  await turn();
  expect(log).toEqual([
    ...['a has 0', 'a has 1', 'a is not durable: full', 'b has 0', 'b has 1', 'a: full', 'b has 2'],
  ]);
});

it('a store that fails is tried again: actions are refused until it has the journal, and nothing of it is missing', async () => {
  const { store, log, sink, settle, turn } = slowStore();
  const clock = testClock();
  const adoptions = new Adoptions(clock);
  await adoptions.adopt(store, taken('a'));
  const own = adoptions.continued(
    'a',
    () => sink('a'),
    ({ message }) => log.push(message),
  );
  own.append(recordOf(2));
  const asked = () =>
    own.durable().then(
      () => log.push('durable'),
      ({ code }) => log.push(code),
    );
  void asked();
  await clock.advance(1_000);
  await turn(new ParleyError('STORE_FAILED'));
  await asked();
  await clock.advance(500);
  await turn();
  void asked();
  await settle();
  await turn();
  const whole = ['a has 0', 'a has 1'];
  expect(log).toEqual([...whole, 'STORE_FAILED', 'STORE_FAILED', ...whole, 'a has 2', 'durable']);
});

it('a session that ends does not wait for a store that fails', async () => {
  const { store, log, sink, settle, turn } = slowStore();
  const adoptions = new Adoptions(testClock());
  await adoptions.adopt(store, taken('a'));
  const own = adoptions.continued(
    'a',
    () => sink('a'),
    (error) => log.push(error.message),
  );
  const left = own.leave().then(() => log.push('left'));
  await settle();
  await turn(new ParleyError('STORE_FAILED'));
  await left;
  expect(log).toEqual(['a has 0', 'a has 1', expect.any(String), 'left']);
});
