import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as roslib from 'roslib';
import { describe, expect, it } from 'vitest';
import type { SessionMessage } from '../../machines/wire.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { GOAL_STATUS, RosbridgeServer } from '../../testing/loopback/mod.ts';
import { type Scene, sound, speakInto, startServer } from '../realtime/scene.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { type RosLibrary, RosUser } from './roslib-user.ts';

const COUNTING = 'One two three four five six seven eight nine ten.';
const DIALOG = `
slots: { place: [home, door] }
entries:
  - id: go
    phrases: go to the {place}
    actions: [{ name: drive, args: { to: "{place}" }, ros: { action: /drive, type: robot_msgs/action/Drive } }]
  - id: look
    phrases: look
    actions: [{ name: look, ros: { service: /look, type: std_srvs/Trigger } }]
  - id: jump
    phrases: jump
    actions: [{ name: jump }]
`;

const act = (name: string, args = {}) => ({
  text: 'Yes.',
  actions: [{ type: 'action', id: 'a', name, args } as const],
});

/** A robot with ROS, and a server that has dialled it. */
async function meet({ flags, ...scene }: Scene = {}) {
  const robot = await RosbridgeServer.start();
  afterTest(() => robot.close());
  const dialog = join(await temporaryFolder(), 'robot.dialog.yaml');
  await writeFile(dialog, DIALOG);
  const rates = { 'ros.microphoneRate': 24_000, 'ros.loudspeakerRate': 24_000 };
  const started = await startServer({
    ...scene,
    flags: { 'ros.url': robot.url, dialog, ...rates, ...flags },
  });
  await robot.until(() => robot.received.some(({ op }) => op === 'advertise_service'));
  return { ...started, robot, heard: listen(robot) };
}

/** What the robot hears and is asked. */
function listen(robot: RosbridgeServer) {
  const published = () =>
    robot.received.flatMap(({ op, topic, msg }) =>
      op === 'publish' ? [{ topic, data: (msg as { data: string }).data }] : [],
    );
  const of = <Type extends SessionMessage['type']>(type: Type) =>
    published()
      .filter(({ topic }) => topic !== '/parley/audio/out')
      .map(({ data }): SessionMessage => JSON.parse(data))
      .filter((one): one is Extract<SessionMessage, { type: Type }> => one.type === type);
  return {
    of,
    get audioBytes() {
      const audio = published().filter(({ topic }) => topic === '/parley/audio/out');
      return audio.reduce((sum, { data }) => sum + Buffer.from(data, 'base64').byteLength, 0);
    },
    ended: (count = 1) => robot.until(() => of('reply.end').length >= count),
  };
}

const microphone = (robot: RosbridgeServer) => (pcm: Buffer) =>
  robot.publish('/parley/audio/in', { data: pcm.toString('base64') });
const type = (robot: RosbridgeServer, data: string) => robot.publish('/parley/text', { data });

describe('a robot that the server dials', () => {
  it('talks over its microphone and loudspeaker, and interrupts', async () => {
    const { robot, heard, asked, server } = await meet({
      said: [{ text: 'count' }, { text: 'wait a moment' }],
      reply: ({ messages }) => ({ text: messages.length > 1 ? 'Fine.' : COUNTING }),
      voice: { msPerChar: 100 },
    });
    await speakInto(microphone(robot), Buffer.concat([sound(600, true), sound(900, false)]));
    await robot.until(() => heard.audioBytes > 0);
    await speakInto(microphone(robot), Buffer.concat([sound(800, true), sound(900, false)]));
    await heard.ended(2);
    const [first, second] = heard.of('reply.end');
    expect(first?.reason).toBe('interrupted');
    expect(second).toMatchObject({ reason: 'completed', heard: 'Fine.' });
    expect(COUNTING.startsWith(first?.heard ?? '')).toBe(true);
    expect(heard.of('flush')).toMatchObject([{ generation: 1 }]);
    expect(asked.at(-1)?.messages.at(-1)).toEqual({ role: 'user', content: 'wait a moment' });
    expect(server.stats().openedAt).toEqual({ 'ros-robot': 1 });
  });

  it('executes actions, and says what became of them', async () => {
    const { robot, heard } = await meet({
      reply: ({ messages, results }) =>
        results
          ? { text: results.map(({ name, result }) => `${name}: ${JSON.stringify(result)}`).join() }
          : act(messages.at(-1)?.content ?? '', messages.at(-1)?.content === 'drive' ? { to: 'home' } : {}),
      flags: { 'ros.loudspeaker': '' },
    });
    robot.action('/drive', async ({ goal, feedback }) => {
      feedback({ message: 'half way' });
      return { status: GOAL_STATUS.succeeded, values: { goal } };
    });
    robot.service('/look', () => ({ success: false, message: 'it is dark' }));
    for (const [at, word] of ['drive', 'look', 'jump'].entries()) {
      type(robot, word);
      // The reply, and the one about the result.
      await heard.ended(2 * (at + 1));
    }
    expect(heard.of('action').map(({ name, status, message }) => [name, status, message])).toEqual([
      ['drive', 'started', undefined],
      ['drive', 'progress', 'half way'],
      ['drive', 'done', undefined],
      ['look', 'started', undefined],
      ['look', 'failed', 'it is dark'],
      ['jump', 'started', undefined],
      ['jump', 'refused', expect.stringMatching(/jump has no `ros`/)],
    ]);
    expect(heard.of('reply.end').map((end) => end.heard)).toEqual([
      'Yes.',
      'drive: {"status":"done","data":{"goal":{"to":"home"}}}',
      'Yes.',
      expect.stringMatching(/^look: .*"failed".*it is dark/),
      'Yes.',
      expect.stringMatching(/^jump: .*"refused"/),
    ]);
    expect(heard.audioBytes).toBe(0);
  });

  it('is stopped by its own service: the goal is cancelled and nothing more starts', async () => {
    const { robot, heard } = await meet({ reply: () => act('drive', { to: 'home' }) });
    robot.action('/drive', async ({ cancelled }) => {
      await cancelled;
      return { status: GOAL_STATUS.canceled };
    });
    type(robot, 'go home');
    await robot.until(() => heard.of('action').length === 1);
    expect(await robot.call('/parley/halt')).toMatchObject({ values: { success: true } });
    await robot.until(() => heard.of('state').at(-1)?.value === 'stopped');
    await robot.until(() => robot.received.some(({ op }) => op === 'cancel_action_goal'));
    expect(heard.of('action').at(-1)).toMatchObject({ status: 'cancelled' });
    type(robot, 'go home');
    await robot.until(() => heard.of('error').length > 0);
    expect(heard.of('error')).toMatchObject([{ code: 'SESSION_STOPPED' }]);
    expect(heard.of('action')).toHaveLength(2);
    await robot.call('/parley/rearm');
    await robot.until(() => heard.of('state').at(-1)?.value === 'idle');
  });

  it('that goes away ends its session, and begins a new one when it is back', async () => {
    const { robot, heard, server } = await meet();
    robot.publish('/parley/say', { data: 'Good evening.' });
    await heard.ended();
    expect(heard.of('reply')).toMatchObject([{ text: 'Good evening.' }]);
    robot.drop();
    const declared = robot.received.length;
    await robot.until(() => robot.received.slice(declared).some(({ op }) => op === 'advertise_service'));
    await robot.until(() => server.stats().sessions === 0);
    type(robot, 'hello');
    await heard.ended(2);
    expect(heard.of('reply.end').at(-1)).toMatchObject({ turn: 1, reason: 'completed' });
    expect(server.stats().openedAt).toEqual({ 'ros-robot': 2 });
  });

  it('also executes the actions of other clients, who do not report results', async () => {
    const { robot, server } = await meet({ reply: () => act('drive', { to: 'door' }) });
    const goals: unknown[] = [];
    robot.action('/drive', async ({ goal }) => {
      goals.push(goal);
      return { status: GOAL_STATUS.succeeded };
    });
    const client = await VoiceClient.connect({ url: server.url });
    afterTest(() => client.close());
    client.send({ type: 'text', text: 'go' });
    const done = await client.waitFor(
      (message) => message.type === 'action' && message.status !== 'started',
      {
        timeoutMs: 20_000,
      },
    );
    expect(done?.message).toMatchObject({ name: 'drive', status: 'done' });
    expect(goals).toEqual([{ to: 'door' }]);
  });

  it('may be missing at the start: everything else works', async () => {
    const gone = await RosbridgeServer.start();
    await gone.close();
    const { server } = await startServer({ flags: { 'ros.url': gone.url } });
    const client = await VoiceClient.connect({ url: server.url });
    afterTest(() => client.close());
    client.send({ type: 'text', text: 'hello' });
    const end = await client.waitFor(({ type: of }) => of === 'reply.end', { timeoutMs: 20_000 });
    expect(end?.message).toMatchObject({ reason: 'completed' });
  });
});

it('the loopback server speaks the protocol of the unmodified roslib', async () => {
  const robot = await RosbridgeServer.start();
  afterTest(() => robot.close());
  const library = roslib as unknown as RosLibrary & {
    Action: new (
      options: object,
    ) => {
      sendGoal(goal: object, done: (result: unknown) => void, feedback: (values: unknown) => void): void;
    };
  };
  const user = await RosUser.connect(library, robot.url);
  user.listen('/parley/state');
  user.topic('/chatter').publish({ data: 'hello' });
  expect(await robot.topic('/chatter').take()).toEqual({ data: 'hello' });
  robot.publish('/parley/state', { data: '{"type":"state","value":"idle"}' });
  expect(await user.next('state')).toMatchObject({ value: 'idle' });
  robot.service('/arm', () => ({ success: true, message: 'armed' }));
  expect(await user.call('/arm')).toEqual({ success: true, message: 'armed' });
  expect(await user.call('/leg').catch(String)).toMatch(/Service \/leg does not exist/);
  await user.service('/look', 'std_srvs/Trigger').advertise((_args, response) => {
    response.success = true;
    return true;
  });
  await robot.until(() => robot.received.some(({ op }) => op === 'advertise_service'));
  expect(await robot.call('/look')).toEqual({ values: { success: true }, result: true });
  robot.action('/drive', async ({ goal, feedback }) => {
    feedback({ left: 1 });
    return { status: GOAL_STATUS.succeeded, values: { goal } };
  });
  const drive = new library.Action({ ros: user.ros, name: '/drive', actionType: 'robot_msgs/Drive' });
  const seen: unknown[] = [];
  await new Promise<void>((resolve) =>
    drive.sendGoal(
      { to: 'home' },
      (result) => {
        seen.push(result);
        resolve();
      },
      (values) => seen.push(values),
    ),
  );
  expect(seen).toEqual([{ left: 1 }, { goal: { to: 'home' } }]);
});
