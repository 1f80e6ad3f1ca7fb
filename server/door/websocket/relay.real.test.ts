import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { AsyncQueue } from '../../../actors/async-queue.ts';
import { afterTest } from '../../../test/support/after-test.ts';
import { expectEnd, startRig, until } from '../door-test-util.ts';
import type { Elsewhere, Owner, RelayFailure } from '../elsewhere.ts';

type RigOptions = NonNullable<Parameters<typeof startRig>[0]>;

/** Always names this owner, until it was of no use. */
function finding(owner?: Owner): Elsewhere & { readonly asked: (RelayFailure | undefined)[] } {
  const asked: (RelayFailure | undefined)[] = [];
  return {
    asked,
    async find({ failed }) {
      asked.push(failed);
      return failed ? undefined : owner;
    },
  };
}

/** The session endpoint of a server. */
const at = (url: string): Owner => ({ url: `${url.replace('http', 'ws')}/v1/session` });

/** A session at one server, and how its client comes back through another one. */
async function resumption(options: RigOptions = {}, hello: object = {}) {
  const owner = await startRig(options);
  const client = await owner.hello({ ...hello, resume: true });
  const session = await owner.host.opened.take();
  const { session: id, secret, epoch } = await client.json('ready');
  const elsewhere = finding(at(owner.address.url));
  const sibling = await startRig({ ...options, elsewhere });
  return {
    owner,
    client,
    session,
    elsewhere,
    sibling,
    resume: { ...hello, resume: true, session: id, secret, epoch },
  };
}

it('a client that comes back to another server gets its own live session, in both directions', async () => {
  const { owner, client, session, sibling, resume } = await resumption(
    { token: 'right' },
    { token: 'right' },
  );
  client.socket.terminate();
  expect(await session.commands.take()).toBe('away');
  session.say({ type: 'flush', generation: 3 });

  const again = await sibling.hello(resume);
  expect(await again.json()).toMatchObject({
    type: 'ready',
    session: resume.session,
    epoch: 2,
    resumed: true,
  });
  expect(await again.json()).toEqual({ type: 'flush', generation: 3 });
  expect(await session.commands.take()).toBe('back');
  again.say({ type: 'text', text: 'hello' });
  expect(await session.commands.take()).toEqual({ type: 'text', text: 'hello' });
  again.socket.send(Buffer.alloc(640, 1));
  expect(await session.heard.take()).toMatchObject({ sample: 0 });
  session.play(4, 0);
  expect(await again.received.take()).toMatchObject({ kind: 'audio', generation: 4, seq: 0, bytes: 960 });
  expect([owner.door.stats().sessions, sibling.door.stats().sessions]).toEqual([1, 0]);

  again.socket.terminate();
  expect(await session.commands.take()).toBe('away');
});

it('either side ends with the close code of the other', async () => {
  const { owner, session, sibling, resume } = await resumption();
  const again = await sibling.hello(resume);
  await again.json('ready');
  const third = await owner.hello(resume);
  await expectEnd(again, 'EPOCH_SUPERSEDED', 4409);
  await third.json('ready');
  third.socket.terminate();

  const fourth = await sibling.hello(resume);
  expect(await fourth.json()).toMatchObject({ type: 'ready', session: resume.session });
  fourth.say({ type: 'bye' });
  expect(await fourth.closed).toEqual({ code: 1000, reason: 'bye' });
  expect(await session.closed).toBe('bye');
});

/** An owner that answers as the test wants, and a server that passes clients on to it. */
async function listening() {
  const owner = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  afterTest(() => owner.close());
  await once(owner, 'listening');
  const address = owner.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const elsewhere = finding({ url: `ws://127.0.0.1:${port}` });
  return { owner, elsewhere, rig: await startRig({ elsewhere }) };
}

it('a client is passed on only when it has shown that it is still there: an old hello must not take its session from a later connection', async () => {
  const { owner, rig } = await listening();
  const client = rig.connect({ autoPong: false });
  await once(client.socket, 'open');
  const [pinged, arrived] = [once(client.socket, 'ping'), once(owner, 'connection')];
  client.say({ type: 'hello', resume: true, session: 'there', secret: 'secret' });
  const [there]: WebSocket[] = await arrived;
  const log: string[] = [];
  const passedOn = there && once(there, 'message').then(() => log.push('passed on'));
  // What was sent to the owner before its ping comes before the answer.
  there?.ping();
  await (there && once(there, 'pong'));
  log.push('nothing yet');
  const [ping]: Buffer[] = await pinged;
  client.socket.pong(ping);
  await passedOn;
  expect(log).toEqual(['nothing yet', 'passed on']);
});

/** The same, and a client that wants to be passed on. */
async function asked() {
  const { owner, elsewhere, rig } = await listening();
  const arrived = new Promise<WebSocket>((resolve) => owner.once('connection', resolve));
  const client = await rig.hello({ resume: true, session: 'there', secret: 'secret' });
  const there = await arrived;
  await once(there, 'message');
  return { there, client, rig, elsewhere };
}

/** The same, when the owner has said that it has the session. */
async function scripted() {
  const { there, client } = await asked();
  there.send('{"type":"ready"}');
  await client.json('ready');
  return { there, client };
}

it('a client whose owner is lost loses its connection without a close code', async () => {
  const { there, client } = await scripted();
  there.terminate();
  expect((await client.closed).code).toBe(1006);
});

it.each([
  ['does not have the session', 'unknown'],
  ['is not there', 'unreachable'],
  ['does not answer', 'unreachable'],
])('a client gets what its server can offer if the owner %s', async (what, failed) => {
  const other = await startRig();
  const hung = createServer();
  afterTest(() => hung.close());
  await new Promise<void>((ready) => hung.listen(0, '127.0.0.1', ready));
  const address = hung.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const url = what === 'does not answer' ? `http://127.0.0.1:${port}` : other.address.url;
  if (what === 'is not there') await other.stop();
  const elsewhere = finding(at(url));
  const rig = await startRig({ elsewhere });
  const client = await rig.hello({ resume: true, session: 'gone', secret: 'secret' });
  client.say({ type: 'text', text: 'said before ready' });
  const ready = await client.json();
  expect(ready).toMatchObject({ type: 'ready', resumed: false });
  const session = await rig.host.opened.take();
  expect(await session.commands.take()).toEqual({ type: 'text', text: 'said before ready' });
  expect(elsewhere.asked).toEqual([undefined, failed]);
  expect(other.door.stats().sessionsOpened).toBe(0);
});

it('servers that believe in each other do not pass a client on for ever', async () => {
  let [there, here] = ['', ''];
  const one = await startRig({ elsewhere: { find: async ({ failed }) => (failed ? undefined : at(there)) } });
  const two = await startRig({ elsewhere: { find: async ({ failed }) => (failed ? undefined : at(here)) } });
  [here, there] = [one.address.url, two.address.url];
  const client = await one.hello({ resume: true, session: 'gone', secret: 'secret' });
  expect(await client.json()).toMatchObject({ type: 'ready', resumed: false });
  expect([one.door.stats().sessionsOpened, two.door.stats().sessionsOpened]).toEqual([1, 0]);
});

it('a client whose session is not there in time, with an owner that answers, has to come again', async () => {
  const { client, rig, elsewhere } = await asked();
  await rig.clock.advance(10_000);
  await expectEnd(client, 'OVERLOADED', 4429);
  expect(elsewhere.asked).toEqual([undefined]);
});

it('a client whose session has an owner that never answers has to come back to it', async () => {
  const { owner, resume } = await resumption();
  await owner.stop();
  const lasting = await startRig({ elsewhere: { find: async () => at(owner.address.url) } });
  const client = await lasting.hello(resume);
  await expectEnd(client, 'OVERLOADED', 4429);
  expect(lasting.door.stats().sessionsOpened).toBe(0);
});

it('a client that has left while its session was looked for disturbs no other client', async () => {
  const { owner, client: later, session, resume } = await resumption();
  const [asked, found] = [new AsyncQueue<string>(), new AsyncQueue<Owner>()];
  const slow = await startRig({
    elsewhere: {
      find({ session }) {
        asked.push(session);
        return found.take();
      },
    },
  });
  const client = await slow.hello(resume);
  await asked.take();
  client.socket.terminate();
  await until(() => slow.door.stats().connections === 0);
  found.push(at(owner.address.url));
  later.say({ type: 'text', text: 'still here' });
  expect(await session.commands.take()).toEqual({ type: 'text', text: 'still here' });
  expect([owner.door.stats().connections, slow.door.stats().sessionsOpened]).toEqual([1, 0]);
});

it('no client is passed on whose token is not accepted', async () => {
  const { sibling, elsewhere, resume } = await resumption({ token: 'right' }, { token: 'right' });
  const again = await sibling.hello({ ...resume, token: 'wrong' });
  await expectEnd(again, 'UNAUTHORISED', 4401);
  expect(elsewhere.asked).toEqual([]);
});

it('a client that sends faster than the owner reads is read no further, and nothing is lost', async () => {
  const { there, client } = await scripted();
  there.pause();

  const [messages, bytes] = [400, 60_000];
  for (let at = 0; at < messages; at++) client.socket.send(Buffer.alloc(bytes, at % 256));
  // What the kernels take is some megabytes; the rest waits at the client.
  let before = -1;
  while (before !== client.socket.bufferedAmount) {
    before = client.socket.bufferedAmount;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(before).toBeGreaterThan(messages * bytes * 0.2);

  const read: number[] = [];
  const all = new Promise<void>((resolve) => {
    there.on('message', (data) => {
      if (Buffer.isBuffer(data)) read.push(data[0] ?? -1);
      if (read.length === messages) resolve();
    });
  });
  there.resume();
  await all;
  expect(read).toEqual(Array.from({ length: messages }, (_, at) => at % 256));
});
