import { beforeEach, expect, it } from 'vitest';
import type { StreamEvent } from '../../actors/ports/event-stream.ts';
import type { TurnRecord } from '../../actors/ports/store.ts';
import { inFile, lockFile, open, path, SESSION, useStoreFolder } from './store-test-util.ts';

useStoreFolder();

const turn: TurnRecord = {
  ...{ session: 's1', turn: 1, generation: 1, userText: 'hello', replyText: 'Hi.', heard: 'Hi.' },
  ...{ reason: 'completed', timings: {}, endedAtMs: 10 },
};

function event(id: string, type: StreamEvent['body']['type'] = 'TurnEnded', session = 's1'): StreamEvent {
  const ts = '2026-01-02T03:04:06.000Z';
  return {
    id,
    body: { correlationId: `${session}#1`, sessionId: session, turn: 1, type, payload: { n: 1 }, ts },
  };
}

let store: ReturnType<typeof open>;
beforeEach(async () => {
  store = open();
  await store.saveSession(SESSION);
});
const waiting = async () =>
  (await store.outbox.waiting(['TurnEnded', 'LtmWriteRequested'], 10)).map(({ id }) => id);

it('a turn and its events are kept together, in order, and come back as they were', async () => {
  await store.outbox.saveTurn(turn, [event('e1'), event('e2', 'LtmWriteRequested')]);

  expect(await store.outbox.waiting(['TurnEnded', 'LtmWriteRequested'], 10)).toEqual([
    event('e1'),
    event('e2', 'LtmWriteRequested'),
  ]);
  expect((await store.outbox.waiting(['TurnEnded'], 10)).map(({ id }) => id)).toEqual(['e1']);
  expect(await store.turns('s1')).toEqual([turn]);
});

it('a turn whose events cannot be stored is not stored either, and the other way round', async () => {
  inFile((db) =>
    db.exec("CREATE TRIGGER full BEFORE INSERT ON outbox_events BEGIN SELECT RAISE(ABORT, 'full'); END"),
  );
  await expect(store.outbox.saveTurn(turn, [event('e1')])).rejects.toThrow('full');
  expect(await store.turns('s1')).toEqual([]);
  inFile((db) => db.exec('DROP TRIGGER full'));

  const unknown = { ...turn, session: 'deleted' };
  await expect(store.outbox.saveTurn(unknown, [event('e2')])).rejects.toMatchObject({
    code: 'SESSION_DELETED',
  });
  expect(await waiting()).toEqual([]);
});

it('an event that was delivered does not wait any more, also if its turn is saved again', async () => {
  await store.outbox.saveTurn(turn, [event('e1'), event('e2')]);
  await store.outbox.delivered(['e1']);
  await store.outbox.saveTurn({ ...turn, replyText: 'Hi!' }, [event('e1')]);

  expect(await waiting()).toEqual(['e2']);
  expect(await store.outbox.backlog()).toMatchObject({ events: 1 });
});

it('events delivered lately can be made to wait again, until they are pruned', async () => {
  await store.outbox.saveTurn(turn, [event('e1'), event('e2')]);
  await store.outbox.delivered(['e1', 'e2']);
  expect(await store.outbox.again(60_000)).toBe(2);
  expect(await waiting()).toEqual(['e1', 'e2']);

  await store.outbox.delivered(['e1', 'e2']);
  await store.outbox.prune(-1_000);
  expect(await store.outbox.again(60_000)).toBe(0);
});

it('a dead letter waits again or is dropped, once', async () => {
  await store.outbox.saveTurn(turn, [event('e1'), event('e2')]);
  await store.outbox.delivered(['e1', 'e2']);
  for (const id of ['e1', 'e2'])
    await store.outbox.bury({
      event: event(id),
      error: 'no',
      tries: 5,
      at: `2026-01-02T03:04:0${id[1]}.000Z`,
    });

  expect((await store.outbox.buried(10)).map(({ event: { id }, error }) => [id, error])).toEqual([
    ['e1', 'no'],
    ['e2', 'no'],
  ]);
  expect(await store.outbox.exhume('e1', true)).toBe(true);
  expect(await store.outbox.exhume('e2', false)).toBe(true);
  expect(await store.outbox.exhume('e2', false)).toBe(false);
  expect(await waiting()).toEqual(['e1']);
});

it('a deleted session leaves no byte of its events, dead letters and measurements in the files', async () => {
  const secret = { ...event('e1'), body: { ...event('e1').body, payload: { text: 'unmistakable words' } } };
  await store.outbox.saveTurn(turn, [secret]);
  await store.outbox.bury({ event: { ...secret, id: 'e2' }, error: 'x', tries: 1, at: secret.body.ts });
  await store.analytics.save({ id: 'e1', session: 's1', turn: 1, at: secret.body.ts, facts: '{}' });
  await store.deleteSession('s1');

  const { readFile } = await import('node:fs/promises');
  const bytes = Buffer.concat([await readFile(path), await readFile(`${path}-wal`)]).toString('latin1');
  expect(bytes).not.toContain('unmistakable');
  expect(await store.analytics.turns({ since: '', from: 0, limit: 10 })).toEqual([]);
});

it('a measured turn that arrives twice is kept once', async () => {
  const measured = { id: 'e1', session: 's1', turn: 1, at: '2026-01-02T03:04:06.000Z', facts: '{}' };
  await Promise.all([store.analytics.save(measured), store.analytics.save(measured)]);
  expect(await store.analytics.turns({ since: '2026', from: 0, limit: 10 })).toEqual([measured]);
});

it('a locked file fails the turn and its events alike', async () => {
  const impatient = open({ busyTimeoutMs: 20 });
  await impatient.ready();
  const unlock = lockFile();
  const saved = impatient.outbox.saveTurn(turn, [event('e1')]);
  await expect(saved).rejects.toMatchObject({ code: 'STORE_FAILED' });
  unlock();
  await impatient.outbox.saveTurn(turn, [event('e1')]);
  expect(await waiting()).toEqual(['e1']);
});
