import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { afterTest } from '../support/after-test.ts';
import type { ScriptedSession } from '../support/scripted-session-server.ts';
import { clientOf, connected, server, useScriptedServer } from './scene.ts';

useScriptedServer();

describe('the connection of the TypeScript client', () => {
  it('comes back by itself, after pauses that grow, and asks for its session', async () => {
    const { client, clock } = clientOf({ token: 'secret', language: 'en', voice: 'Ada' });
    const first = await connected(client);
    first.state('idle', 0, 0);
    await client.next('state');

    first.cut();
    const lost = await client.next('link');
    expect(lost).toMatchObject({ link: 'waiting', words: 'The connection to the server was lost.' });
    expect(lost.retryInMs).toBeGreaterThanOrEqual(125);
    expect(lost.retryInMs).toBeLessThanOrEqual(250);
    await clock.advance((lost.retryInMs ?? 0) - 1);
    expect(client.link).toBe('waiting');
    await clock.advance(1);
    expect(client.link).toBe('connecting');

    const second = await server.next();
    expect(second.all('hello')).toEqual([
      {
        type: 'hello',
        token: 'secret',
        audio: { inputRate: 16_000, outputRate: 24_000 },
        language: 'en',
        voice: 'Ada',
        resume: true,
        session: 'scripted',
        epoch: 1,
        lastSeq: 1,
      },
    ]);
    second.cut();
    const again = await client.next('link');
    expect(again.retryInMs).toBeGreaterThanOrEqual(250);
    await clock.advance(again.retryInMs ?? 0);
    const third = await server.next();
    third.ready({ session: 'other' });
    await client.next('ready');
    expect(client.session).toBe('other');
    third.cut();
    expect((await client.next('link')).retryInMs).toBeLessThanOrEqual(250);
  });

  it('waits as long as a server that refuses it says', async () => {
    const { client, clock } = clientOf();
    void client.connect().catch(() => {});
    const refused = await server.next();
    refused.say({ type: 'error', code: 'OVERLOADED', message: 'busy', fatal: true, retryAfterMs: 2_000 });
    refused.close(4429);
    const { retryInMs = 0 } = await client.next('link');
    expect(retryInMs).toBeGreaterThanOrEqual(2_000);
    expect(retryInMs).toBeLessThanOrEqual(3_000);
    await clock.advance(retryInMs);
    (await server.next()).ready();
    await client.next('ready');
  });

  it('goes to the server that one names, and back if that does not answer', async () => {
    const { client, clock } = clientOf();
    void client.connect().catch(() => {});
    const refused = await server.next();
    const busy = { type: 'error', code: 'OVERLOADED', message: 'busy', fatal: true } as const;
    refused.say({ ...busy, retryAfterMs: 2_000, server: 'ws://127.0.0.1:1' });
    refused.close(4429);
    const moving = await client.next('link');
    expect(moving.retryInMs).toBeLessThanOrEqual(250);
    await clock.advance(moving.retryInMs ?? 0);
    await expect.poll(() => client.link).toBe('waiting');
    await clock.advance(500);
    (await server.next()).ready();
    await client.next('ready');
  });

  it('gives a server that says nothing ten seconds', async () => {
    const { client, clock } = clientOf();
    const connecting = client.connect();
    const mute = await server.next();
    await clock.advance(9_999);
    expect(client.link).toBe('connecting');
    await clock.advance(1);
    expect(client.link).toBe('waiting');

    await clock.advance(250);
    const session = await server.next();
    session.ready();
    mute.ready({ session: 'too late' });
    expect((await connecting).session).toBe('scripted');
  });

  it('ends with the server’s code where another try cannot help', async () => {
    const { client } = clientOf();
    const connecting = client.connect();
    const session = await server.next();
    session.say({ type: 'error', code: 'UNAUTHORISED', message: 'the token is not accepted', fatal: true });
    session.close(4401);

    await expect(connecting).rejects.toMatchObject({
      name: 'ConnectionEnded',
      code: 'UNAUTHORISED',
      closeCode: 4401,
    });
    expect(client.link).toBe('offline');
  });

  it('ends with the first loss if it shall not reconnect', async () => {
    const { client } = clientOf({ reconnect: false });
    const session = await connected(client);
    const reply = client.next('reply.end');
    session.cut();

    await expect(reply).rejects.toMatchObject({ code: 'CLOSED', closeCode: 1006 });
  });

  it('says bye when it is closed, even before it was ready', async () => {
    const { client } = clientOf();
    const session = await connected(client);
    client.close();
    await session.until(({ received }) => received.length > 1);
    expect(session.received.at(-1)).toEqual({ type: 'bye' });

    const connecting = client.connect();
    client.close();
    await expect(connecting).rejects.toMatchObject({ code: 'CLOSED' });
    expect(client.link).toBe('offline');
  });

  it('takes no message for a connection that the server is closing', async () => {
    const { client } = clientOf();
    const session = await connected(client);
    const lost = client.next('link');
    // The close frame is read before the end of the connection.
    session.raw(Buffer.alloc(0));
    session.close(4503);
    const taken: boolean[] = [];
    while (client.link === 'connected') {
      taken.push(client.text('hello'));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await lost;

    expect(session.all('text').length).toBe(taken.filter(Boolean).length);
  });

  it('gives a new session the settings of the lost one, and a resumed one none', async () => {
    const { client, clock } = clientOf();
    client.settings({ instructions: 'Be brief.' });
    const first = await connected(client);
    client.settings({ turnDetection: { mode: 'manual' } });
    await first.until((session) => session.all('settings').length === 2);
    first.cut();
    await clock.advance((await client.next('link')).retryInMs ?? 0);
    const resumed = await server.next();
    resumed.ready({ resumed: true });
    await client.next('ready');
    client.text('hello');
    await resumed.until((session) => session.received.length === 2);
    expect(resumed.received[1]).toEqual({ type: 'text', text: 'hello' });

    resumed.cut();
    await clock.advance((await client.next('link')).retryInMs ?? 0);
    const other = await server.next();
    other.ready();
    await other.until((session) => session.received.length === 2);
    const settings = { instructions: 'Be brief.', turnDetection: { mode: 'manual' } };
    expect(other.received[1]).toEqual({ type: 'settings', ...settings });
  });
});

describe('the voice stop of the TypeScript client', () => {
  async function lostWhileStopped() {
    const { client, clock } = clientOf();
    const session = await connected(client);
    client.halt();
    await session.until((one) => one.all('halt').length === 1);
    session.state('stopped', 0, 0);
    await client.next('state');
    session.cut();
    const { retryInMs = 0 } = await client.next('link');
    return { client, clock, retryInMs };
  }

  it('is sent again after a connection that broke before the server confirmed it', async () => {
    const { client, clock } = clientOf();
    const session = await connected(client);
    client.halt();
    session.close(4503);
    const { retryInMs = 0 } = await client.next('link');
    await clock.advance(retryInMs);
    const again = await server.next();
    again.ready({ resumed: true, epoch: 2 });
    await again.until(({ received }) => received.length > 1);

    expect(again.received[1]).toEqual({ type: 'halt' });
  });

  it('stays in force in the session after a lost one', async () => {
    const { clock, retryInMs } = await lostWhileStopped();
    await clock.advance(retryInMs);
    const again = await server.next();
    again.ready();
    await again.until(({ received }) => received.length > 1);

    expect(again.received[1]).toEqual({ type: 'halt' });
  });

  it('ends there if it was taken back meanwhile', async () => {
    const { client, clock, retryInMs } = await lostWhileStopped();
    expect(client.rearm()).toBe(false);
    await clock.advance(retryInMs);
    const again = await server.next();
    again.ready();
    await client.next('ready');
    client.text('hello');
    await again.until(({ received }) => received.length > 1);

    expect(again.all('halt')).toEqual([]);
  });

  it('cannot be pressed where there is no session at all', () => {
    const { client } = clientOf();
    expect(client.halt()).toBe(false);
  });
});

describe('audio to the server', () => {
  it('leaves in messages of 20 ms, whatever it is supplied in', async () => {
    const { client } = clientOf();
    const session = await connected(client);
    const samples = Int16Array.from({ length: 1_000 }, (_, i) => i);
    client.audio(samples.subarray(0, 7));
    client.audio(samples.subarray(7, 990));
    client.audio(samples.subarray(990));
    await session.until(({ audio }) => audio.length === 3);

    expect(session.audio.map(({ byteLength }) => byteLength)).toEqual([640, 640, 640]);
    expect(session.samples()).toEqual(samples.subarray(0, 960));
  });

  it('leaves in messages of 40 ms if the client has asked for them', async () => {
    const { client } = clientOf({ frameMs: 40 });
    const session = await connected(client);
    client.audio(new Int16Array(1_300));
    await session.until(({ audio }) => audio.length === 2);

    expect(session.all('hello')).toMatchObject([{ audio: { frameMs: 40 } }]);
    expect(session.audio.map(({ byteLength }) => byteLength)).toEqual([1_280, 1_280]);
  });

  it('is spoken in real time, with silence after it', async () => {
    const { client, clock } = clientOf({ inputRate: 8_000 });
    const session = await connected(client);
    const spoken = client.speak(new Int16Array(800).fill(5), { silenceMs: 60 });
    await clock.advance(59);
    await session.until(({ audio }) => audio.length === 3);
    expect(session.audio).toHaveLength(3);
    await clock.advance(101);
    await spoken;
    await session.until(({ audio }) => audio.length === 8);

    expect([...session.samples()]).toEqual([...Array(800).fill(5), ...Array(480).fill(0)]);
  });
});

describe('a reply’s audio', () => {
  const FRAME = 480;

  /** Sends this many frames of `generation`, and waits until the client has them. */
  async function frames(client: ParleyClient, session: ScriptedSession, generation: number, count: number) {
    for (let seq = 0; seq < count; seq++) session.frame(generation, seq);
    const arrived = new Promise<void>((resolve) => {
      const stop = client.on('frame', ({ seq }) => {
        if (seq < count - 1) return;
        stop();
        resolve();
      });
    });
    await arrived;
  }

  it('is played in real time, and what was played is reported to the sample', async () => {
    const { client, clock } = clientOf();
    const session = await connected(client);
    await frames(client, session, 1, 10);

    await clock.advance(120);
    session.say({ type: 'playback', generation: 1, state: 'paused' });
    await client.next('playback');
    await clock.advance(500);
    session.say({ type: 'playback', generation: 1, state: 'playing' });
    await client.next('playback');
    await clock.advance(50);
    session.say({ type: 'flush', generation: 1 });
    await client.next('flush');
    await clock.advance(1_000);
    await frames(client, session, 2, 1);
    await clock.advance(100);
    await session.until((one) => one.played(2).length > 0);

    expect(session.played(1)).toEqual([2_400, 2_880, 4_080]);
    expect(session.played(2)).toEqual([FRAME]);
  });

  it('waits for its reader', async () => {
    const { client, clock } = clientOf();
    const session = await connected(client);
    const { output } = client;
    await frames(client, session, 1, 150);
    await clock.advance(3_100);
    client.text('played so far');
    await session.until((one) => one.all('text').length === 1);
    const stuck = session.played(1).at(-1) ?? 0;
    expect(stuck * 2).toBeLessThanOrEqual(output.readableHighWaterMark + 2 * FRAME);

    const bytes: Buffer[] = [];
    output.on('data', (data: Buffer) => bytes.push(data));
    await clock.advance(3_100);
    await session.until((one) => one.played(1).at(-1) === 3 * 50 * FRAME);
    client.close();
    await once(output, 'end');
    expect(Buffer.concat(bytes).byteLength).toBe(3 * 50 * FRAME * 2);
  });
});

it('works with Node’s own WebSocket where there is one', async () => {
  const { WebSocket } = await import('ws');
  const had = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
  let opened = 0;
  class Own extends WebSocket {
    constructor(url: string, protocol: string) {
      super(url, protocol);
      opened++;
    }
  }
  Object.defineProperty(globalThis, 'WebSocket', { value: Own, configurable: true, writable: true });
  afterTest(() => {
    if (had) Object.defineProperty(globalThis, 'WebSocket', had);
    else Reflect.deleteProperty(globalThis, 'WebSocket');
  });
  await connected(clientOf().client);
  expect(opened).toBe(1);
});
