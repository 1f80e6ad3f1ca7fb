import { describe, expect, it } from 'vitest';
import { ParleyError } from '../../../machines/errors.ts';
import { replyEnd } from '../../door/door-test-util.ts';
import { FORMAT, SECOND, startWyoming } from './wyoming-test-util.ts';

const types = (events: readonly { readonly type: string }[]) =>
  events.map(({ type }) => type).filter((type, i, all) => type !== 'audio-chunk' || all[i - 1] !== type);

describe('the Wyoming services', () => {
  it('are described by their engines, languages and voices, with data inline or in a block', async () => {
    const { connect } = await startWyoming();
    const peer = await connect();
    peer.send('describe', {}, undefined, 'inline');
    const { data } = await peer.next('info');
    const made = { attribution: { name: 'Parley', url: expect.any(String) }, installed: true };
    expect(data).toMatchObject({
      asr: [{ name: 'parley', models: [{ name: 'ears', languages: ['en', 'de'], ...made }], ...made }],
      tts: [{ voices: [{ name: 'tone', languages: ['en', 'de'], ...made }] }],
      handle: [{ models: [{ name: 'mind' }], supports_handled_streaming: true }],
      intent: [{ models: [{ name: 'mind' }] }],
      ...{ wake: [], mic: [], snd: [] },
    });
    expect(data).not.toHaveProperty('satellite');
    expect(peer.headers[0]).toMatchObject({ type: 'info', version: '1.7.2' });
  });

  it('answer a ping with its text', async () => {
    const peer = await (await startWyoming()).connect();
    peer.send('ping', { text: 'own' });
    expect(await peer.next('pong')).toMatchObject({ data: { text: 'own' } });
  });

  it('answer events of services that are not here as the protocol says, and ignore all others', async () => {
    const peer = await (await startWyoming()).connect();
    const ignored: readonly (readonly [string, object?])[] = [
      ['user-event', { name: 'button', data: { pressed: true }, context: {} }],
      ['pause-satellite'],
      ['run-satellite'],
      ['timer-started', { id: 't', total_seconds: 60 }],
      ['timer-finished', { id: 't' }],
      ['voice-started', { timestamp: 1 }],
      ['enroll', { name: 'Ada' }],
      ['of-a-later-version', { any: ['thing'] }],
    ];
    for (const [type, data] of ignored) peer.send(type, data);
    for (const [type, data] of [
      ['detect', { names: ['hey_robot'] }],
      ['identify', { names: null }],
    ] as const) {
      peer.send(type, data);
      peer.send('audio-start', FORMAT);
      peer.send('audio-chunk', FORMAT, SECOND.subarray(0, 2_048));
      peer.send('audio-stop', { timestamp: 64 });
    }
    peer.send('describe');
    await peer.next('info');
    expect(peer.received.map(({ type }) => type)).toEqual(['not-detected', 'not-identified', 'info']);
    peer.send('synthesize', { text: 'Hello.' });
    await peer.next('audio-stop');
    expect(peer.of('error')).toEqual([]);
  });

  it('transcribe what was said, with its certain words early', async () => {
    const { connect } = await startWyoming({
      said: [{ partial: 'turn', text: 'turn on the light', finalMs: 1 }],
    });
    const peer = await connect();
    peer.send('transcribe', { language: 'en_US' });
    peer.send('audio-start', FORMAT);
    for (let i = 0; i < 5; i++) peer.send('audio-chunk', FORMAT, SECOND.subarray(0, 2_048));
    peer.send('audio-stop');
    await peer.next('transcript-stop');
    expect(peer.received).toMatchObject([
      { type: 'transcript-start', data: { language: 'en-US' } },
      { type: 'transcript-chunk', data: { text: 'turn on the light' } },
      { type: 'transcript', data: { text: 'turn on the light', language: 'en-US' } },
      { type: 'transcript-stop' },
    ]);
  });

  it('take audio of other rates, widths and channels', async () => {
    const { connect } = await startWyoming();
    const peer = await connect();
    for (const [i, format] of [
      { rate: 8_000, width: 1, channels: 1 },
      { rate: 48_000, width: 3, channels: 2 },
      { rate: 22_050, width: 4, channels: 1 },
    ].entries()) {
      peer.send('audio-start', format);
      peer.send('audio-chunk', format, Buffer.alloc(240));
      peer.send('audio-stop');
      expect(await peer.next('transcript', i)).toMatchObject({ data: { text: 'hello' } });
    }
    expect(peer.of('error')).toEqual([]);
  });

  it('speak a text as one stream of audio', async () => {
    const asked: object[] = [];
    const { connect } = await startWyoming({ voice: (request) => ({ ...(asked.push(request) && {}) }) });
    const peer = await connect();
    peer.send('synthesize', { text: 'One two.', voice: { name: 'tone', speaker: null } });
    await peer.next('audio-stop');
    expect(types(peer.received)).toEqual(['audio-start', 'audio-chunk', 'audio-stop']);
    expect(peer.of('audio-start')[0]?.data).toEqual({ rate: 24_000, width: 2, channels: 1 });
    const bytes = peer.of('audio-chunk').reduce((sum, { payload }) => sum + payload.byteLength, 0);
    expect(bytes).toBe(48 * 10 * 'One two.'.length);
    peer.send('synthesize', { text: 'Zwei.', voice: { name: 'f3', language: 'de' } });
    await peer.next('audio-stop', 1);
    expect(asked).toEqual([
      { text: 'One two.', language: 'en' },
      { text: 'Zwei.', language: 'de', voice: 'f3' },
    ]);
  });

  it('speak a streamed text while it arrives, and say when it is over', async () => {
    const { connect } = await startWyoming();
    const peer = await connect();
    peer.send('synthesize-start');
    peer.send('synthesize-chunk', { text: 'The first sentence. And ' });
    await peer.next('audio-chunk');
    peer.send('synthesize-chunk', { text: 'the second.' });
    peer.send('synthesize', { text: 'The first sentence. And the second.' });
    peer.send('synthesize-stop');
    await peer.next('synthesize-stopped');
    expect(types(peer.received)).toEqual(['audio-start', 'audio-chunk', 'audio-stop', 'synthesize-stopped']);
    const bytes = peer.of('audio-chunk').reduce((sum, { payload }) => sum + payload.byteLength, 0);
    // 10 ms for each character; the space between the sentences is not spoken.
    expect(bytes).toBe(48 * 10 * 'The first sentence.And the second.'.length);
  });

  it('handle text as a turn of a session, which belongs to its connection', async () => {
    const { rig, connect } = await startWyoming();
    const peer = await connect();
    peer.send('transcript', { text: 'hello', context: { x: 1 } });
    const session = await rig.host.opened.take();
    expect(session.request).toMatchObject({
      endpoint: 'wyoming',
      input: 'text',
      output: 'text',
      language: 'en',
    });
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'hello' });
    session.say({ type: 'state', value: 'processing', turn: 1, generation: 1, seq: 1, at: 0 });
    session.say({ type: 'reply', turn: 1, generation: 1, text: 'Good ' });
    session.say({ type: 'reply', turn: 1, generation: 1, text: 'day. ' });
    session.say(replyEnd(1, 'completed', 'Good day.'));
    await peer.next('handled-stop');
    expect(peer.received).toMatchObject([
      { type: 'handled-start', data: { context: { x: 1 } } },
      { type: 'handled-chunk', data: { text: 'Good ' } },
      { type: 'handled-chunk', data: { text: 'day. ' } },
      { type: 'handled', data: { text: 'Good day.', context: { x: 1 } } },
      { type: 'handled-stop' },
    ]);
    peer.send('transcript', { text: 'guten Tag', language: 'de' });
    expect(await session.commands.take()).toEqual({ type: 'settings', language: 'de' });
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'guten Tag' });
    session.say({ type: 'reply', turn: 2, generation: 2, text: 'Guten' });
    const { code, message } = new ParleyError('LLM_FAILED', 'as scripted');
    session.say({ type: 'error', code, message, fatal: false });
    session.say(replyEnd(2, 'failed', 'Guten'));
    expect(await peer.next('error')).toMatchObject({ data: { code, text: message } });
    expect(await peer.next('not-handled')).toMatchObject({ data: { text: message } });
    peer.socket.end();
    expect(await session.closed).toBe('bye');
    expect(rig.door.stats().openedAt).toEqual({ wyoming: 1 });
  });

  it('go on with a named conversation from another connection, until its voice stop', async () => {
    const { rig, connect } = await startWyoming();
    const context = { conversation_id: 'kitchen' };
    const first = await connect();
    first.send('transcript', { text: 'one', context });
    const session = await rig.host.opened.take();
    await session.commands.take();
    session.say({ type: 'reply', turn: 1, generation: 1, text: 'Yes.' });
    session.say(replyEnd(1, 'completed', 'Yes.'));
    await first.next('handled');
    first.socket.destroy();
    const second = await connect();
    second.send('transcript', { text: 'two', context });
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'two' });
    session.say({ type: 'state', value: 'stopped', turn: 2, generation: 1, seq: 9, at: 0 });
    expect(await second.next('handled')).toMatchObject({ data: { text: '' } });
    expect(await session.closed).toBe('bye');
    second.send('transcript', { text: 'three', context });
    expect(await (await rig.host.opened.take()).commands.take()).toEqual({ type: 'text', text: 'three' });
  });

  it('recognise the actions of the language engine as intents, without doing them', async () => {
    const act = (name: string, args = {}) => ({ type: 'action', id: name, name, args }) as const;
    const { rig, connect } = await startWyoming({
      reply: ({ messages }) =>
        ({
          go: { text: 'I go.', actions: [act('go-forward', { meters: 2 })] },
          both: { actions: [act('look'), act('wave')] },
        })[messages.at(-1)?.content ?? ''] ?? { text: 'What?' },
    });
    const peer = await connect();
    peer.send('recognize', { text: 'go', context: { a: 1 } });
    expect((await peer.next('intent')).data).toEqual({
      name: 'go-forward',
      entities: [{ name: 'meters', value: 2 }],
      ...{ text: 'I go.', context: { a: 1 } },
    });
    peer.send('recognize', { text: 'hello' });
    expect((await peer.next('not-recognized')).data).toEqual({ text: 'What?' });
    peer.send('recognize', { text: 'both' });
    await peer.next('intents-stop');
    expect(types(peer.received.slice(2))).toEqual(['intents-start', 'intent', 'intent', 'intents-stop']);
    expect(rig.door.stats().sessionsOpened).toBe(0);
  });

  it('end every answer, also after an error', async () => {
    const fails = new ParleyError('STT_FAILED', 'as scripted');
    const { connect } = await startWyoming({
      said: [{ fails, finalMs: 1 }],
      voice: () => ({ failsAfterMs: 50 }),
      reply: () => ({ text: 'a', failsAt: 0 }),
    });
    const peer = await connect();
    peer.send('audio-start', FORMAT);
    peer.send('audio-stop');
    await peer.next('transcript-stop');
    peer.send('synthesize-start');
    peer.send('synthesize-chunk', { text: 'Hello there.' });
    peer.send('synthesize-stop');
    await peer.next('synthesize-stopped');
    peer.send('recognize', { text: 'hello' });
    await peer.next('not-recognized');
    expect(types(peer.received)).toEqual([
      ...['transcript-start', 'error', 'transcript', 'transcript-stop'],
      ...['audio-start', 'audio-chunk', 'error', 'audio-stop', 'synthesize-stopped'],
      ...['error', 'not-recognized'],
    ]);
    expect(peer.of('error').map(({ data }) => data.code)).toEqual(['STT_FAILED', 'TTS_FAILED', 'LLM_FAILED']);
  });

  it('finish their answers for a client that has sent all it has, and while the server drains', async () => {
    const { rig, connect } = await startWyoming();
    const peer = await connect();
    peer.send('synthesize', { text: 'One.' });
    peer.socket.end();
    await peer.next('audio-stop');
    await peer.closed;
    const [idle, busy] = [await connect(), await connect()];
    idle.send('describe');
    await idle.next('info');
    busy.send('synthesize', { text: 'Two.' });
    await busy.next('audio-start');
    const drained = rig.door.drain();
    await busy.next('audio-stop');
    await idle.closed;
    await busy.closed;
    expect(idle.of('error')).toMatchObject([{ data: { code: 'DRAINING' } }]);
    await drained;
  });
});
