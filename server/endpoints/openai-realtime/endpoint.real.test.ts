import { describe, expect, it } from 'vitest';
import { Newcomers } from '../../degradation/newcomers.ts';
import {
  closeCodeIn,
  type Rig,
  rawClient,
  rawFrame,
  readsOn,
  replyEnd,
  type ScriptedSession,
  startRig,
  type TestClient,
  type TestClientOptions,
} from '../../door/door-test-util.ts';

const PATH = '/v1/realtime?model=gpt-realtime';
const TEXT = 1;
const WORDS = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hello' }] };

function connect(rig: Rig, options: TestClientOptions = {}): TestClient {
  return rig.connect({ protocols: [], path: PATH, ...options });
}

async function meet(options: Parameters<typeof startRig>[0] = {}) {
  const rig = await startRig(options);
  const client = connect(rig);
  const session = await rig.host.opened.take();
  expect(await client.json()).toMatchObject({ type: 'session.created' });
  await client.json();
  return { rig, client, session };
}

async function errorOf(client: TestClient): Promise<Record<string, unknown>> {
  return (await client.json('error')).error as Record<string, unknown>;
}

/** The reply of a session that was asked: its text, its audio and the end of both. */
function answer(session: ScriptedSession, generation: number, text: string): void {
  const state = { type: 'state', turn: generation, generation, seq: 0, at: 0 } as const;
  session.say({ ...state, value: 'processing' });
  session.say({ type: 'reply', turn: generation, generation, text });
  session.play(generation, 0);
  session.sent(generation);
  session.say(replyEnd(generation, 'completed', text));
  session.say({ ...state, value: 'idle' });
}

/** Asks for a response to the words, and waits for the session to get them. */
async function ask(client: TestClient, session: ScriptedSession): Promise<void> {
  client.say({ type: 'conversation.item.create', item: WORDS });
  client.say({ type: 'response.create' });
  await session.commands.take();
}

describe('who may connect to the Realtime endpoint', () => {
  it('is a client with the token as bearer key, or in the subprotocol of browsers', async () => {
    const rig = await startRig({ token: 'right' });
    const header = connect(rig, { headers: { Authorization: 'Bearer right' } });
    expect(await header.json()).toMatchObject({
      type: 'session.created',
      session: { model: 'gpt-realtime' },
    });
    const protocols = ['realtime', 'openai-insecure-api-key.right', 'openai-agents-sdk.0.20.0'];
    const browser = connect(rig, { protocols });
    expect(await browser.json()).toMatchObject({ type: 'session.created' });
    expect(browser.socket.protocol).toBe('realtime');
  });

  it.each([
    ['another key', { headers: { Authorization: 'Bearer wrong' } }, 401],
    ['no key', {}, 401],
    [
      'an unknown intent',
      { headers: { Authorization: 'Bearer right' }, path: '/v1/realtime?intent=translation' },
      400,
    ],
    ['a call', { headers: { Authorization: 'Bearer right' }, path: '/v1/realtime?call_id=rtc_1' }, 400],
  ])('is not one with %s', async (_what, options, status) => {
    const rig = await startRig({ token: 'right' });
    expect((await connect(rig, options).refused()).status).toBe(status);
    expect(rig.door.stats().sessionsOpened).toBe(0);
  });

  it('is not admitted while the server refuses new sessions: the answer to the handshake says when to come again, and where', async () => {
    const rig = await startRig({ limits: { sessions: 1 }, otherServer: () => 'wss://other:7400' });
    await connect(rig).json();
    const { body, ...answer } = await connect(rig).refused();
    expect(answer).toEqual({ status: 429, retryAfter: '5' });
    expect(JSON.parse(body)).toMatchObject({
      error: { code: 'TOO_MANY', retryAfterMs: 5_000, server: 'wss://other:7400' },
    });
    expect(rig.door.stats()).toMatchObject({ sessionsRefused: 1, connections: 1 });
  });

  it('is not admitted while the server drains', async () => {
    const { rig } = await meet({ limits: { drainGraceMs: 1_000 } });
    void rig.door.drain();
    const { status, retryAfter } = await connect(rig).refused();
    expect({ status, retryAfter }).toEqual({ status: 503, retryAfter: '1' });
  });

  it('takes nothing of a burst before its session begins', async () => {
    const newcomers = new Newcomers({ most: 1, firstPercent: 100 });
    const rig = await startRig({ gates: [newcomers.gate] });
    expect(await connect(rig).json()).toMatchObject({ type: 'session.created' });
    expect((await connect(rig).refused()).status).toBe(503);
  });

  it('is counted under the name of its endpoint', async () => {
    const { rig } = await meet();
    expect(rig.door.stats().openedAt).toEqual({ 'openai-realtime': 1 });
  });

  it('is asked to leave with an error when the server drains', async () => {
    const { rig, client } = await meet({ limits: { drainGraceMs: 0 } });
    const drained = rig.door.drain();
    expect(await errorOf(client)).toMatchObject({ type: 'server_error', code: 'DRAINING' });
    await rig.clock.advance(0);
    await drained;
    expect((await client.closed).code).toBe(4503);
  });
});

describe('a client of the Realtime endpoint that misbehaves', () => {
  const create = (item: object) => ({ type: 'conversation.item.create', item });
  const said = (content: object) => create({ type: 'message', role: 'user', content: [content] });
  const append = (audio: string) => ({ type: 'input_audio_buffer.append', audio });
  const DEEP = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
  const tool = '{"type":"function","name":"go","parameters":{}}'.replace('{}', DEEP);

  it.each<[string, object | string, string]>([
    ['text that is not JSON', 'hello?', 'invalid_json'],
    ['JSON that is not an object', '[1]', 'invalid_event'],
    ['an event without a type', {}, 'invalid_event'],
    ['an event that the API does not have', { type: 'session.delete' }, 'invalid_event'],
    ['an item without text', said({ type: 'input_text' }), 'invalid_value'],
    ['audio that is not base64', append('###'), 'invalid_value'],
    ['half a sample', append('AAAA'), 'invalid_value'],
    [
      'an unknown item',
      { type: 'conversation.item.retrieve', item_id: 'no' },
      'item_retrieve_invalid_item_id',
    ],
    [
      'a tool whose schema is nested thousands of levels deep',
      `{"event_id":"mine","type":"session.update","session":{"type":"realtime","tools":[${tool}]}}`,
      'invalid_value',
    ],
    ['a cancel of nothing', { type: 'response.cancel' }, 'response_cancel_not_active'],
    [
      'a truncation of nothing',
      { type: 'conversation.item.truncate', item_id: 'no', content_index: 0, audio_end_ms: 1 },
      'item_truncate_invalid_item_id',
    ],
    [
      'an output of no call',
      create({ type: 'function_call_output', call_id: 'no', output: '1' }),
      'item_create_invalid_call_id',
    ],
    ['a picture', said({ type: 'input_image' }), 'unsupported'],
    ['an event of WebRTC', { type: 'output_audio_buffer.clear' }, 'unsupported'],
    [
      'a session of another kind',
      { type: 'session.update', session: { type: 'translation' } },
      'invalid_value',
    ],
  ])('by %s gets an error with its event id, and goes on', async (_what, event, code) => {
    const { client } = await meet();
    const line = typeof event === 'string' ? event : JSON.stringify({ event_id: 'mine', ...event });
    client.say(line);
    const event_id = line.includes('"mine"') ? 'mine' : null;
    expect(await client.json()).toMatchObject({
      type: 'error',
      error: { type: 'invalid_request_error', code, event_id, message: expect.any(String) },
    });
    client.say(create(WORDS));
    expect(await client.json()).toMatchObject({ type: 'conversation.item.added' });
  });

  it('by binary data gets an error', async () => {
    const { client } = await meet();
    client.socket.send(Buffer.alloc(640));
    expect(await client.json()).toMatchObject({ type: 'error', error: { code: 'invalid_event' } });
  });

  it('by a message of more than 15 MiB and what is around it is closed with 4413, and learns the limit', async () => {
    const { client } = await meet();
    client.socket.send(Buffer.alloc(15 * 1_024 * 1_024 + 65_537, 'x'), { binary: false });
    expect(await errorOf(client)).toMatchObject({
      code: 'TOO_LARGE',
      message: 'a limit of size is exceeded: a message may have at most 15794176 bytes; send smaller ones',
    });
    expect((await client.closed).code).toBe(4413);
  });

  it('by a flood of events is closed with 4429, and others are not', async () => {
    const { rig, client } = await meet({ limits: { messageBurst: 20, messagesPerSecond: 1 } });
    const other = connect(rig);
    await other.json();
    for (let i = 0; i < 30; i++) client.say({ type: 'conversation.item.create', item: WORDS });
    expect(await errorOf(client)).toMatchObject({
      code: 'TOO_FAST',
      message: 'a limit of rate is exceeded: more than 1 messages a second; send fewer and larger ones',
    });
    expect((await client.closed).code).toBe(4429);
    other.say({ type: 'conversation.item.create', item: WORDS });
    await other.json();
    expect(await other.json()).toMatchObject({ type: 'conversation.item.added' });
  });

  it('by audio faster than real time after 30 s is closed with 4429', async () => {
    const { client } = await meet({ limits: { messageBurst: 1_000 } });
    const second = Buffer.alloc(48_000).toString('base64');
    for (let i = 0; i < 31; i++) client.say({ type: 'input_audio_buffer.append', audio: second });
    expect(await errorOf(client)).toMatchObject({
      code: 'TOO_FAST',
      message: expect.stringContaining('more than 1.2 times real time after a burst of 30000 ms'),
    });
    expect((await client.closed).code).toBe(4429);
  });

  it('by 10,000 items keeps the newest thousand, and learns which went', async () => {
    const { client } = await meet({ limits: { messageBurst: 20_000 } });
    const gone: unknown[] = [];
    let added = 0;
    for (let i = 0; i < 10_000; i++) {
      client.say({ type: 'conversation.item.create', item: { ...WORDS, id: `i${i}` } });
      if (i % 500 === 499)
        while (added <= i) {
          const event = await client.json();
          if (event.type === 'conversation.item.deleted') gone.push(event.item_id);
          if (event.type === 'conversation.item.done') added += 1;
        }
    }
    expect(gone).toHaveLength(9_000);
    expect(gone.at(-1)).toBe('i8999');
    client.say({ type: 'conversation.item.retrieve', item_id: 'i9000' });
    expect(await client.json()).toMatchObject({ type: 'conversation.item.retrieved', item: { id: 'i9000' } });
  });

  it('by reading nothing is closed with 4508', async () => {
    const rig = await startRig();
    const stalled = await rawClient(rig.address, PATH);
    const session = await rig.host.opened.take();
    stalled.pause();
    for (const event of [{ type: 'conversation.item.create', item: WORDS }, { type: 'response.create' }])
      stalled.write(rawFrame(TEXT, JSON.stringify(event)));
    await session.commands.take();
    for (let seq = 0; seq < 100; seq++) {
      session.play(1, seq);
      await rig.clock.advance(20);
    }
    expect(await session.closed).toBe('lost');
    expect(closeCodeIn(await readsOn(stalled, rig.clock))).toBe(4508);
  });
});

describe('responses', () => {
  it('come one at a time: a second one in progress is refused, and one while the last still plays waits for it', async () => {
    const { client, session } = await meet();
    const given: string[] = [];
    session.onCommand = ({ type }) => given.push(type);
    client.say({ type: 'conversation.item.create', item: WORDS });
    client.say({ type: 'response.create', event_id: 'one' });
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'hello' });
    client.say({ type: 'response.create', event_id: 'two' });
    const refused = await client.json('error');
    expect(refused).toMatchObject({
      error: { code: 'conversation_already_has_active_response', event_id: 'two' },
    });
    const state = { type: 'state', turn: 1, generation: 1, seq: 0, at: 0 } as const;
    session.say({ ...state, value: 'speaking' });
    session.say({ type: 'reply', turn: 1, generation: 1, text: 'Hi.' });
    session.play(1, 0);
    session.sent(1);
    await client.json('response.done');
    client.say({ type: 'conversation.item.create', item: WORDS });
    client.say({ type: 'response.create' });
    await client.json('response.created');
    expect(given).toEqual(['text']);
    session.say(replyEnd(1, 'completed', 'Hi.'));
    session.say({ ...state, value: 'idle' });
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'hello' });
    answer(session, 2, 'Hi again.');
    expect(await client.json('response.done')).toMatchObject({ response: { status: 'completed' } });
  });

  it('that are cancelled end as client_cancelled, with the words that were heard', async () => {
    const { client, session } = await meet();
    await ask(client, session);
    session.say({ type: 'reply', turn: 1, generation: 1, text: 'One two three.' });
    session.play(1, 0);
    client.say({ type: 'response.cancel' });
    expect(await session.commands.take()).toEqual({ type: 'interrupt' });
    session.say({ type: 'flush', generation: 1 });
    session.play(1, 1);
    session.say(replyEnd(1, 'interrupted', 'One'));
    expect(await client.json('response.done')).toMatchObject({
      response: {
        status: 'cancelled',
        status_details: { type: 'cancelled', reason: 'client_cancelled' },
        output: [{ status: 'incomplete', content: [{ type: 'output_audio', transcript: 'One' }] }],
      },
    });
  });

  it('of an engine that fails are failed, with its code', async () => {
    const { client, session } = await meet();
    await ask(client, session);
    session.say({ type: 'state', value: 'processing', turn: 1, generation: 1, seq: 0, at: 0 });
    session.say({ type: 'error', code: 'LLM_FAILED', message: 'the language engine failed', fatal: false });
    session.say({ type: 'reply', turn: 1, generation: 1, text: 'Sorry.' });
    session.sent(1);
    expect(await client.json('response.done')).toMatchObject({
      response: { status: 'failed', status_details: { error: { code: 'LLM_FAILED' } } },
    });
  });
});

it('a voice stop is ended by parley.rearm, and only a voice stop', async () => {
  const { client, session } = await meet();
  client.say({ type: 'parley.rearm', event_id: 'e1' });
  expect(await errorOf(client)).toMatchObject({ event_id: 'e1', message: 'the session is not stopped' });
  session.say({ type: 'state', value: 'stopped', turn: 0, generation: 0, seq: 1, at: 0 });
  client.say({ type: 'parley.rearm' });
  expect(await session.commands.take()).toEqual({ type: 'rearm' });
  expect(await client.json()).toMatchObject({ type: 'session.updated' });
});
