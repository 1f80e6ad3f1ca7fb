import { describe, expect, it } from 'vitest';
import { ParleyError } from '../../../machines/errors.ts';
import { type Rig, startRig, type TestClient } from '../../door/door-test-util.ts';
import { ANSWERED, connect, HELLO, meet, STRING, statusOf, subscribe } from './rosbridge-test-util.ts';

const STATE = { type: 'state', turn: 1, generation: 1, seq: 0, at: 0 } as const;

/** The session that a client's first words open, with what it asked for. */
async function opened(rig: Rig, client: TestClient, ...ops: readonly object[]) {
  await client.opened();
  for (const op of [...ops, HELLO]) client.say(op);
  const { request } = await rig.host.opened.take();
  return request;
}

describe('who may connect to the rosbridge endpoint', () => {
  it('is a client with the token in its header or, as from a browser, in the URL', async () => {
    const rig = await startRig({ token: 'right' });
    await opened(rig, connect(rig, '', { headers: { Authorization: 'Bearer right' } }));
    await opened(rig, connect(rig, '?token=right'));
    expect(rig.door.stats().openedAt).toEqual({ rosbridge: 2 });
  });

  it.each([
    ['another token', '?token=wrong', 401],
    ['no token', '', 401],
    ['an unknown rate', '?token=right&inputRate=44100', 400],
  ])('is not one with %s', async (_what, query, status) => {
    const rig = await startRig({ token: 'right' });
    expect((await connect(rig, query).refused()).status).toBe(status);
  });

  it('is not admitted while the server refuses new sessions: the answer to the handshake says when to come again, and where', async () => {
    const gates = [() => new ParleyError('OVERLOADED', 'really')];
    const rig = await startRig({ gates, otherServer: () => 'wss://other:7400' });
    const { body, ...answer } = await connect(rig).refused();
    expect(answer).toEqual({ status: 503, retryAfter: '2' });
    expect(JSON.parse(body)).toMatchObject({
      error: { code: 'OVERLOADED', retryAfterMs: 2_000, server: 'wss://other:7400' },
    });
    expect(rig.door.stats()).toMatchObject({ sessionsRefused: 1, connections: 0 });
  });

  it('gets a status and the close code of the native protocol if its session does not fit when it begins', async () => {
    const rig = await startRig({ limits: { sessions: 1 } });
    const [late, first] = [await connect(rig).opened(), await connect(rig).opened()];
    first.say(HELLO);
    await rig.host.opened.take();
    late.say(HELLO);
    expect(await statusOf(late)).toMatchObject({
      level: 'error',
      msg: expect.stringMatching(/^TOO_MANY: .*; try again in 5 s$/),
    });
    expect(await late.closed).toEqual({ code: 4429, reason: 'TOO_MANY' });
  });

  it('is asked to leave with a status when the server drains', async () => {
    const { rig, client } = await meet([], '', { limits: { drainGraceMs: 0 } });
    const drained = rig.door.drain();
    expect((await statusOf(client)).msg).toMatch(/^DRAINING: /);
    await rig.clock.advance(0);
    await drained;
    expect((await client.closed).code).toBe(4503);
  });
});

describe('the session of a rosbridge client', () => {
  it('begins with the first message for it: in text, unless the client listens to audio by then', async () => {
    const rig = await startRig();
    const text = await opened(rig, connect(rig), subscribe('/parley/state', { type: STRING }));
    expect(text).toMatchObject({ output: 'text', outputRate: 16_000 });
    const audio = await opened(rig, connect(rig), subscribe('/parley/audio/out'));
    expect(audio).toMatchObject({ output: 'audio' });
    const chosen = await opened(rig, connect(rig, '?output=audio&outputRate=24000&language=zh-CN'));
    expect(chosen).toMatchObject({ output: 'audio', outputRate: 24_000, language: 'zh-CN' });
    expect(rig.door.stats().sessionsOpened).toBe(3);
  });

  it('begins with audio, which may be base64 or a list of numbers', async () => {
    const rig = await startRig();
    const client = await connect(rig).opened();
    const publish = { op: 'publish', topic: '/parley/audio/in' };
    client.say({ op: 'advertise', topic: '/parley/audio/in', type: 'audio_common_msgs/AudioData' });
    client.say({ ...publish, msg: { data: Buffer.from([1, 2, 3, 4]).toString('base64') } });
    client.say({ ...publish, msg: { data: [5, 6] } });
    const session = await rig.host.opened.take();
    expect(await session.heard.take()).toEqual({ sample: 0, bytes: Uint8Array.of(1, 2, 3, 4) });
    expect(await session.heard.take()).toEqual({ sample: 2, bytes: Uint8Array.of(5, 6) });
  });

  it('answers calls in their order as soon as it is open, and says so if it began without what comes too late', async () => {
    const rig = await startRig();
    let open = () => {};
    rig.host.beforeOpen = () =>
      new Promise((resolve) => {
        open = resolve;
      });
    const client = await connect(rig).opened();
    client.say(HELLO);
    client.say({ op: 'call_service', id: 'h', service: '/parley/halt' });
    client.say({ ...subscribe('/parley/audio/out'), id: 's' });
    expect(await client.json()).toMatchObject({
      op: 'status',
      id: 's',
      msg: expect.stringMatching(/output=audio/),
    });
    client.say({
      op: 'advertise_service',
      id: 'a',
      service: '/parley/action/wave',
      type: 'std_srvs/Trigger',
    });
    expect(await client.json()).toMatchObject({
      op: 'status',
      id: 'a',
      msg: expect.stringMatching(/actions=results/),
    });
    open();
    expect(await client.json()).toMatchObject({ ...ANSWERED, id: 'c' });
    expect(await client.json()).toMatchObject({ ...ANSWERED, id: 'h' });
  });

  it('ends with the connection, and a connection without one ends when nothing comes for long', async () => {
    const { rig, client, session } = await meet();
    client.socket.close();
    expect(await session.closed).toBe('lost');
    const silent = await connect(rig).opened();
    silent.say(subscribe('/parley/state'));
    silent.say({ op: 'call_service', service: '/rosapi/nodes' });
    await silent.json();
    await rig.clock.advance(rig.door.limits.idleMs);
    expect((await statusOf(silent)).msg).toMatch(/^IDLE_TIMEOUT: /);
    expect((await silent.closed).code).toBe(4408);
  });
});

describe('topics', () => {
  it('carry the messages of the native protocol as JSON, under the name that the client uses', async () => {
    const topics = ['/parley/state', 'parley/transcript', '/parley/reply', '/parley/action', '/parley/event'];
    const types = [STRING, 'std_msgs/msg/String'];
    const { client, session } = await meet(
      topics.map((topic, at) => subscribe(topic, { id: `s${at}`, type: types[at % 2] })),
    );
    const messages = [
      { ...STATE, value: 'processing' },
      { type: 'transcript', turn: 1, text: 'hello', final: true },
      { type: 'reply', turn: 1, generation: 1, text: 'Hi.' },
      { type: 'action', id: '1-a', name: 'wave', args: {}, status: 'started' },
      { type: 'speech', event: 'start', at: 7 },
    ] as const;
    for (const [at, message] of messages.entries()) {
      session.say(message);
      const op = await client.json();
      expect(op).toEqual({ op: 'publish', topic: topics[at], msg: { data: expect.any(String) } });
      expect(JSON.parse((op.msg as { data: string }).data)).toEqual(message);
    }
  });

  it('give audio in base64, and nothing more of a reply that was flushed', async () => {
    const { rig, client, session } = await meet([
      subscribe('/parley/audio/out', { throttle_rate: 50, queue_length: 10 }),
      subscribe('/parley/event'),
    ]);
    for (const seq of [0, 1, 2]) session.play(1, seq, Uint8Array.of(seq, 0));
    expect(await client.json()).toMatchObject({ topic: '/parley/audio/out', msg: { data: 'AAA=' } });
    session.say({ type: 'flush', generation: 1 });
    expect(await client.json()).toMatchObject({ topic: '/parley/event' });
    session.play(2, 0, Uint8Array.of(9, 0));
    await rig.clock.advance(50);
    expect(await client.json()).toMatchObject({ topic: '/parley/audio/out', msg: { data: 'CQA=' } });
  });

  it('give a new subscriber the last state', async () => {
    const { client, session } = await meet([subscribe('/parley/state', { id: 'one' })]);
    session.say({ ...STATE, value: 'speaking' });
    await client.json();
    client.say(subscribe('/parley/state', { id: 'two' }));
    expect((await client.json()).msg).toMatchObject({ data: expect.stringContaining('speaking') });
  });

  it('keep the rate of a subscription, with a queue that drops the oldest', async () => {
    const { rig, client, session } = await meet([
      subscribe('/parley/reply', { throttle_rate: 100, qos: { depth: 2, reliability: 'reliable' } }),
    ]);
    const text = async () => JSON.parse(((await client.json()).msg as { data: string }).data).text;
    for (const word of ['a', 'b', 'c', 'd'])
      session.say({ type: 'reply', turn: 1, generation: 1, text: word });
    expect(await text()).toBe('a');
    await rig.clock.advance(100);
    expect(await text()).toBe('c');
    await rig.clock.advance(100);
    expect(await text()).toBe('d');
  });

  it('without a queue drop what comes too early, and the lowest rate of several subscriptions counts', async () => {
    const { rig, client, session } = await meet([
      subscribe('/parley/reply', { id: 'slow', throttle_rate: 1_000 }),
      subscribe('/parley/reply', { id: 'fast', throttle_rate: 100 }),
    ]);
    const said = (word: string) => session.say({ type: 'reply', turn: 1, generation: 1, text: word });
    said('a');
    said('b');
    await rig.clock.advance(100);
    said('c');
    client.say({ op: 'unsubscribe', id: 'fast', topic: '/parley/reply' });
    client.say({ ...HELLO, id: 'sync' });
    const got = [await client.json(), await client.json(), await client.json()];
    expect(JSON.stringify(got.slice(0, 2))).toMatch(/"text\\":\\"a.*"text\\":\\"c/);
    expect(got[2]).toMatchObject({ id: 'sync' });
    await rig.clock.advance(900);
    said('d');
    client.say({ op: 'unsubscribe', topic: '/parley/reply' });
    client.say({ ...HELLO, id: 'end' });
    expect(await client.json()).toMatchObject({ id: 'end' });
  });

  it('come in fragments of the wanted size', async () => {
    const { client, session } = await meet([subscribe('/parley/reply', { fragment_size: 100 })]);
    const text = 'word '.repeat(60);
    session.say({ type: 'reply', turn: 1, generation: 1, text });
    const pieces: Record<string, unknown>[] = [];
    do pieces.push(await client.json());
    while (pieces.length < Number(pieces[0]?.total));
    expect(pieces.map(({ op, num }) => [op, num])).toEqual(pieces.map((_, num) => ['fragment', num]));
    const whole = JSON.parse(pieces.map(({ data }) => data).join(''));
    expect(JSON.parse(whole.msg.data)).toMatchObject({ text });
  });
});

it('learns from /parley/played what a loudspeaker has played', async () => {
  const { client, session } = await meet();
  const topic = '/parley/played';
  client.say({ op: 'publish', topic, msg: { data: '{"generation":1,"samples":480}' } });
  expect(await session.commands.take()).toEqual({ type: 'played', generation: 1, samples: 480 });
  client.say({ op: 'publish', id: 'p', topic, msg: { data: '{"generation":1}' } });
  expect(await client.json()).toMatchObject({
    op: 'status',
    id: 'p',
    msg: expect.stringMatching(/samples: /u),
  });
});

describe('services', () => {
  it.each([
    ['text', { text: 'hello' }, { type: 'text', text: 'hello' }],
    ['text', ['hello'], { type: 'text', text: 'hello' }],
    ['say', { text: 'Dinner is ready.' }, { type: 'respond', say: 'Dinner is ready.' }],
    ['interrupt', [], { type: 'interrupt' }],
    ['halt', {}, { type: 'halt' }],
    ['rearm', undefined, { type: 'rearm' }],
    [
      'action/result',
      { id: '1-a', status: 'done', message: '', data: '{"level":80}' },
      { type: 'action.result', id: '1-a', status: 'done', data: { level: 80 } },
    ],
  ])('/parley/%s %j gives the command', async (name, args, command) => {
    const { client, session } = await meet();
    client.say({ op: 'call_service', id: 7, service: `parley/${name}`, args });
    expect(await session.commands.take()).toEqual(command);
    expect(await client.json()).toEqual({ ...ANSWERED, id: 7, service: `parley/${name}` });
  });

  it('answer with the code if the session refuses', async () => {
    const { client, session } = await meet();
    session.onCommand = () =>
      session.say({ type: 'error', code: 'TURN_RUNNING', message: 'a turn is in progress', fatal: false });
    client.say({ op: 'call_service', id: 's', service: '/parley/say', args: { text: 'No.' } });
    expect(await client.json()).toMatchObject({
      ...{ id: 's', result: true },
      values: { success: false, message: 'TURN_RUNNING: a turn is in progress' },
    });
  });

  it('fail with a reason if the arguments are wrong or the service does not exist', async () => {
    const { client } = await meet();
    client.say({ op: 'call_service', id: 'e', service: '/parley/text', args: { text: ' ' } });
    expect(await client.json()).toMatchObject({ id: 'e', result: false, values: 'text: must not be empty' });
    expect(await client.json()).toMatchObject({ op: 'status', id: 'e' });
    client.say({ op: 'call_service', id: 'u', service: '/add_two_ints', args: {} });
    expect(await client.json()).toMatchObject({
      ...{ id: 'u', result: false },
      values: expect.stringContaining('there is no service /add_two_ints; there are /parley/say'),
    });
  });

  it('of rosapi know our names and types', async () => {
    const rig = await startRig();
    const client = await connect(rig).opened();
    const ask = async (name: string, args: object = {}) => {
      client.say({ op: 'call_service', id: name, service: `rosapi/${name}`, args });
      for (;;) {
        const { op, values } = await client.json();
        if (op === 'service_response') return values as Record<string, unknown>;
      }
    };
    expect((await ask('topics')).topics).toContain('/parley/audio/out');
    expect(await ask('topic_type', { topic: 'parley/audio/in' })).toEqual({
      type: 'audio_common_msgs/msg/AudioData',
    });
    expect(await ask('topics_for_type', { type: 'audio_common_msgs/AudioData' })).toEqual({
      topics: ['/parley/audio/out', '/parley/audio/in'],
    });
    expect((await ask('services')).services).toEqual(
      expect.arrayContaining(['/parley/halt', '/rosapi/topics']),
    );
    expect(await ask('service_type', { service: '/parley/halt' })).toEqual({ type: 'std_srvs/srv/Trigger' });
    expect(await ask('message_details', { type: 'audio_common_msgs/AudioData' })).toMatchObject({
      typedefs: [{ fieldnames: ['data'], fieldtypes: ['uint8'], fieldarraylen: [0] }],
    });
    expect(await ask('node_details', { node: '/parley' })).toMatchObject({
      subscribing: ['/parley/audio/in', '/parley/action/result', '/parley/played'],
    });
    expect(await ask('get_param', { name: '/rosdistro' })).toMatch(/no ROS parameters/);
    expect(rig.door.stats().sessions).toBe(0);
  });
});

describe('actions of the dialog', () => {
  const WAVE = { type: 'action', id: '1-a', name: 'wave-hand', args: { times: 2 } } as const;

  async function robot(...offers: readonly object[]) {
    const met = await meet(offers);
    expect(met.session.request.results).toBe(true);
    return met;
  }

  it.each([
    [
      { values: { battery: 80 }, result: true },
      { status: 'done', data: { battery: 80 } },
    ],
    [
      { values: { success: false, message: 'the arm is stuck' }, result: true },
      {
        status: 'failed',
        message: 'the arm is stuck',
        data: { success: false, message: 'the arm is stuck' },
      },
    ],
    [
      { values: 'no such arm', result: false },
      { status: 'failed', message: 'no such arm' },
    ],
  ])('are executed by a service that the client advertises: %j', async (response, report) => {
    const service = '/parley/action/wave_hand';
    const { client, session } = await robot({ op: 'advertise_service', service, type: 'robot/Wave' });
    session.say({ ...WAVE, status: 'started' });
    expect(await client.json()).toEqual({ op: 'call_service', id: '1-a', service, args: { times: 2 } });
    client.say({ op: 'service_response', service, id: '1-a', ...response });
    expect(await session.commands.take()).toEqual({ type: 'action.result', id: '1-a', ...report });
  });

  it('are executed by a ROS 2 action, with feedback, and cancelled on the robot', async () => {
    const action = '/parley/action/wave_hand';
    const { client, session } = await robot({ op: 'advertise_action', action, type: 'robot/action/Wave' });
    session.say({ ...WAVE, status: 'started' });
    expect(await client.json()).toEqual({
      ...{ op: 'send_action_goal', id: '1-a', action, action_type: 'robot/action/Wave' },
      ...{ args: { times: 2 }, feedback: true },
    });
    client.say({ op: 'action_feedback', id: '1-a', action, values: { done: 1 } });
    expect(await session.commands.take()).toMatchObject({ status: 'progress', data: { done: 1 } });
    client.say({ op: 'action_result', id: '1-a', action, values: { done: 2 }, status: 4, result: true });
    expect(await session.commands.take()).toMatchObject({ status: 'done', data: { done: 2 } });
    session.say({ ...WAVE, status: 'done' });
    session.say({ ...WAVE, id: '2-a', status: 'started' });
    await client.json();
    session.say({ ...WAVE, id: '2-a', status: 'cancelled' });
    expect(await client.json()).toEqual({ op: 'cancel_action_goal', id: '2-a', action });
    client.say({ op: 'action_result', id: '2-a', action, values: {}, status: 5, result: true });
    expect((await statusOf(client)).msg).toMatch(/no goal with this id/);
  });

  it('are refused if the client executes others only, and fail if it withdraws', async () => {
    const service = '/parley/action/wave_hand';
    const { client, session } = await robot({ op: 'advertise_service', service, type: 'robot/Wave' });
    session.say({ ...WAVE, id: '1-b', name: 'jump', status: 'started' });
    expect(await session.commands.take()).toMatchObject({ id: '1-b', status: 'refused' });
    session.say({ ...WAVE, status: 'started' });
    client.say({ op: 'unadvertise_service', service });
    expect(await session.commands.take()).toMatchObject({ id: '1-a', status: 'failed' });
  });

  it('may be reported on the topic by a client that has advertised it', async () => {
    const topic = '/parley/action/result';
    const { client, session } = await robot({ op: 'advertise', topic, type: STRING });
    session.say({ ...WAVE, status: 'started' });
    const data = JSON.stringify({ id: '1-a', status: 'progress', message: 'half way' });
    client.say({ op: 'publish', topic, msg: { data } });
    expect(await session.commands.take()).toMatchObject({ status: 'progress', message: 'half way' });
    client.say({ op: 'publish', id: 'p', topic, msg: { data: '{"id":"1-a","status":"tired"}' } });
    expect(await client.json()).toMatchObject({
      op: 'status',
      id: 'p',
      msg: expect.stringMatching(/status: /),
    });
  });
});
