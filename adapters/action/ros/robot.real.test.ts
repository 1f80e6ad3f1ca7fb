import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RosMapping } from '../../../actors/dialog/mod.ts';
import { VirtualClock } from '../../../machines/clock.ts';
import { afterTest } from '../../../test/support/after-test.ts';
import { GOAL_STATUS, RosbridgeServer } from '../../../testing/loopback/mod.ts';
import { pngOf } from '../../rosbridge/png.ts';
import { RosLink } from './link.ts';
import { RosRobot } from './robot.ts';

const MAPPINGS: Readonly<Record<string, RosMapping>> = {
  look: { service: '/look', type: 'std_srvs/Trigger', cancel: '/look/stop' },
  drive: { action: '/drive', type: 'robot_msgs/action/Drive' },
  spin: { topic: '/cmd_vel', type: 'geometry_msgs/Twist', stop: { angular: { z: 0 } } },
};

async function meet() {
  const clock = new VirtualClock();
  const server = await RosbridgeServer.start();
  const logged: string[] = [];
  const log = {
    info: (_fields: object, message: string) => logged.push(message),
    warn: (_fields: object, message: string) => logged.push(message),
  };
  const link = new RosLink({ url: server.url, clock, log });
  const mappings = new Map(Object.entries(MAPPINGS));
  const robot = new RosRobot({ link, clock, log, mappings, durationsMs: new Map([['spin', 2_000]]) });
  afterTest(async () => {
    link.close();
    await server.close();
  });
  const connected = async () => {
    while (!link.connected) await nextTurn();
  };
  return { clock, server, link, robot, logged, connected };
}

async function meetConnected() {
  const met = await meet();
  met.link.start();
  await met.connected();
  const controller = new AbortController();
  const run = (name: string, args = {}, progress?: (report: object) => void) =>
    met.robot.execute(name, args, controller.signal, progress);
  return { ...met, run, stop: () => controller.abort() };
}

describe('an action of the dialog', () => {
  it.each([
    [() => ({ found: 2 }), { status: 'done', data: { found: 2 } }],
    [
      () => ({ success: false, message: 'it is dark' }),
      { status: 'failed', message: 'it is dark', data: { success: false, message: 'it is dark' } },
    ],
    [
      () => {
        throw new Error('the camera is gone');
      },
      { status: 'failed', message: 'the camera is gone' },
    ],
  ])('is a call of a service, whose response is its end (%#)', async (answer, end) => {
    const { server, run } = await meetConnected();
    server.service('/look', answer);
    expect(await run('look', { at: 'door' })).toEqual(end);
    expect(server.received.at(-1)).toMatchObject({
      op: 'call_service',
      service: '/look',
      args: { at: 'door' },
    });
  });

  it('that is a service is stopped by the service named for it', async () => {
    const { server, run, stop } = await meetConnected();
    server.service('/look', () => new Promise(() => {}));
    let stopped = 0;
    server.service('/look/stop', () => {
      stopped += 1;
      return { success: true };
    });
    const running = run('look');
    await server.until(() => server.received.length > 0);
    stop();
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    await server.until(() => server.received.length > 1);
    expect(stopped).toBe(1);
  });

  it('is a goal of a ROS 2 action, with its feedback, its result and its cancel', async () => {
    const { server, run, stop } = await meetConnected();
    const progress: object[] = [];
    server.action('/drive', async ({ goal, feedback, cancelled }) => {
      feedback({ leftM: 1 });
      if ((goal as { metres: number }).metres > 2) await cancelled;
      return { status: GOAL_STATUS.succeeded, values: { metres: 2 } };
    });
    expect(await run('drive', { metres: 2 }, (report) => progress.push(report))).toEqual({
      status: 'done',
      data: { metres: 2 },
    });
    expect(progress).toEqual([{ status: 'progress', data: { leftM: 1 } }]);
    const running = run('drive', { metres: 9 }, stop);
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    await server.until(() => server.received.at(-1)?.op === 'cancel_action_goal');
    expect(server.received.at(-1)).toMatchObject({ action: '/drive', id: server.received.at(-2)?.id });
  });

  it('that the robot aborts has failed, with the reason and the other members of its result', async () => {
    const { server, run } = await meetConnected();
    const values = { message: 'something is in the way', leftM: 2 };
    server.action('/drive', async () => ({ status: GOAL_STATUS.aborted, values }));
    expect(await run('drive')).toEqual({ status: 'failed', message: values.message, data: values });
  });

  it.each([
    [GOAL_STATUS.aborted, 'aborted by the robot'],
    [GOAL_STATUS.canceled, 'cancelled by the robot'],
  ])('that ends with the goal status %i has failed', async (status, message) => {
    const { server, run } = await meetConnected();
    server.action('/drive', async () => ({ status }));
    expect(await run('drive')).toEqual({ status: 'failed', message });
  });

  it('is a message on a topic, and another when its time is over or it is stopped', async () => {
    const { clock, server, run, stop } = await meetConnected();
    const messages = server.topic('/cmd_vel');
    const first = run('spin', { angular: { z: 1 } });
    expect(await messages.take()).toEqual({ angular: { z: 1 } });
    await clock.advance(2_000);
    expect(await messages.take()).toEqual({ angular: { z: 0 } });
    expect(await first).toMatchObject({ status: 'done' });
    const second = run('spin', { angular: { z: -1 } });
    await messages.take();
    stop();
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await messages.take()).toEqual({ angular: { z: 0 } });
  });

  it('without a mapping is refused; without a connection, or when it is lost, it fails', async () => {
    const { server, robot, link, connected } = await meet();
    const { signal } = new AbortController();
    expect(await robot.execute('jump', {}, signal)).toMatchObject({ status: 'refused' });
    for (const name of Object.keys(MAPPINGS))
      expect(await robot.execute(name, {}, signal)).toEqual({
        status: 'failed',
        message: 'the robot is not connected',
      });
    link.start();
    await connected();
    server.action('/drive', () => new Promise(() => {}));
    const running = robot.execute('drive', {}, signal);
    await server.until(() => server.received.length > 0);
    server.drop();
    expect(await running).toMatchObject({ message: 'the connection to the robot was lost' });
  });

  it('of a client that reports results itself does not go to the robot', async () => {
    const { robot } = await meetConnected();
    const asked: string[] = [];
    const port = robot.port({
      run: async ({ name }) => {
        asked.push(name);
        return null;
      },
    });
    const { signal } = new AbortController();
    await port.run({ session: 's', id: '1', name: 'drive', args: {}, reported: true }, signal);
    await port.run({ session: 's', id: '2', name: 'jump', args: {} }, signal);
    expect(asked).toEqual(['drive', 'jump']);
    const failing = port.run({ session: 's', id: '3', name: 'drive', args: {} }, signal);
    await expect(failing).rejects.toThrow(/Action \/drive does not exist/);
  });
});

describe('the connection to the robot', () => {
  it('comes back by itself, later each time, and says again what it had declared', async () => {
    const { clock, server, link, logged, connected } = await meet();
    const heard: unknown[] = [];
    link.advertise('/parley/state', 'std_msgs/String');
    link.subscribe('/mic', 'audio_common_msgs/AudioData', (msg) => heard.push(msg));
    link.serve('/parley/halt', 'std_srvs/Trigger', () => ({ success: true }));
    const { port } = server;
    await server.close();
    link.start();
    for (const waitMs of [500, 1_000, 2_000]) {
      while (clock.nextAtMs() === undefined) await nextTurn();
      expect(clock.nextAtMs()).toBe(clock.nowMs() + waitMs);
      await clock.advance(waitMs);
    }
    expect(logged).toEqual(['the robot cannot be reached']);
    const back = await RosbridgeServer.start(port);
    afterTest(() => back.close());
    while (clock.nextAtMs() === undefined) await nextTurn();
    await clock.advance(4_000);
    await connected();
    await back.until(() => back.received.length === 3);
    expect(back.received.map(({ op }) => op)).toEqual(['advertise', 'subscribe', 'advertise_service']);
    expect(await back.call('/parley/halt')).toEqual({ values: { success: true }, result: true });
    back.publish('/mic', { data: 'AAA=' });
    while (heard.length === 0) await nextTurn();
    expect(heard).toEqual([{ data: 'AAA=' }]);
  });

  it('ends if the robot answers no ping, and survives messages that are not of the protocol', async () => {
    const { clock, server, link, logged, connected } = await meet();
    link.start();
    await connected();
    server.say('no JSON');
    server.say('[1]');
    server.say('{"op":"service_response","id":"parley:99"}');
    server.say('{"op":"status","level":"error","msg":"no such type"}');
    while (!logged.includes('the robot reports an error')) await nextTurn();
    expect(link.connected).toBe(true);
    server.hang();
    await clock.advance(5_000);
    await clock.advance(5_000);
    while (link.connected) await nextTurn();
    expect(logged).toContain('the connection to the robot was lost');
  });
});

describe('a rosbridge_server with its peculiarities', () => {
  /** A link that hears `/mic`. */
  async function listening() {
    const { server, link, connected } = await meet();
    const heard: unknown[] = [];
    link.subscribe('/mic', 'audio_common_msgs/AudioStamped', (msg) => heard.push(msg));
    link.start();
    await connected();
    await server.until(() => server.received.length === 1);
    const until = async (count: number) => {
      while (heard.length < count) await nextTurn();
    };
    return { server, heard, until };
  }
  const published = (msg: object) => JSON.stringify({ op: 'publish', topic: '/mic', msg });

  it('sends a message in fragments, with a total that has a fraction, in any order', async () => {
    const { server, heard, until } = await listening();
    const json = published({ data: 'a'.repeat(300) });
    const size = 100;
    // rosbridge_suite computes it without rounding.
    const total = (json.length - 1) / size + 1;
    const pieces = Array.from({ length: Math.ceil(json.length / size) }, (_, num) =>
      JSON.stringify({ op: 'fragment', id: 0, num, total, data: json.slice(num * size, (num + 1) * size) }),
    );
    for (const piece of pieces.reverse()) server.say(piece);
    server.say(published({ data: 'whole' }));
    await until(2);
    expect(heard).toEqual([{ data: 'a'.repeat(300) }, { data: 'whole' }]);
  });

  it('sends a message as an image, and numbers that a double does not hold', async () => {
    const { server, heard, until } = await listening();
    server.say(JSON.stringify({ op: 'png', data: pngOf(published({ data: 'grüße' })) }));
    server.say(
      '{"op":"publish","topic":"/mic","msg":{"at":1700000000123456789,"n":-12,"f":0.1234567890123456789}}',
    );
    await until(2);
    expect(heard).toEqual([{ data: 'grüße' }, { at: '1700000000123456789', n: -12, f: 0.12345678901234568 }]);
  });
});
