import * as roslib from 'roslib';
import { describe, expect, it } from 'vitest';
import { type Scene, sound, speakInto, startServer } from '../realtime/scene.ts';
import { LIBRARIES, type RosLibrary, RosUser } from './roslib-user.ts';

const COUNTING = 'One two three four five six seven eight nine ten.';
// ROS names have no hyphen.
const GO = { type: 'action', id: 'a', name: 'go-forward', args: { distance: 2 } } as const;

async function start(scene: Scene = {}) {
  const { server, asked } = await startServer(scene);
  const url = (query = '') => `${server.url.replace('http', 'ws')}/rosbridge${query}`;
  return { server, asked, url };
}

describe.each(LIBRARIES)('the unmodified roslib %s', (_version, library) => {
  async function meet({ query = '', ...scene }: Scene & { readonly query?: string } = {}) {
    const started = await start(scene);
    return { ...started, user: await RosUser.connect(library, started.url(query)) };
  }

  it('learns from its own events that the server is full, and connects when there is room', async () => {
    const { user, url } = await meet({ flags: { 'limits.sessions': 1 } });
    await user.call('/parley/text', { text: 'what is in the room' });
    const late = new RosUser(library, url());
    await Promise.all([late.event('error'), late.event('close')]);
    user.ros.close();
    for (let isIn = false; !isIn; ) {
      const tried = Promise.race([
        late.event('connection').then(() => true),
        late.event('close').then(() => false),
      ]);
      late.ros.connect(url());
      isIn = await tried;
    }
    expect(await late.call('/parley/text', { text: 'and now' })).toMatchObject({ success: true });
  });

  it('types, and reads the answer', async () => {
    const { user, asked } = await meet();
    user.listen('/parley/state', 'parley/reply');
    expect(await user.call('/parley/text', { text: 'what is in the room' })).toMatchObject({ success: true });
    expect(await user.next('reply.end')).toMatchObject({
      reason: 'completed',
      heard: 'There are two chairs.',
    });
    expect(asked[0]?.messages).toEqual([{ role: 'user', content: 'what is in the room' }]);
    expect(user.of('reply').map(({ text }) => text)).toEqual(['There ', 'are ', 'two ', 'chairs.']);
    await user.until(() => user.of('state').at(-1)?.value === 'idle');
  });

  it.each(['none', 'cbor'])('talks and listens (compression %s)', async (compression) => {
    const { user } = await meet({ query: '?inputRate=24000&outputRate=24000' });
    user.listenToAudio(compression).listen('/parley/transcript', '/parley/reply');
    await speakInto(user.microphone(), Buffer.concat([sound(600, true), sound(900, false)]));
    expect(await user.next('reply.end')).toMatchObject({ reason: 'completed' });
    expect(user.of('transcript').at(-1)).toMatchObject({ text: 'hello there', final: true });
    const bytes = user.audio.reduce((sum, { byteLength }) => sum + byteLength, 0);
    // 21 characters at 10 ms.
    expect(bytes / 48).toBeCloseTo(210, -1.5);
  });

  it('interrupts by voice: no audio follows, and the history holds what was heard', async () => {
    const { user, asked } = await meet({
      query: '?inputRate=24000',
      said: [{ text: 'wait a moment' }],
      reply: ({ messages }) => ({ text: messages.length > 1 ? 'Fine.' : COUNTING }),
      voice: { msPerChar: 100 },
    });
    user.listenToAudio().listen('/parley/reply', '/parley/event', '/parley/state');
    await user.call('/parley/text', { text: 'count' });
    await user.until(() => user.audio.length > 0);
    const talking = speakInto(user.microphone(), Buffer.concat([sound(800, true), sound(900, false)]));
    await user.next('flush');
    const before = user.audio.length;
    const { heard, reason } = await user.next('reply.end');
    expect(reason).toBe('interrupted');
    expect(COUNTING.startsWith(heard)).toBe(true);
    await user.until(() => user.of('state').at(-1)?.value === 'processing');
    expect(user.audio).toHaveLength(before);
    await talking;
    await user.next('reply.end', 1);
    expect(asked.at(-1)?.messages).toEqual([
      { role: 'user', content: 'count' },
      ...(heard ? [{ role: 'assistant', content: heard }] : []),
      { role: 'user', content: 'wait a moment' },
    ]);
  });

  it('stops the robot, and rearms it', async () => {
    const { user } = await meet({ reply: () => ({ text: COUNTING }), voice: { msPerChar: 100 } });
    user.listenToAudio().listen('/parley/state', '/parley/reply');
    await user.call('/parley/text', { text: 'count' });
    await user.until(() => user.audio.length > 0);
    expect(await user.call('/parley/halt')).toEqual({ success: true, message: '' });
    const before = user.audio.length;
    await user.until(() => user.of('state').at(-1)?.value === 'stopped');
    const refused = await user.call('/parley/text', { text: 'go on' });
    expect(refused).toMatchObject({ success: false, message: expect.stringMatching(/^SESSION_STOPPED: /) });
    expect(user.audio).toHaveLength(before);
    await user.call('/parley/rearm');
    await user.until(() => user.of('state').at(-1)?.value === 'idle');
  });

  it('lets the robot say something, and ends it', async () => {
    const { user, asked } = await meet({ voice: { msPerChar: 50 } });
    user.listenToAudio().listen('/parley/reply');
    await user.call('/parley/say', { text: 'Dinner is ready.' });
    await user.until(() => user.audio.length > 0);
    await user.call('/parley/interrupt');
    expect(await user.next('reply.end')).toMatchObject({ reason: 'interrupted' });
    expect(user.of('reply')).toMatchObject([{ text: 'Dinner is ready.' }]);
    expect(asked).toEqual([]);
  });

  it('executes an action as a service, and its result is in the history', async () => {
    const { user, asked } = await meet({
      reply: ({ messages }) => (messages.length > 1 ? { text: 'I did.' } : { text: 'Yes.', actions: [GO] }),
    });
    const calls: unknown[] = [];
    // Version 2 advertises a moment later.
    await user.service('/parley/action/go_forward', 'robot_msgs/Go').advertise((args, response) => {
      calls.push(args);
      response.battery = 80;
      return true;
    });
    user.listen('/parley/action', '/parley/reply');
    await user.call('/parley/text', { text: 'go' });
    await user.next('reply.end');
    expect(calls).toEqual([{ distance: 2 }]);
    expect(user.of('action').map(({ status }) => status)).toEqual(['started', 'done']);
    await user.call('/parley/text', { text: 'did you' });
    await user.next('reply.end', 1);
    expect(JSON.stringify(asked.at(-1)?.messages)).toMatch(/battery/);
  });

  it('reports the result of an action on the topic', async () => {
    const { user } = await meet({ reply: () => ({ text: 'Yes.', actions: [GO] }) });
    const results = user.topic('/parley/action/result');
    results.advertise();
    user.listen('/parley/action', '/parley/reply');
    await user.call('/parley/text', { text: 'go' });
    const { id } = await user.next('action');
    results.publish({ data: JSON.stringify({ id, status: 'failed', message: 'something is in the way' }) });
    await user.next('reply.end');
    expect(user.of('action').at(-1)).toMatchObject({ status: 'failed', message: 'something is in the way' });
  });

  it('connects again, and its subscriptions count for the new session', async () => {
    const { user, server, url } = await meet();
    user.listen('/parley/reply');
    await user.call('/parley/text', { text: 'hello' });
    await user.next('reply.end');
    user.ros.close();
    await user.event('close');
    const connected = user.event('connection');
    user.ros.connect(url());
    await connected;
    await user.call('/parley/text', { text: 'hello again' });
    expect(await user.next('reply.end', 1)).toMatchObject({ turn: 1, reason: 'completed' });
    expect(server.stats().openedAt).toEqual({ rosbridge: 2 });
  });

  it('asks rosapi, and gets its errors', async () => {
    const { user } = await meet({ flags: { token: 'the right one' }, query: '?token=the%20right%20one' });
    const { ros } = user;
    const topics = await new Promise<{ topics: string[] }>((resolve) => ros.getTopics(resolve));
    expect(topics.topics).toContain('/parley/state');
    const services = await new Promise<string[]>((resolve) => ros.getServices(resolve));
    expect(services).toContain('/parley/halt');
    const type = await new Promise((resolve) => ros.getTopicType('/parley/state', resolve));
    expect(type).toBe('std_msgs/msg/String');
    const trigger = await new Promise((resolve) => ros.getServiceType('/parley/halt', resolve));
    expect(trigger).toBe('std_srvs/srv/Trigger');
    const details = await new Promise((resolve) => ros.getMessageDetails('std_msgs/String', resolve));
    expect(details).toMatchObject([{ fieldnames: ['data'], fieldtypes: ['string'] }]);
    expect(await user.call('/add_two_ints').catch(String)).toMatch(/there is no service \/add_two_ints/);
    user.topic('/scan', 'sensor_msgs/LaserScan').subscribe(() => {});
  });
});

interface RosAction {
  advertise(onGoal: (goal: unknown, id: string) => void, onCancel: (id: string) => void): void;
  sendFeedback(id: string, feedback: object): void;
  setSucceeded(id: string, result: object): void;
}

describe('roslib 2.1', () => {
  it('executes actions of the dialog as ROS 2 actions, with feedback, and ends one on a barge-in', async () => {
    const { url } = await start({
      reply: () => ({ text: 'I drive.', actions: [GO] }),
    });
    // The package's own types do not resolve.
    const library = roslib as unknown as RosLibrary & { Action: new (options: object) => RosAction };
    const user = await RosUser.connect(library, url());
    const drive = new library.Action({
      ros: user.ros,
      name: '/parley/action/go_forward',
      actionType: 'robot_msgs/action/Drive',
    });
    const goals: unknown[] = [];
    const cancelled: string[] = [];
    drive.advertise(
      (goal, id) => {
        goals.push(goal);
        drive.sendFeedback(id, { message: 'half way' });
        if (goals.length === 1) drive.setSucceeded(id, { metres: 3 });
      },
      (id) => cancelled.push(id),
    );
    user.listen('/parley/action', '/parley/reply');
    await user.call('/parley/text', { text: 'go home' });
    await user.next('reply.end');
    expect(user.of('action').map(({ status, message }) => [status, message])).toEqual([
      ['started', undefined],
      ['progress', 'half way'],
      ['done', undefined],
    ]);
    await user.call('/parley/text', { text: 'go home again' });
    await user.until(() => user.of('action').filter(({ status }) => status === 'progress').length === 2);
    await user.call('/parley/interrupt');
    await user.next('reply.end', 1);
    await user.until(() => cancelled.length > 0);
    const { id } = user.of('action').at(-1) ?? {};
    expect(cancelled).toEqual([id]);
    expect(goals).toEqual([{ distance: 2 }, { distance: 2 }]);
  });
});
