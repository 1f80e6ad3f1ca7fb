import { describe, expect, it } from 'vitest';
import { closeCodeIn, rawClient, rawFrame, readsOn, startRig } from '../../door/door-test-util.ts';
import { ANSWERED, connect, HELLO, meet, STRING, statusOf, subscribe } from './rosbridge-test-util.ts';

const TEXT = 1;

describe('a rosbridge client that misbehaves', () => {
  it.each([
    ['text that is not JSON', 'hello?', /invalid JSON/, undefined],
    ['JSON that is not an object', '[1]', /JSON object/, undefined],
    ['no operation', { id: 'e1' }, /unknown op: none; supported: advertise, /, 'e1'],
    ['an unknown operation', { op: 'fly', id: 2 }, /unknown op: "fly"/, 2],
    ['an operation without its fields', { op: 'subscribe', id: 'e3' }, /^subscribe: topic: /, 'e3'],
    ['an unknown topic', subscribe('/scan', { id: 'e4' }), /^\/scan: there are only \/parley\/state/, 'e4'],
    [
      'another type',
      subscribe('/parley/state', { id: 'e5', type: 'std_msgs/Int32' }),
      /has the type std_msgs\/msg\/String/,
      'e5',
    ],
    [
      'a topic that it must not publish',
      { op: 'publish', id: 'e6', topic: '/parley/state', msg: { data: '' } },
      /clients publish only to/,
      'e6',
    ],
    [
      'an advertised topic of another type',
      { op: 'advertise', id: 'e7', topic: '/parley/audio/in', type: STRING },
      /AudioData/,
      'e7',
    ],
    [
      'audio that is not base64',
      { op: 'publish', id: 'e8', topic: '/parley/audio/in', msg: { data: '#' } },
      /base64/,
      'e8',
    ],
    [
      'half a sample',
      { op: 'publish', id: 'e9', topic: '/parley/audio/in', msg: { data: [1] } },
      /16-bit/,
      'e9',
    ],
    [
      'an unknown compression',
      subscribe('/parley/reply', { id: 'e10', compression: 'cbor-raw' }),
      /compression cbor-raw/,
      'e10',
    ],
    ['a PNG message', { op: 'png', id: 'e11', data: '' }, /png is not supported/, 'e11'],
    [
      'a QoS that does not exist',
      subscribe('/parley/reply', { qos: { history: 'some' } }),
      /history/,
      undefined,
    ],
    ['rosauth', { op: 'auth', mac: '' }, /token/, undefined],
    [
      'a service that is not called',
      { op: 'advertise_service', id: 'e12', service: '/look', type: 'std_srvs/Trigger' },
      /\/parley\/action\//,
      'e12',
    ],
    [
      'a response to no call',
      { op: 'service_response', id: 'e13', service: '/x', result: true },
      /no call with this id/,
      'e13',
    ],
    [
      'fragments that do not fit',
      { op: 'fragment', id: 'e14', data: '', num: 3, total: 2 },
      /does not fit/,
      'e14',
    ],
    ['a cancel of nothing', { op: 'cancel_action_goal', id: 'e15', action: '/x' }, /no goal/, 'e15'],
  ])('by %s gets a status with its id, and goes on', async (_what, line, msg, id) => {
    const rig = await startRig();
    const client = await connect(rig).opened();
    client.say(line);
    expect(await client.json()).toEqual({
      ...{ op: 'status', level: 'error', msg: expect.stringMatching(msg) },
      ...(id !== undefined && { id }),
    });
    client.say(HELLO);
    expect(await client.json()).toMatchObject(ANSWERED);
  });

  it('chooses which statuses it gets', async () => {
    const rig = await startRig();
    const client = await connect(rig).opened();
    client.say({ op: 'set_level', level: 'info' });
    client.say(subscribe('/parley/reply'));
    expect(await client.json()).toMatchObject({ level: 'info', msg: 'subscribed to /parley/reply' });
    client.say({ op: 'unsubscribe', topic: '/parley/state' });
    expect(await client.json()).toMatchObject({ level: 'warning' });
    client.say({ op: 'set_level', level: 'none' });
    client.say('?');
    client.say(HELLO);
    expect(await client.json()).toMatchObject(ANSWERED);
  });

  it('sends a message in fragments, in any order, and loses one that it does not finish', async () => {
    const { rig, client, session } = await meet();
    const json = JSON.stringify({ ...HELLO, args: { text: 'in pieces' } });
    const piece = (num: number, id = 'f') => ({
      ...{ op: 'fragment', id, num, total: 2 },
      data: num === 0 ? json.slice(0, 40) : json.slice(40),
    });
    client.say(piece(1));
    client.say(piece(0));
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'in pieces' });
    await client.json();
    client.say(piece(0, 'g'));
    client.say({ ...HELLO, id: 'sync' });
    await client.json();
    await rig.clock.advance(10_000);
    expect(await client.json()).toMatchObject({
      op: 'status',
      id: 'g',
      msg: expect.stringMatching(/10000 ms/),
    });
    client.say({ op: 'fragment', id: 'n', num: 0, total: 1, data: JSON.stringify(piece(0)) });
    expect(await client.json()).toMatchObject({ id: 'f', msg: expect.stringMatching(/itself a fragment/) });
  });

  it('by binary data gets a status', async () => {
    const { client } = await meet();
    client.socket.send(Buffer.alloc(640));
    expect(await client.json()).toMatchObject({ op: 'status', level: 'error' });
  });

  it('by a message of more than 256 KiB is closed with 4413', async () => {
    const { client } = await meet();
    client.socket.send(Buffer.alloc(262_145, 'x'), { binary: false });
    expect((await statusOf(client)).msg).toMatch(/^TOO_LARGE: /);
    expect((await client.closed).code).toBe(4413);
  });

  it('by 10,000 messages at once is closed with 4429, and others are not', async () => {
    const { rig, client } = await meet();
    const other = await connect(rig).opened();
    for (let i = 0; i < 10_000; i++) client.say(subscribe('/parley/reply', { id: `s${i}` }));
    expect(await client.closed).toEqual({ code: 4429, reason: 'TOO_FAST' });
    other.say(HELLO);
    expect(await other.json()).toMatchObject(ANSWERED);
  });

  it('by 10,000 messages as fast as allowed is answered for each', async () => {
    const { client } = await meet([], '', { limits: { messageBurst: 20_000 } });
    for (let i = 0; i < 10_000; i++) {
      client.say(subscribe('/parley/reply', { id: `s${i}` }));
      if (i % 500 !== 499) continue;
      client.say({ op: 'call_service', id: 'sync', service: '/rosapi/nodes' });
      for (;;) if ((await client.json()).id === 'sync') break;
    }
    client.say({ ...HELLO, id: 'end' });
    expect(await client.json()).toMatchObject({ ...ANSWERED, id: 'end' });
  });

  it('by audio faster than real time is closed with 4429', async () => {
    const { client } = await meet();
    const second = Buffer.alloc(32_000).toString('base64');
    for (let i = 0; i < 6; i++)
      client.say({ op: 'publish', topic: '/parley/audio/in', msg: { data: second } });
    expect((await statusOf(client)).msg).toMatch(/^TOO_FAST: /);
    expect((await client.closed).code).toBe(4429);
  });

  it('by being gone without a word loses its session, and others do not', async () => {
    const { rig, client } = await meet();
    const gone = await rawClient(rig.address, '/rosbridge');
    gone.write(rawFrame(TEXT, JSON.stringify(HELLO)));
    const session = await rig.host.opened.take();
    gone.pause();
    const { pingIntervalMs, pongTimeoutMs } = rig.door.limits;
    await rig.clock.advance(pingIntervalMs);
    client.say({ ...HELLO, id: 'alive' });
    expect(await client.json()).toMatchObject({ ...ANSWERED, id: 'alive' });
    await rig.clock.advance(pongTimeoutMs);
    expect(await session.closed).toBe('lost');
    client.say({ ...HELLO, id: 'still' });
    expect(await client.json()).toMatchObject({ ...ANSWERED, id: 'still' });
  });

  it('by reading nothing is closed with 4508', async () => {
    const rig = await startRig();
    const stalled = await rawClient(rig.address, '/rosbridge');
    stalled.write(rawFrame(TEXT, JSON.stringify(subscribe('/parley/audio/out'))));
    stalled.write(rawFrame(TEXT, JSON.stringify(HELLO)));
    const session = await rig.host.opened.take();
    await session.commands.take();
    stalled.pause();
    for (let seq = 0; seq < 150; seq++) {
      session.play(1, seq);
      await rig.clock.advance(20);
    }
    expect(await session.closed).toBe('lost');
    expect(closeCodeIn(await readsOn(stalled, rig.clock))).toBe(4508);
  });
});
