import { describe, expect, it } from 'vitest';
import { decodeG711, encodeG711 } from '../../../adapters/g711.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { STOP_IN_FORCE_MS } from '../../../machines/wire.ts';
import { userToken } from '../../door/access.ts';
import { startRig, startSession, until } from '../../door/door-test-util.ts';

describe('a session through the door', () => {
  it('answers hello with ready, before any message of the session', async () => {
    const rig = await startRig();
    rig.host.beforeOpen = (_request, session) =>
      session.say({ type: 'state', value: 'idle', turn: 0, generation: 0, seq: 0, at: 0 });
    const client = await rig.hello({ audio: { outputRate: 16_000 }, language: 'de', voice: 'anna' });
    const { request } = await rig.host.opened.take();
    expect(await client.json()).toEqual({
      type: 'ready',
      session: request.session,
      epoch: 1,
      resumed: false,
      audio: { inputRate: 16_000, outputRate: 16_000 },
    });
    expect(await client.json()).toMatchObject({ type: 'state', value: 'idle' });
    expect(request).toMatchObject({ language: 'de', voice: 'anna', outputRate: 16_000 });
    expect(request.session).toMatch(/^[\w-]{36}$/);
  });

  it('repeats in ready what the client asked for other than audio and unreported actions', async () => {
    const rig = await startRig();
    const client = await rig.hello({ input: 'text', output: 'text', actions: 'results', ear: 'reports' });
    const { request } = await rig.host.opened.take();
    expect(await client.json()).toMatchObject({
      ...{ type: 'ready', input: 'text', output: 'text', actions: 'results' },
    });
    expect(request).toMatchObject({ input: 'text', output: 'text', results: true, earReports: true });
  });

  it('passes on who speaks, if the token may say so', async () => {
    const rig = await startRig({ token: 'long enough' });
    await rig.hello({ token: 'long enough', user: 'anna' });
    const { request } = await rig.host.opened.take();
    expect(request.user).toBe('anna');
    const token = userToken('ben', 'long enough');
    await rig.hello({ token });
    expect((await rig.host.opened.take()).request.user).toBe('ben');
    const client = await rig.hello({ token, user: 'anna' });
    expect(await client.json()).toMatchObject({ code: 'UNAUTHORISED', fatal: true });
  });

  it('refuses a hello with an unknown way to talk', async () => {
    const rig = await startRig();
    const client = await rig.hello({ output: 'video' });
    expect(await client.json()).toMatchObject({ code: 'BAD_HELLO', fatal: true });
  });

  it('answers the first audio of a client that said that it sends none, and ignores it all', async () => {
    const { client, session } = await startSession({}, { input: 'text' });
    session.audio = () => {
      throw new Error('audio reached the session');
    };
    for (let i = 0; i < 3; i++) client.socket.send(Buffer.alloc(640));
    client.say({ type: 'text', text: 'hello' });
    expect(await client.json()).toMatchObject({ type: 'error', code: 'AUDIO_NOT_TAKEN', fatal: false });
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'hello' });
    session.say({ type: 'reply', turn: 1, generation: 1, text: 'Hi.' });
    expect(await client.json()).toMatchObject({ type: 'reply' });
  });

  it('refuses a tool whose schema is nested thousands of levels deep, and goes on', async () => {
    const { client, session } = await startSession();
    const schema = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
    client.say(`{"type":"settings","tools":[{"name":"go","description":"","parameters":${schema}}]}`);
    expect(await client.json()).toMatchObject({ code: 'BAD_FIELD', fatal: false });
    client.say({ type: 'text', text: 'so' });
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'so' });
  });

  it('forwards results of actions, and refuses those that are too large, too deep or incomplete', async () => {
    const { client, session } = await startSession({}, { actions: 'results' });
    const result = { type: 'action.result', id: '1-a', status: 'failed' };
    const whole = { ...result, message: 'blocked', data: { at: { x: 1 } } };
    client.say({ ...whole, extra: true });
    expect(await session.commands.take()).toEqual(whole);
    const deep = JSON.stringify({ ...result, data: {} }).replace(
      '{}',
      '{"a":'.repeat(5_000) + '}'.repeat(5_000),
    );
    for (const wrong of [
      { ...result, status: 'started' },
      { ...result, id: '' },
      { ...result, message: 'x'.repeat(1_001) },
      { ...result, data: { text: 'x'.repeat(4_000) } },
      deep.replace('{"a":}', '{}'),
      { ...result, data: ['a list'] },
    ]) {
      client.say(wrong);
      expect(await client.json()).toMatchObject({ code: 'BAD_FIELD', fatal: false });
    }
    client.say({ type: 'text', text: 'so' });
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'so' });
  });

  it('gives a client that wants to resume a new session, and reports that', async () => {
    const rig = await startRig();
    const client = await rig.hello({ session: 'an-old-one', epoch: 3, lastSeq: 17 });
    const ready = await client.json();
    expect(ready).toMatchObject({ type: 'ready', epoch: 1, resumed: false });
    expect(ready.session).not.toBe('an-old-one');
  });

  it('uses the server’s language and voice by default', async () => {
    const { session } = await startSession({ language: 'fr', voice: 'marie' });
    expect(session.request).toMatchObject({ language: 'fr', voice: 'marie', outputRate: 24_000 });
  });

  it('forwards the client’s messages to the session, known fields only', async () => {
    const { client, session } = await startSession();
    client.say({ type: 'text', text: 'wave', extra: true });
    client.say({ type: 'played', generation: 2, samples: 480 });
    for (const type of ['interrupt', 'halt', 'rearm']) client.say({ type });
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'wave' });
    expect(await session.commands.take()).toEqual({ type: 'played', generation: 2, samples: 480 });
    expect(await session.commands.take()).toEqual({ type: 'interrupt' });
    expect(await session.commands.take()).toEqual({ type: 'halt' });
    expect(await session.commands.take()).toEqual({ type: 'rearm' });
  });

  it('forwards audio, counted in samples from the session’s first', async () => {
    const { client, session } = await startSession();
    client.socket.send(Buffer.alloc(640, 1));
    client.socket.send(Buffer.alloc(3_200, 2));
    client.socket.send(Buffer.alloc(320, 3));
    expect(await session.heard.take()).toEqual({ sample: 0, bytes: Buffer.alloc(640, 1) });
    expect(await session.heard.take()).toMatchObject({ sample: 320 });
    expect(await session.heard.take()).toMatchObject({ sample: 1920 });
  });

  it('resamples audio of another rate to 16 kHz and counts the resulting samples', async () => {
    const { client, session } = await startSession({}, { audio: { inputRate: 48_000 } });
    for (let i = 0; i < 2; i++) client.socket.send(Buffer.alloc(1_920));
    const first = await session.heard.take();
    expect(first).toMatchObject({ sample: 0 });
    expect(first.bytes.byteLength).toBe(640);
    expect(await session.heard.take()).toMatchObject({ sample: 320 });
  });

  it.each([
    ['mulaw', 'mu'],
    ['alaw', 'a'],
  ] as const)(
    'takes G.711 as %s: 8 bits a sample, at 8 kHz without an inputRate',
    async (inputFormat, law) => {
      const rig = await startRig();
      const client = await rig.hello({ audio: { inputFormat } });
      const session = await rig.host.opened.take();
      expect(await client.json()).toMatchObject({ type: 'ready', audio: { inputRate: 8_000 } });
      const bytes = encodeG711(
        law,
        Int16Array.from({ length: 161 }, (_, i) => 200 * i - 16_000),
      );
      client.socket.send(bytes);
      client.socket.send(bytes);
      const decoded = decodeG711(law, bytes);
      const { sample, bytes: heard } = await session.heard.take();
      expect(sample).toBe(0);
      // The rig's resampler repeats samples.
      expect([...new Int16Array(Uint8Array.from(heard).buffer)]).toEqual(
        [...decoded].flatMap((one) => [one, one]),
      );
      expect((await session.heard.take()).sample).toBe(322);
    },
  );

  it('queues the client’s messages between hello and ready for the session, in order', async () => {
    const rig = await startRig();
    let open = () => {};
    rig.host.beforeOpen = () =>
      new Promise<void>((resolve) => {
        open = resolve;
      });
    const client = await rig.hello();
    client.socket.send(Buffer.alloc(640));
    client.say({ type: 'text', text: 'hello' });
    client.say({ type: 'nonsense' });
    expect(await client.json()).toMatchObject({ code: 'UNKNOWN_TYPE' });
    open();
    const session = await rig.host.opened.take();
    expect(await client.json()).toMatchObject({ type: 'ready' });
    expect(await session.heard.take()).toMatchObject({ sample: 0 });
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'hello' });
  });

  it('sends the session’s messages and audio in the order in which they were published', async () => {
    const { client, session } = await startSession();
    session.say({ type: 'reply', turn: 1, generation: 1, text: 'Grüß Gott 👋' });
    session.play(1, 0);
    session.say({ type: 'playback', generation: 1, state: 'paused' });
    session.play(1, 1, new Uint8Array(320));
    expect(await client.received.take()).toEqual({
      kind: 'json',
      message: { type: 'reply', turn: 1, generation: 1, text: 'Grüß Gott 👋' },
    });
    expect(await client.received.take()).toEqual({ kind: 'audio', generation: 1, seq: 0, bytes: 960 });
    expect(await client.received.take()).toMatchObject({ kind: 'json', message: { type: 'playback' } });
    expect(await client.received.take()).toEqual({ kind: 'audio', generation: 1, seq: 1, bytes: 320 });
  });

  it('drops audio of flushed generations and older ones', async () => {
    const { rig, client, session } = await startSession();
    session.play(2, 0);
    session.say({ type: 'flush', generation: 2 });
    session.play(2, 1);
    session.play(1, 9);
    session.say({ type: 'flush', generation: 1 });
    session.play(2, 2);
    session.play(3, 0);
    expect(await client.received.take()).toMatchObject({ kind: 'audio', generation: 2, seq: 0 });
    expect(await client.received.take()).toMatchObject({ message: { type: 'flush', generation: 2 } });
    expect(await client.received.take()).toMatchObject({ message: { type: 'flush', generation: 1 } });
    expect(await client.received.take()).toMatchObject({ kind: 'audio', generation: 3, seq: 0 });
    expect(rig.door.stats().staleAudio).toBe(3);
  });

  it('stops a session directly, without a turn of the event loop', async () => {
    const { rig, client, session } = await startSession();
    session.onCommand = () => {
      session.say({ type: 'flush', generation: 1 });
      session.say({ type: 'state', value: 'stopped', turn: 1, generation: 1, seq: 1, at: 5 });
    };
    session.play(1, 0);
    client.say({ type: 'halt' });
    expect(await client.received.take()).toMatchObject({ kind: 'audio' });
    expect(await client.json()).toEqual({ type: 'flush', generation: 1 });
    expect(await client.json()).toMatchObject({ type: 'state', value: 'stopped' });
    await rig.clock.advance(STOP_IN_FORCE_MS);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    expect(rig.door.stats()).toMatchObject({ stops: 1, stopsFailed: 0 });
  });

  it('treats a stop of a stopped session as effective', async () => {
    const { rig, client, session } = await startSession();
    session.say({ type: 'state', value: 'stopped', turn: 1, generation: 1, seq: 1, at: 5 });
    client.say({ type: 'halt' });
    await session.commands.take();
    await rig.clock.advance(1_000);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    expect(rig.door.stats().stopsFailed).toBe(0);
  });

  it('ends a session that does not stop within 50 ms, and drops its audio meanwhile', async () => {
    const { rig, client, session } = await startSession();
    client.say({ type: 'halt' });
    await session.commands.take();
    session.play(1, 0);
    await rig.clock.advance(STOP_IN_FORCE_MS - 1);
    session.play(1, 1);
    expect(rig.door.stats()).toMatchObject({ stopsFailed: 0, audioMessagesOut: 0 });
    await rig.clock.advance(1);
    expect(await client.received.take()).toMatchObject({
      message: { type: 'error', code: 'STOP_FAILED', fatal: true },
    });
    expect((await client.closed).code).toBe(1011);
    expect(await session.closed).toBe('lost');
    expect(rig.door.stats().stopsFailed).toBe(1);
  });

  it('sends the session’s last messages after bye, then closes normally', async () => {
    const { client, session } = await startSession();
    session.lastWords = () =>
      session.say({ type: 'state', value: 'idle', turn: 1, generation: 0, seq: 9, at: 5 });
    client.say({ type: 'bye' });
    expect(await session.commands.take()).toEqual({ type: 'bye' });
    expect(await client.json()).toMatchObject({ type: 'state', seq: 9 });
    expect(await client.closed).toEqual({ code: 1000, reason: 'bye' });
    expect(await session.closed).toBe('bye');
  });

  it('closes after bye even if the session never does', async () => {
    const { rig, client, session } = await startSession();
    session.lastWords = () => new Promise(() => {});
    client.say({ type: 'bye' });
    await session.commands.take();
    await rig.clock.advance(1_000);
    expect((await client.closed).code).toBe(1000);
    await rig.clock.advance(10_000);
    await until(() => rig.door.stats().sessions === 0);
  });

  it('understands a bye before ready', async () => {
    const rig = await startRig();
    const client = await rig.hello();
    client.say({ type: 'bye' });
    const session = await rig.host.opened.take();
    expect(await session.commands.take()).toEqual({ type: 'bye' });
    expect(await session.closed).toBe('bye');
    expect((await client.closed).code).toBe(1000);
  });

  it('closes the socket when the session ends by itself', async () => {
    const { client, session } = await startSession();
    session.say({ type: 'state', value: 'ended', turn: 1, generation: 1, seq: 9, at: 5 });
    expect(await client.json()).toMatchObject({ value: 'ended' });
    expect((await client.closed).code).toBe(1000);
    expect(await session.closed).toBe('bye');
  });

  it('closes with the code for a fatal error of the session', async () => {
    const { client, session } = await startSession();
    session.say({ type: 'error', code: 'EPOCH_SUPERSEDED', message: 'elsewhere', fatal: true });
    expect(await client.json()).toMatchObject({ type: 'error', code: 'EPOCH_SUPERSEDED' });
    expect(await client.closed).toEqual({ code: 4409, reason: 'EPOCH_SUPERSEDED' });
  });

  it('closes the session when the socket closes for any reason', async () => {
    const rig = await startRig();
    const clean = await rig.greet();
    clean.client.socket.close(1000);
    expect(await clean.session.closed).toBe('lost');
    const torn = await rig.greet();
    torn.client.socket.terminate();
    expect(await torn.session.closed).toBe('lost');
  });

  it('closes a session that opens only after its client has left', async () => {
    const rig = await startRig();
    let open = () => {};
    const opening = new Promise<void>((asked) => {
      rig.host.beforeOpen = () =>
        new Promise<void>((resolve) => {
          open = resolve;
          asked();
        });
    });
    const client = await rig.hello();
    await opening;
    client.socket.close();
    await client.closed;
    open();
    const session = await rig.host.opened.take();
    expect(await session.closed).toBe('lost');
  });

  it('reports why a session cannot be opened, and accepts the next', async () => {
    const rig = await startRig({ limits: { sessions: 1 } });
    rig.host.beforeOpen = () => {
      throw new ParleyError('TOO_MANY', 'the host is full');
    };
    const refused = await rig.hello();
    expect(await refused.json()).toMatchObject({ type: 'error', code: 'TOO_MANY', fatal: true });
    expect((await refused.closed).code).toBe(4429);
    rig.host.beforeOpen = () => {
      throw new TypeError('a defect');
    };
    const failed = await rig.hello();
    expect(await failed.json()).toMatchObject({ code: 'INTERNAL' });
    expect((await failed.closed).code).toBe(1011);
    rig.host.beforeOpen = () => {};
    await rig.greet();
  });

  it('limits the time for a session to open', async () => {
    const rig = await startRig();
    let giveUp = () => {};
    const asked = new Promise<void>((told) => {
      rig.host.beforeOpen = () =>
        new Promise<void>((resolve) => {
          giveUp = resolve;
          told();
        });
    });
    const client = await rig.hello();
    await asked;
    await rig.clock.advance(10_000);
    expect(await client.json()).toMatchObject({ code: 'INTERNAL', fatal: true });
    expect((await client.closed).code).toBe(1011);
    expect(rig.door.stats().sessions).toBe(0);
    giveUp();
    expect(await (await rig.host.opened.take()).closed).toBe('lost');
  });
});
