import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  closeCodeIn,
  collected,
  expectEnd,
  rawClient,
  rawFrame,
  startRig,
  startSession,
  until,
} from '../../door/door-test-util.ts';

const TEXT = 1;
const BINARY = 2;
const FRAME_20_MS = Buffer.alloc(640);

describe('the limits of the native protocol', () => {
  it.each([
    ['text that is not JSON', '{"type":', 'BAD_MESSAGE'],
    ['a hello with a bad field', '{"type":"hello","audio":{"inputRate":44100}}', 'BAD_HELLO'],
    [
      'G.711 at another rate',
      '{"type":"hello","audio":{"inputFormat":"alaw","inputRate":16000}}',
      'BAD_HELLO',
    ],
    ['a hello whose language is none', '{"type":"hello","language":"en; rm"}', 'BAD_HELLO'],
    ['a hello whose user is none', '{"type":"hello","user":"../anna"}', 'BAD_HELLO'],
    ['another message before hello', '{"type":"text","text":"hi"}', 'BAD_HELLO'],
    ['JSON that is not a message', '7', 'BAD_HELLO'],
  ])('closes with 4400 for %s', async (_what, text, code) => {
    const rig = await startRig();
    const client = await rig.connect().opened();
    client.say(text);
    await expectEnd(client, code, 4400);
  });

  it('names the bad field of a hello', async () => {
    const rig = await startRig();
    const client = await rig.hello({ audio: { outputRate: 8_000 } });
    expect((await client.json()).message).toMatch(/audio\.outputRate/);
  });

  it('closes with 4400 for audio before hello', async () => {
    const rig = await startRig();
    const client = await rig.connect().opened();
    client.socket.send(FRAME_20_MS);
    await expectEnd(client, 'AUDIO_BEFORE_HELLO', 4400);
  });

  it('closes with 4400 for invalid JSON after hello, and for an odd number of audio bytes', async () => {
    const rig = await startRig();
    const first = await rig.greet();
    first.client.say('text?');
    await expectEnd(first.client, 'BAD_MESSAGE', 4400);
    const second = await rig.greet();
    second.client.socket.send(Buffer.alloc(641));
    await expectEnd(second.client, 'BAD_MESSAGE', 4400);
    expect(await second.session.closed).toBe('lost');
  });

  it('closes with 4408 when no hello comes within 5 s', async () => {
    const rig = await startRig();
    const client = await rig.connect().opened();
    await rig.clock.advance(4_999);
    await client.pinged();
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    await rig.clock.advance(1);
    await expectEnd(client, 'HELLO_TIMEOUT', 4408);
  });

  it('closes with 4408 after too long without traffic in either direction, and not before', async () => {
    const { rig, client, session } = await startSession({ limits: { idleMs: 5_000 } });
    await rig.clock.advance(4_000);
    client.say({ type: 'interrupt' });
    await session.commands.take();
    await rig.clock.advance(4_000);
    session.say({ type: 'speech', event: 'start', at: 0 });
    expect(await client.json()).toMatchObject({ type: 'speech' });
    await rig.clock.advance(4_999);
    expect(client.received.unread).toEqual([]);
    await rig.clock.advance(1);
    await expectEnd(client, 'IDLE_TIMEOUT', 4408);
  });

  it.each([
    ['a wrong token', { token: 'guess' }],
    ['no token', {}],
    ['an empty token', { token: '' }],
  ])('closes with 4401 for %s', async (_what, fields) => {
    const rig = await startRig({ token: 'the right one' });
    const client = await rig.hello({ ...fields });
    await expectEnd(client, 'UNAUTHORISED', 4401);
    expect(rig.door.stats().sessionsOpened).toBe(0);
  });

  it('accepts the right token', async () => {
    const rig = await startRig({ token: 'the right one' });
    await rig.greet({ token: 'the right one' });
    expect(rig.door.stats()).toMatchObject({ sessions: 1, closes: {} });
  });

  it('closes with 4413 for a message of more than 64 KiB, whole or in fragments', async () => {
    const rig = await startRig();
    const whole = await rig.greet();
    whole.client.socket.send(Buffer.alloc(65_537));
    await expectEnd(whole.client, 'TOO_LARGE', 4413);
    const pieces = await rig.greet();
    for (let i = 0; i < 3; i++) pieces.client.socket.send(Buffer.alloc(30_000), { fin: false });
    await expectEnd(pieces.client, 'TOO_LARGE', 4413);
    await until(() => rig.door.stats().connections === 0);
    expect(rig.door.stats().closes).toEqual({ 4413: 2 });
  });

  it('accepts a message of exactly 64 KiB', async () => {
    const { client } = await startSession();
    client.say(JSON.stringify({ type: 'text', text: 'x'.repeat(65_536 - 25) }));
    expect(await client.json()).toMatchObject({ code: 'BAD_FIELD', fatal: false });
  });

  it('closes with 4400 for frames that break the WebSocket protocol', async () => {
    const rig = await startRig();
    const socket = await rawClient(rig.address);
    const received = collected(socket);
    socket.write(Buffer.from([0xf1, 0x80, 0, 0, 0, 0]));
    await once(socket, 'end');
    expect(closeCodeIn(received())).toBe(4400);
    socket.destroy();
  });

  it('closes with 4400 for invalid UTF-8, and for a message in too many fragments', async () => {
    const rig = await startRig();
    const latin1 = await rawClient(rig.address);
    const pieces = await rawClient(rig.address);
    const ends = [latin1, pieces].map(async (socket) => {
      const received = collected(socket);
      await once(socket, 'end');
      socket.destroy();
      return closeCodeIn(received());
    });
    latin1.write(rawFrame(TEXT, Buffer.from([0xe9, 0x21])));
    pieces.write(rawFrame(TEXT, '', { fin: false }));
    for (let i = 0; i < 1_100; i++) pieces.write(rawFrame(0, '', { fin: false }));
    expect(await Promise.all(ends)).toEqual([4400, 4400]);
  });

  it.each([
    ['an unknown type', '{"type":"sing"}', 'UNKNOWN_TYPE', /sing/],
    ['no type', '{"text":"hi"}', 'BAD_FIELD', /type/],
    ['a list', '[1]', 'BAD_FIELD', /type/],
    ['a missing field', '{"type":"text"}', 'BAD_FIELD', /text/],
    ['an empty text', '{"type":"text","text":"  "}', 'BAD_FIELD', /text/],
    [
      'a text that is too long',
      JSON.stringify({ type: 'text', text: 'x'.repeat(4_001) }),
      'BAD_FIELD',
      /text/,
    ],
    ['a negative count', '{"type":"played","generation":1,"samples":-1}', 'BAD_FIELD', /samples/],
    ['a second hello', '{"type":"hello"}', 'BAD_FIELD', /hello/],
    ['an inherited name', '{"type":"__proto__"}', 'UNKNOWN_TYPE', /__proto__/],
  ])('ignores %s with an error that is not fatal', async (_what, text, code, detail) => {
    const { client, session } = await startSession();
    client.say(text);
    const error = await client.json();
    expect(error).toMatchObject({ type: 'error', code, fatal: false });
    expect(error.message).toMatch(detail);
    client.say({ type: 'rearm' });
    expect(await session.commands.take()).toEqual({ type: 'rearm' });
  });

  it.each([
    ['shorter than 10 ms', 318],
    ['longer than 100 ms', 3_202],
    ['empty', 0],
  ])('ignores audio that is %s, and leaves no gap in the count of samples', async (_what, bytes) => {
    const { client, session } = await startSession();
    client.socket.send(FRAME_20_MS);
    client.socket.send(Buffer.alloc(bytes));
    client.socket.send(FRAME_20_MS);
    expect(await client.json()).toMatchObject({ code: 'BAD_FIELD', fatal: false });
    expect((await session.heard.take()).sample).toBe(0);
    expect((await session.heard.take()).sample).toBe(320);
  });

  it('closes with 4429 for audio faster than 1.2 times real time after a burst of 5 s', async () => {
    const { rig, client, session } = await startSession();
    for (let i = 0; i < 250; i++) client.socket.send(FRAME_20_MS);
    for (let i = 0; i < 250; i++) await session.heard.take();
    await rig.clock.advance(1_000);
    for (let i = 0; i < 60; i++) client.socket.send(FRAME_20_MS);
    for (let i = 0; i < 60; i++) await session.heard.take();
    expect(client.received.unread).toEqual([]);
    client.socket.send(FRAME_20_MS);
    await expectEnd(client, 'TOO_FAST', 4429);
  });

  it('accepts at once the audio that came while the server stalled, and no more', async () => {
    let stalledMs = 0;
    const rig = await startRig({ stalledMs: () => stalledMs });
    const { client, session } = await rig.greet();
    await rig.clock.advance(3_000);
    stalledMs = 3_000;
    // 5 s of burst, and 1.2 times 3 s.
    for (let i = 0; i < 430; i++) client.socket.send(FRAME_20_MS);
    for (let i = 0; i < 430; i++) expect((await session.heard.take()).sample).toBe(i * 320);
    client.socket.send(FRAME_20_MS);
    await expectEnd(client, 'TOO_FAST', 4429);
  });

  it('accepts audio in real time for any duration', async () => {
    const { rig, client, session } = await startSession();
    for (let i = 0; i < 1_000; i++) {
      client.socket.send(FRAME_20_MS);
      expect((await session.heard.take()).sample).toBe(i * 320);
      await rig.clock.advance(20);
    }
    expect(client.received.unread).toEqual([]);
  });

  it('closes with 4429 for a flood of messages, of pings or of ignored audio', async () => {
    const rig = await startRig({ limits: { messageBurst: 20 } });
    const texts = await rig.greet();
    for (let i = 0; i < 21; i++) texts.client.say({ type: 'interrupt' });
    await expectEnd(texts.client, 'TOO_FAST', 4429);
    const pings = await rig.greet();
    for (let i = 0; i < 21; i++) pings.client.socket.ping();
    await expectEnd(pings.client, 'TOO_FAST', 4429);
    const pongs = await rig.greet();
    for (let i = 0; i < 21; i++) pongs.client.socket.pong();
    await expectEnd(pongs.client, 'TOO_FAST', 4429);
    const scraps = await rig.greet();
    for (let i = 0; i < 21; i++) scraps.client.socket.send(Buffer.alloc(2));
    await expectEnd(scraps.client, 'TOO_FAST', 4429);
  });

  it('refuses a session beyond the limit with 4429, and accepts one again when there is room', async () => {
    const rig = await startRig({ limits: { sessions: 2 } });
    const first = await rig.greet();
    await rig.greet();
    const third = await rig.hello();
    await expectEnd(third, 'TOO_MANY', 4429);
    first.client.say({ type: 'bye' });
    await first.client.closed;
    await rig.greet();
    expect(rig.door.stats()).toMatchObject({ sessions: 2, sessionsOpened: 3 });
  });

  it('refuses the connection that has waited longest when too many wait, but no session', async () => {
    const { rig, client, session } = await startSession({ limits: { pendingConnections: 2 } });
    const first = await rig.connect().opened();
    await rig.connect().opened();
    const third = await rig.connect().opened();
    await expectEnd(first, 'TOO_MANY', 4429);
    third.say({ type: 'hello' });
    expect(await third.json()).toMatchObject({ type: 'ready' });
    client.say({ type: 'rearm' });
    expect(await session.commands.take()).toEqual({ type: 'rearm' });
  });

  it('drops a client that never finishes the closing handshake', async () => {
    const rig = await startRig();
    const stubborn = await rawClient(rig.address);
    stubborn.write(rawFrame(BINARY, FRAME_20_MS));
    await once(stubborn, 'data');
    expect(rig.door.stats().connections).toBe(1);
    await rig.clock.advance(1_000);
    await once(stubborn, 'close');
    await until(() => rig.door.stats().connections === 0);
    expect(rig.door.stats().closes).toEqual({ 4400: 1 });
  });

  it('keeps a session intact while others flood, stall and send invalid data', async () => {
    const { rig, client, session } = await startSession();
    const hostile = await Promise.all(
      Array.from({ length: 30 }, async () => (await rig.connect().opened()).socket),
    );
    for (const [i, socket] of hostile.entries()) {
      if (i % 3 === 0) socket.send(Buffer.alloc(100_000));
      else socket.send('{"type":"hello"}');
      for (let n = 0; n < 700; n++) socket.send(i % 2 === 0 ? Buffer.alloc(640, n) : '{"type":"x"}');
    }
    for (let i = 0; i < 50; i++) {
      client.socket.send(FRAME_20_MS);
      expect((await session.heard.take()).sample).toBe(i * 320);
      session.play(1, i);
      expect(await client.received.take()).toMatchObject({ kind: 'audio', seq: i });
      await rig.clock.advance(20);
    }
    await Promise.all(
      hostile.map(async (socket) => {
        if (socket.readyState !== socket.CLOSED) await once(socket, 'close');
      }),
    );
    await until(() => rig.door.stats().connections === 1);
    expect(rig.door.stats()).toMatchObject({ connections: 1, sessions: 1 });
    expect(Object.keys(rig.door.stats().closes).sort()).toEqual(['4413', '4429']);
  });
});
