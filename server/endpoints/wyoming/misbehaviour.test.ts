import { describe, expect, it } from 'vitest';
import { ParleyError } from '../../../machines/errors.ts';
import { afterTest } from '../../../test/support/after-test.ts';
import { WyomingPeer } from '../../../testing/loopback/mod.ts';
import { until } from '../../door/door-test-util.ts';
import { FORMAT, SECOND, settled, startWyoming } from './wyoming-test-util.ts';

const SPEAK = { text: 'Hello.' };

describe('a Wyoming client that misbehaves', () => {
  it.each([
    ['a field of another type', 'synthesize', { text: 1 }, 'BAD_FIELD', /^.*synthesize\.text: /],
    ['SSML', 'synthesize', { text: 'x', text_format: 'ssml' }, 'BAD_FIELD', /SSML/],
    ['a text that is too long', 'synthesize', { text: 'x'.repeat(16_001) }, 'BAD_FIELD', /16000/],
    ['a language that is none', 'transcribe', { language: '!' }, 'BAD_FIELD', /language tag/],
    ['a rate that is none', 'audio-start', { ...FORMAT, rate: 1 }, 'BAD_FIELD', /rate/],
    ['an empty turn', 'transcript', { text: ' ' }, 'BAD_FIELD', /empty/],
    [
      'a stage that is none',
      'run-pipeline',
      { start_stage: 'x', end_stage: 'tts' },
      'BAD_FIELD',
      /start_stage/,
    ],
    ['audio without a start', 'audio-chunk', FORMAT, 'BAD_MESSAGE', /without audio-start/],
    ['an end without a start', 'audio-stop', {}, 'BAD_MESSAGE', /without audio-start/],
    [
      'a chunk without a stream',
      'synthesize-chunk',
      { text: 'x' },
      'BAD_MESSAGE',
      /without synthesize-start/,
    ],
  ])('by %s gets an error, and goes on', async (_what, type, data, code, text) => {
    const peer = await (await startWyoming()).connect();
    peer.send(type, data, type === 'audio-chunk' ? SECOND.subarray(0, 640) : undefined);
    expect((await peer.next('error')).data).toEqual({ code, text: expect.stringMatching(text) });
    peer.send('synthesize', SPEAK);
    await peer.next('audio-stop');
  });

  it('by events in the wrong order gets errors, and its requests are answered', async () => {
    const peer = await (await startWyoming()).connect();
    peer.send('audio-start', FORMAT);
    peer.send('audio-start', FORMAT);
    peer.send('audio-chunk', { ...FORMAT, rate: 8_000 }, SECOND.subarray(0, 640));
    peer.send('audio-chunk', FORMAT, SECOND.subarray(0, 641));
    peer.send('audio-stop');
    await peer.next('transcript-stop');
    peer.send('synthesize-start');
    peer.send('synthesize-start');
    peer.send('synthesize-chunk', { text: 'x'.repeat(10_000) });
    peer.send('synthesize-chunk', { text: 'x'.repeat(10_000) });
    await peer.next('synthesize-stopped');
    expect(peer.of('error').map(({ data }) => data.code)).toEqual([
      ...['BAD_MESSAGE', 'BAD_FIELD', 'BAD_FIELD', 'BAD_MESSAGE', 'BAD_FIELD'],
    ]);
  });

  it.each([
    ['HTTP, as from a page', 'POST / HTTP/1.1\r\nHost: x\r\n\r\n{"type":"synthesize"}\n', 'BAD_MESSAGE'],
    ['a header without end', 'x'.repeat(70_000), 'TOO_LARGE'],
    ['a huge payload', '{"type":"audio-chunk","payload_length":1000000000}\n', 'TOO_LARGE'],
  ])('by %s gets an error and is closed, and others are not', async (_what, text, code) => {
    const { rig, connect } = await startWyoming();
    const [peer, other] = [await connect(), await connect()];
    peer.socket.write(text);
    await peer.closed;
    expect(peer.received).toMatchObject([{ type: 'error', data: { code } }]);
    other.send('synthesize', SPEAK);
    await other.next('audio-stop');
    await until(() => rig.door.stats().connections === 1);
  });

  it('by a flood of events is closed with TOO_FAST, and others are not', async () => {
    const { rig, connect } = await startWyoming({
      rig: { limits: { messageBurst: 20, messagesPerSecond: 1 } },
    });
    const [peer, other] = [await connect(), await connect()];
    for (let i = 0; i < 30; i++) peer.send('audio-chunk', FORMAT, SECOND.subarray(0, 2));
    await peer.closed;
    expect(peer.received.at(-1)).toMatchObject({ type: 'error', data: { code: 'TOO_FAST' } });
    other.send('synthesize', SPEAK);
    await other.next('audio-stop');
    expect(rig.door.stats().closes).toEqual({ 4429: 1 });
  });

  it('by a flood of requests gets TOO_FAST for those beyond the limit, each with its end', async () => {
    const { connect } = await startWyoming({ rig: { limits: { turnBurst: 3 } } });
    const peer = await connect();
    for (let i = 0; i < 5; i++) peer.send('synthesize', SPEAK);
    await peer.next('audio-stop', 4);
    expect(peer.of('audio-start')).toHaveLength(3);
    expect(peer.of('error').map(({ data }) => data.code)).toEqual(['TOO_FAST', 'TOO_FAST']);
  });

  it('while the server has too much to do gets OVERLOADED', async () => {
    const gates = [() => new ParleyError('OVERLOADED', 'really')];
    const peer = await (await startWyoming({ rig: { gates } })).connect();
    peer.send('transcript', { text: 'hello' });
    await peer.next('not-handled');
    expect(peer.of('error')).toMatchObject([
      { data: { code: 'OVERLOADED', text: expect.stringMatching(/; try again in 2 s$/) } },
    ]);
  });

  it('by speech without end is closed', async () => {
    const peer = await (await startWyoming()).connect();
    peer.send('audio-start', FORMAT);
    for (let i = 0; i < 61; i++) peer.send('audio-chunk', FORMAT, SECOND);
    await peer.closed;
    expect(peer.of('error')).toMatchObject([{ data: { code: 'TOO_LARGE' } }]);
  });

  it('by audio of a satellite that comes too fast loses its session and connection', async () => {
    const { rig, connect } = await startWyoming();
    const peer = await connect();
    peer.send('run-pipeline', { start_stage: 'asr', end_stage: 'tts' });
    const session = await rig.host.opened.take();
    for (let i = 0; i < 6; i++) peer.send('audio-chunk', FORMAT, SECOND);
    expect(await session.closed).toBe('lost');
    await peer.closed;
    expect(peer.of('error')).toMatchObject([{ data: { code: 'TOO_FAST' } }]);
  });

  it('by half an event is closed after a while, and by silence later', async () => {
    const { rig, connect } = await startWyoming();
    const [half, silent] = [await connect(), await connect()];
    silent.send('describe');
    await silent.next('info');
    half.socket.write('{"type":"desc');
    half.send('ping', { text: 'own' });
    const { pongTimeoutMs, idleMs } = rig.door.limits;
    await until(() => rig.door.stats().connections === 2);
    half.socket.write('ribe');
    await rig.clock.advance(pongTimeoutMs);
    await half.closed;
    expect(half.of('error')).toMatchObject([{ data: { code: 'BAD_MESSAGE' } }]);
    await rig.clock.advance(idleMs);
    await silent.closed;
    expect(silent.of('error')).toMatchObject([{ data: { code: 'IDLE_TIMEOUT' } }]);
  });

  it('by reading nothing is closed, and its engine is not asked for more than it may keep', async () => {
    const text = 'x'.repeat(16_000);
    const { rig, connect } = await startWyoming({ voice: () => ({ msPerChar: 100 }) });
    const peer = await connect();
    peer.socket.pause();
    peer.send('synthesize', { text });
    await until(() => rig.door.stats().audioMessagesOut > 100);
    const { pongTimeoutMs } = rig.door.limits;
    let before = -1;
    while (before !== rig.door.stats().audioMessagesOut) {
      before = rig.door.stats().audioMessagesOut;
      await settled();
    }
    expect(before).toBeLessThan((text.length * 100) / 50);
    await rig.clock.advance(pongTimeoutMs);
    await settled();
    await rig.clock.advance(rig.door.limits.closeGraceMs);
    await until(() => rig.door.stats().connections === 0);
    expect(rig.door.stats().closes).toEqual({ 4508: 1 });
  });

  it('by more connections than one address may have is refused', async () => {
    const { connect } = await startWyoming({ rig: { limits: { connectionsPerAddress: 2 } } });
    await connect();
    await connect();
    const third = await connect();
    await third.closed;
    expect(third.of('error')).toMatchObject([{ data: { code: 'TOO_MANY' } }]);
  });
});

it('a port that is taken is reported, and the server serves nothing', async () => {
  const { log } = await startWyoming();
  const port = Number(new URL(log.find(({ url }) => url)?.url ?? '').port);
  const peer = await WyomingPeer.connect(port);
  afterTest(() => peer.socket.destroy());
  const { rig } = await startWyoming();
  const { url, port: free } = rig.address;
  await rig.stop();
  const taken = startWyoming({ options: { port }, rig: { port: free } });
  await expect(taken).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  await expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed');
});
