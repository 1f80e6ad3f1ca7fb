import { describe, expect, it } from 'vitest';
import { type ActionCall, type ActionHandler, Refused } from '../../clients/typescript/src/actions.ts';
import type { JsonObject } from '../../machines/json.ts';
import type { ScriptedSession } from '../support/scripted-session-server.ts';
import { clientOf, connected, server, useScriptedServer } from './scene.ts';

useScriptedServer();

function start(session: ScriptedSession, name: string, args: JsonObject = {}, id = `1-${name}`): void {
  session.say({ type: 'action', id, name, args, status: 'started' });
}

/** A session whose client has this handler for `walk`. */
async function walking(walk: ActionHandler) {
  const { client, clock } = clientOf();
  client.onAction('walk', walk);
  const session = await connected(client, { actions: 'results' });
  const results = (count: number) => session.until((one) => one.all('action.result').length === count);
  return { client, clock, session, results };
}

/** A handler that runs until it is aborted, and what it was called with. */
function endless() {
  const calls: ActionCall[] = [];
  const handler: ActionHandler = (_args, call) => {
    calls.push(call);
    return new Promise((_resolve, reject) => {
      call.signal.addEventListener('abort', () => reject(call.signal.reason));
    });
  };
  return { calls, handler };
}

describe('an action handler of the TypeScript client', () => {
  it('gets the arguments, and reports progress and what it returns', async () => {
    const { session, results } = await walking(async ({ distance }, { id, name, progress }) => {
      progress(`${name} ${id}`, { done: 1 });
      progress();
      return { distance: distance ?? null };
    });
    expect(session.all('hello')).toMatchObject([{ actions: 'results' }]);
    start(session, 'walk', { distance: 2 });
    await results(3);

    expect(session.all('action.result')).toEqual([
      { type: 'action.result', id: '1-walk', status: 'progress', message: 'walk 1-walk', data: { done: 1 } },
      { type: 'action.result', id: '1-walk', status: 'progress' },
      { type: 'action.result', id: '1-walk', status: 'done', data: { distance: 2 } },
    ]);
  });

  const outcomes: [string, ActionHandler, object][] = [
    ['done with nothing', () => {}, { status: 'done' }],
    ['done with a message', () => 'at the door', { status: 'done', message: 'at the door' }],
    [
      'failed with what it throws',
      () => {
        throw new Error('a wall');
      },
      { status: 'failed', message: 'a wall' },
    ],
    [
      'refused with Refused',
      async () => {
        throw new Refused('the battery is empty');
      },
      { status: 'refused', message: 'the battery is empty' },
    ],
    [
      'done with a message that is cut to what the wire takes',
      () => 'x'.repeat(2_000),
      { message: 'x'.repeat(1_000) },
    ],
    [
      'failed if its data is larger than the wire takes',
      () => ({ long: 'x'.repeat(4_000) }),
      { status: 'failed', message: 'the result has 4011 characters of JSON; at most 4000 fit' },
    ],
  ];
  it.each(outcomes)('reports %s', async (_how, handler, expected) => {
    const { session, results } = await walking(handler);
    start(session, 'walk');
    await results(1);

    expect(session.all('action.result')[0]).toMatchObject(expected);
  });

  it('is aborted when the server cancels the action, and then reports nothing', async () => {
    const { calls, handler } = endless();
    const { client, session } = await walking(handler);
    start(session, 'walk');
    await client.next('action');
    session.say({ type: 'action', id: '1-walk', name: 'walk', args: {}, status: 'cancelled' });
    await client.next('action');
    calls[0]?.progress('still going');
    client.text('hello');
    await session.until((one) => one.all('text').length === 1);

    expect(calls[0]?.signal.aborted).toBe(true);
    expect(session.all('action.result')).toEqual([]);
  });

  it('is aborted at once by the voice stop, and by a lost connection', async () => {
    const { calls, handler } = endless();
    const { client, clock, session } = await walking(handler);
    start(session, 'walk', {}, '1-walk');
    await client.next('action');
    client.halt();
    expect(calls[0]?.signal.aborted).toBe(true);

    start(session, 'walk', {}, '2-walk');
    await client.next('action');
    session.cut();
    await clock.advance((await client.next('link')).retryInMs ?? 0);
    expect(calls[1]?.signal.aborted).toBe(true);
    (await server.next()).ready();
    await client.next('ready');
  });

  it('refuses actions that have none, unless one takes all the others', async () => {
    const { client, session, results } = await walking(() => {});
    start(session, 'fly');
    await results(1);
    expect(session.all('action.result')).toMatchObject([
      { id: '1-fly', status: 'refused', message: 'this client has no handler for fly' },
    ]);
    client.onAction('*', (_args, { name }) => `I ${name}`);
    start(session, 'swim');
    await results(2);
    expect(session.all('action.result')[1]).toMatchObject({ status: 'done', message: 'I swim' });
  });

  it('must be there before the session, which else waits for no results', async () => {
    const { client } = clientOf();
    const session = await connected(client);
    expect(session.all('hello')[0]?.actions).toBeUndefined();
    expect(() => client.onAction('walk', () => {})).toThrow('before connect()');
    start(session, 'walk');
    await client.next('action');
    client.text('hello');
    await session.until((one) => one.all('text').length === 1);
    expect(session.all('action.result')).toEqual([]);
  });
});
