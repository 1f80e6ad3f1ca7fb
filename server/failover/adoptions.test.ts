import { expect, it } from 'vitest';
import { opening, recordOf } from '../../actors/failover/stores-test-util.ts';
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
  const { store, log, sink, settle, turn } = slowStore();
  const adoptions = new Adoptions();
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
  await settle();
  log.push('the disk turns');
  for (let i = 0; i < 4; i++) await turn();
  expect(log).toEqual([
    ...['a goes on from 2', 'a has 0', 'a has 1', 'b goes on from 2', 'the disk turns'],
    ...['a has 2', 'b has 0', 'b has 1', 'a is durable', 'b has 2', 'b is durable'],
  ]);
});

it('a session whose journal cannot be stored knows it, and the next one is stored', async () => {
  const { store, log, sink, settle, turn } = slowStore();
  const adoptions = new Adoptions();
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
  await settle();
  await turn(new Error('full'));
  await turn();
  expect(log).toEqual([
    ...['a has 0', 'a has 1', 'a: full', 'b has 0', 'b has 1', 'a is not durable: full', 'b has 2'],
  ]);
});
