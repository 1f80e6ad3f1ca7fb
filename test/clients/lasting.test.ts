import { expect, it } from 'vitest';
import type { ActionCall } from '../../clients/typescript/src/actions.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import type { ScriptedSession } from '../support/scripted-session-server.ts';
import { clientOf, connected, server, useScriptedServer } from './scene.ts';

useScriptedServer();

const listing = (...ids: string[]): SessionMessage => ({
  type: 'state',
  ...{ value: 'idle', turn: 1, generation: 1, seq: 2, at: 0 },
  actions: ids.map((id) => ({ id, name: 'drive' })),
});

/** A client that drives beside the conversation (`d1`) and waves as part of a reply (`w1`), and loses its connection. */
async function lost() {
  const { client, clock } = clientOf();
  const calls = new Map<string, ActionCall>();
  const ends = new Map<string, () => void>();
  client.onAction('*', (_args, call) => {
    calls.set(call.id, call);
    return new Promise<string>((resolve, reject) => {
      ends.set(call.id, () => resolve('arrived'));
      call.signal.addEventListener('abort', () => reject(call.signal.reason));
    });
  });
  const first = await connected(client, { actions: 'results', secret: 's' });
  for (const id of ['d1', 'w1'])
    first.say({ type: 'action', id, name: 'drive', args: {}, status: 'started' });
  first.say(listing('d1'));
  await client.next('state');
  const cut = async (session: ScriptedSession) => {
    session.cut();
    return (await client.next('link')).retryInMs ?? 0;
  };
  let retryInMs = await cut(first);
  const cutAgain = async (session: ScriptedSession) => {
    retryInMs = await cut(session);
  };
  const back = async (resumed: boolean): Promise<ScriptedSession> => {
    await clock.advance(retryInMs);
    const second = await server.next();
    second.ready({ actions: 'results', secret: 's', resumed });
    await client.next('ready');
    return second;
  };
  const running = (id: string) => calls.get(id)?.signal.aborted === false;
  return { client, ends, running, back, cutAgain };
}

it('goes on with an action that outlives its reply while the connection is lost, and reports that it runs', async () => {
  const { running, back, ends } = await lost();
  expect([running('d1'), running('w1')]).toEqual([true, false]);
  const second = await back(true);
  await second.until((one) => one.all('action.result').length === 1);
  ends.get('d1')?.();
  await second.until((one) => one.all('action.result').length === 2);
  expect(second.all('action.result')).toEqual([
    { type: 'action.result', id: 'd1', status: 'progress' },
    { type: 'action.result', id: 'd1', status: 'done', message: 'arrived' },
  ]);
});

it('reports an action that ended meanwhile, and again after another loss, until the server has confirmed it', async () => {
  const { client, ends, back, cutAgain } = await lost();
  ends.get('d1')?.();
  const report = { type: 'action.result', id: 'd1', status: 'done', message: 'arrived' };
  const second = await back(true);
  await second.until((one) => one.all('action.result').length === 1);
  expect(second.all('action.result')).toEqual([report]);
  second.say({ type: 'action', id: 'd1', name: 'drive', args: {}, status: 'done' });
  await client.next('action');
  await cutAgain(second);
  const third = await back(true);
  client.text('hello');
  await third.until((one) => one.all('text').length === 1);
  expect(third.all('action.result')).toEqual([]);
});

it('reports an action that outlives its reply and whose start it had missed', async () => {
  const { client, back } = await lost();
  const second = await back(true);
  second.say(listing('d1', 'd2'));
  await client.next('state');
  second.say({ type: 'action', id: 'd2', name: 'drive', args: {}, status: 'started' });
  const reported = () => second.all('action.result').map(({ id, status }) => `${id} ${status}`);
  await second.until(() => reported().length === 2);
  expect(reported()).toEqual(['d1 progress', 'd2 progress']);
});

it('ends it when the server knows nothing of the session any more, or has cancelled it', async () => {
  const unknown = await lost();
  await unknown.back(false);
  expect(unknown.running('d1')).toBe(false);
  const cancelled = await lost();
  const second = await cancelled.back(true);
  second.say({ type: 'action', id: 'd1', name: 'drive', args: {}, status: 'cancelled' });
  await cancelled.client.next('action');
  expect(cancelled.running('d1')).toBe(false);
});

it('ends it if a voice stop was suspected when the connection was lost', async () => {
  const { client } = clientOf();
  let aborted = false;
  client.onAction('drive', (_args, { signal }) => {
    signal.addEventListener('abort', () => {
      aborted = true;
    });
    return new Promise(() => {});
  });
  const session = await connected(client, { actions: 'results' });
  session.say({ type: 'action', id: 'd1', name: 'drive', args: {}, status: 'started' });
  session.say(listing('d1'));
  session.say({ type: 'hold', held: true, phrase: 'stop' });
  await client.next('hold');
  session.cut();
  await client.next('link');
  expect(aborted).toBe(true);
});

it('goes on with the session of a client that is gone, which it gets by id and secret', async () => {
  const before = clientOf().client;
  const first = await connected(before, { session: 'kept', secret: 'only mine' });
  const kept = { id: before.session ?? '', secret: before.secret ?? '' };
  expect(kept).toEqual({ id: 'kept', secret: 'only mine' });
  before.leave();
  const { client } = clientOf({ session: kept });
  const second = await connected(client, { session: 'kept', secret: 'only mine', resumed: true });
  expect(first.all('bye')).toEqual([]);
  expect(second.all('hello')).toMatchObject([{ resume: true, session: 'kept', secret: 'only mine' }]);
});
