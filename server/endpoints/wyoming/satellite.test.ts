import { describe, expect, it } from 'vitest';
import { ParleyError } from '../../../machines/errors.ts';
import type { PublicState, SessionMessage } from '../../../machines/wire.ts';
import { afterTest } from '../../../test/support/after-test.ts';
import { WyomingListener, type WyomingPeer } from '../../../testing/loopback/mod.ts';
import { replyEnd, type ScriptedSession, until } from '../../door/door-test-util.ts';
import { FORMAT, SECOND, settled, startWyoming } from './wyoming-test-util.ts';

const RUN = { start_stage: 'wake', end_stage: 'tts', restart_on_end: true };
const CALLED = { start_stage: 'asr', end_stage: 'tts', restart_on_end: false };
const OUT = { rate: 24_000, width: 2, channels: 1 };

const state = (value: PublicState, generation = 1): SessionMessage => ({
  ...{ type: 'state', value, turn: generation, generation, seq: 1, at: 0 },
});
const reply = (text: string, generation = 1): SessionMessage => ({
  type: 'reply',
  turn: generation,
  generation,
  text,
});
const transcript = (text: string): SessionMessage => ({ type: 'transcript', turn: 1, text, final: true });

/** A satellite that the server has dialled, and its session. */
async function meet(run: object = RUN) {
  const satellite = await WyomingListener.start();
  afterTest(() => satellite.close());
  const { rig, log } = await startWyoming({ options: { satellites: [satellite.url] } });
  const peer = await satellite.server();
  await peer.next('describe');
  peer.send('info', { satellite: { name: 'shelf' }, snd: [] });
  peer.send('run-pipeline', run);
  const session = await rig.host.opened.take();
  await peer.next('transcribe');
  return { satellite, rig, log, peer, session };
}

/** Resolves when the server has read what the peer sent before. */
async function read(peer: WyomingPeer): Promise<void> {
  const before = peer.of('pong').length;
  peer.send('ping', { text: 'own' });
  await peer.next('pong', before);
}

const typesOf = (peer: WyomingPeer) =>
  peer.received.map(({ type }) => type).filter((type) => type !== 'pong');
const nothing = (session: ScriptedSession) => expect(session.commands.unread).toEqual([]);

describe('a satellite that Parley dials', () => {
  it('gets run-satellite, is heard, gets what was understood, and hears the reply', async () => {
    const { rig, peer, session } = await meet();
    expect(session.request).toMatchObject({ endpoint: 'wyoming-satellite', outputRate: 24_000 });
    peer.send('audio-start', FORMAT);
    peer.send('audio-chunk', FORMAT, SECOND.subarray(0, 3_200));
    expect((await session.heard.take()).bytes).toHaveLength(3_200);
    session.say({ type: 'speech', event: 'start', at: 100.4 });
    session.say({ type: 'speech', event: 'stop', at: 900 });
    session.say({ type: 'transcript', turn: 1, text: 'hel', final: false });
    session.say(transcript('hello'));
    session.say(state('processing'));
    session.say(reply('Good day.'));
    session.play(1, 0);
    session.play(1, 1);
    session.sent(1);
    await peer.next('audio-stop');
    expect(typesOf(peer)).toEqual([
      ...['run-satellite', 'describe', 'transcribe', 'voice-started', 'voice-stopped', 'transcript'],
      ...['synthesize', 'audio-start', 'audio-chunk', 'audio-chunk', 'audio-stop'],
    ]);
    expect(peer.of('voice-started')[0]?.data).toEqual({ timestamp: 100 });
    expect(peer.of('transcript')[0]?.data).toEqual({ text: 'hello' });
    expect(peer.of('synthesize')[0]?.data).toEqual({ text: 'Good day.' });
    expect(peer.of('audio-start')[0]?.data).toEqual({ ...OUT, timestamp: 0 });
    expect(peer.of('audio-chunk')[0]).toMatchObject({ data: OUT, payload: Buffer.alloc(960) });
    peer.send('played');
    expect(await session.commands.take()).toEqual({ type: 'played', generation: 1, samples: 960 });
    expect(rig.door.stats().openedAt).toEqual({ 'wyoming-satellite': 1 });
  });

  it('gets the end of the audio at once when the user interrupts, and its `played` of that counts for nothing', async () => {
    const { peer, session } = await meet();
    session.play(1, 0);
    session.say({ type: 'flush', generation: 1 });
    session.play(1, 1);
    session.say(replyEnd(1, 'interrupted', ''));
    session.play(2, 0);
    session.sent(2);
    await peer.next('audio-stop', 1);
    expect(typesOf(peer).slice(3)).toEqual([
      ...['audio-start', 'audio-chunk', 'audio-stop'],
      ...['audio-start', 'audio-chunk', 'audio-stop'],
    ]);
    peer.send('played');
    peer.send('played');
    expect(await session.commands.take()).toEqual({ type: 'played', generation: 2, samples: 480 });
    nothing(session);
  });

  it('gets the text of a reply that begins with a filler as soon as it is known', async () => {
    const { peer, session } = await meet();
    session.play(1, 0);
    session.say(reply('Good day.'));
    session.play(1, 1);
    session.play(1, 2);
    await peer.next('audio-chunk', 2);
    expect(typesOf(peer).slice(3)).toEqual([
      ...['audio-start', 'audio-chunk', 'synthesize', 'audio-chunk', 'audio-chunk'],
    ]);
  });

  it('interrupts with its wake word, and ends a voice stop with it', async () => {
    const { peer, session } = await meet(CALLED);
    peer.send('detection', { name: 'ok robot' });
    await read(peer);
    nothing(session);
    session.say(state('speaking'));
    peer.send('detection', { name: 'ok robot' });
    expect(await session.commands.take()).toEqual({ type: 'interrupt' });
    session.say(state('stopped'));
    nothing(session);
    peer.send('run-pipeline', CALLED);
    expect(await session.commands.take()).toEqual({ type: 'rearm' });
  });

  it('that always listens ends a voice stop at once', async () => {
    const { session } = await meet(RUN);
    session.say(state('stopped'));
    expect(await session.commands.take()).toEqual({ type: 'rearm' });
  });

  it('whose user called and says nothing learns after 10 s that nothing was said', async () => {
    const { rig, peer, session } = await meet(CALLED);
    await rig.clock.advance(9_999);
    expect(peer.of('transcript')).toEqual([]);
    await rig.clock.advance(1);
    expect((await peer.next('transcript')).data).toEqual({ text: '' });
    peer.send('run-pipeline', CALLED);
    await peer.next('transcribe', 1);
    session.say({ type: 'speech', event: 'start', at: 0 });
    await rig.clock.advance(20_000);
    await read(peer);
    expect(peer.of('transcript')).toHaveLength(1);
  });

  it('ends the user’s turn with audio-stop, and learns if nothing was said', async () => {
    const { peer, session } = await meet(CALLED);
    peer.send('audio-stop');
    expect(await session.commands.take()).toEqual({ type: 'commit' });
    const { code, message } = new ParleyError('NOTHING_TO_COMMIT');
    session.say({ type: 'error', code, message, fatal: false });
    expect((await peer.next('transcript')).data).toEqual({ text: '' });
    expect(peer.of('error')).toEqual([]);
    peer.send('transcript', { text: 'typed' });
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'typed' });
  });

  it('without a loudspeaker gets the reply in text', async () => {
    const { peer, session } = await meet({ ...CALLED, end_stage: 'handle' });
    expect(session.request).toMatchObject({ output: 'text' });
    session.say(reply('Good '));
    session.say(reply('day.'));
    session.say(replyEnd(1, 'completed', 'Good day.'));
    expect((await peer.next('handled')).data).toEqual({ text: 'Good day.' });
  });

  it('is asked whether it is there, and dialled again when it does not answer', async () => {
    const { satellite, rig, peer, session } = await meet();
    peer.answersPings = false;
    const { pingIntervalMs, pongTimeoutMs } = rig.door.limits;
    await rig.clock.advance(pingIntervalMs);
    await read(peer);
    await rig.clock.advance(pongTimeoutMs);
    await peer.closed;
    expect(peer.of('error').at(-1)).toMatchObject({ data: { code: 'SLOW_READER' } });
    expect(await session.closed).toBe('lost');
    await settled();
    await rig.clock.advance(500);
    const again = await satellite.server(1);
    again.send('run-pipeline', RUN);
    await rig.host.opened.take();
  });

  it('is dialled more and more rarely while it refuses', async () => {
    const satellite = await WyomingListener.start((server) => server.socket.destroy());
    afterTest(() => satellite.close());
    const { rig } = await startWyoming({ options: { satellites: [satellite.url] } });
    for (const [i, waitMs] of [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000].entries()) {
      await (await satellite.server(i)).closed;
      await settled();
      await rig.clock.advance(waitMs - 1);
      await settled();
      expect(satellite.servers).toHaveLength(i + 1);
      await rig.clock.advance(1);
    }
    await satellite.server(7);
  });

  it('gets another session after a pause when one ended with an error', async () => {
    const { rig, peer, session } = await meet();
    const { code, message } = new ParleyError('IDLE_TIMEOUT');
    session.say({ type: 'error', code, message, fatal: true });
    expect(await session.closed).toBe('lost');
    peer.send('audio-chunk', FORMAT, SECOND.subarray(0, 640));
    await read(peer);
    expect(rig.door.stats().sessionsOpened).toBe(1);
    await rig.clock.advance(2_000);
    peer.send('audio-chunk', FORMAT, SECOND.subarray(0, 640));
    await (await rig.host.opened.take()).heard.take();
  });

  it('rests while the server drains, and after it', async () => {
    const { rig, peer, session } = await meet();
    const drained = rig.door.drain();
    await peer.next('pause-satellite');
    await rig.clock.advance(rig.door.limits.drainGraceMs);
    expect(await session.closed).toBe('draining');
    await drained;
    await rig.stop();
    await peer.closed;
    expect(peer.of('error').map(({ data }) => data.code)).toEqual(['DRAINING']);
  });
});

describe('a satellite that connects', () => {
  it('has a conversation from its run-pipeline on, which ends with its connection', async () => {
    const { rig, connect } = await startWyoming();
    const peer = await connect();
    peer.send('run-pipeline', { ...RUN, snd_format: FORMAT });
    const session = await rig.host.opened.take();
    expect(session.request).toMatchObject({ endpoint: 'wyoming-satellite', outputRate: 16_000 });
    peer.send('audio-chunk', FORMAT, SECOND.subarray(0, 640));
    await session.heard.take();
    session.play(1, 0, new Uint8Array(640));
    await peer.next('audio-chunk');
    expect(peer.of('transcript-start')).toEqual([]);
    peer.socket.end();
    expect(await session.closed).toBe('lost');
    await peer.closed;
    await until(() => rig.door.stats().connections === 0);
  });

  it('is closed with its session', async () => {
    const { rig, connect } = await startWyoming();
    const peer = await connect();
    peer.send('run-pipeline', RUN);
    const session = await rig.host.opened.take();
    const { code, message } = new ParleyError('IDLE_TIMEOUT');
    session.say({ type: 'error', code, message, fatal: true });
    await peer.closed;
    expect(peer.of('error')).toMatchObject([{ data: { code: 'IDLE_TIMEOUT' } }]);
  });
});
