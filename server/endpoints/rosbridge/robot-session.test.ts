import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { RosLink } from '../../../adapters/action/ros/link.ts';
import { RosRobot } from '../../../adapters/action/ros/robot.ts';
import { VirtualClock } from '../../../machines/clock.ts';
import { afterTest } from '../../../test/support/after-test.ts';
import { RosbridgeServer } from '../../../testing/loopback/mod.ts';
import { loadConfig } from '../../config/load.ts';
import { startRig } from '../../door/door-test-util.ts';

async function meet(flags: Readonly<Record<string, unknown>> = {}, token?: string) {
  const server = await RosbridgeServer.start();
  afterTest(() => server.close());
  const clock = new VirtualClock();
  const log = { info: () => {}, warn: () => {} };
  const link = new RosLink({ url: server.url, clock, log });
  const { ros } = loadConfig({ flags });
  const robot = new RosRobot({ link, clock, log, mappings: new Map(), durationsMs: new Map() });
  const rig = await startRig({ robot: { robot, ros }, token });
  const hear = (ms: number) =>
    server.publish('/parley/audio/in', { data: Buffer.alloc(32 * ms).toString('base64') });
  await server.until(() => server.received.some(({ service }) => service === '/parley/interrupt'));
  return { server, rig, hear };
}

it('a robot whose audio comes too fast loses its session, and gets another after a pause', async () => {
  const { rig, hear } = await meet({}, 'the right one');
  for (let i = 0; i < 8; i++) hear(1_000);
  const first = await rig.host.opened.take();
  expect(first.request).toMatchObject({ results: true, outputRate: 16_000 });
  expect(await first.closed).toBe('lost');
  hear(20);
  for (let i = 0; i < 20; i++) await nextTurn();
  expect(rig.door.stats().sessionsOpened).toBe(1);
  await rig.clock.advance(2_000);
  hear(20);
  await rig.host.opened.take();
  await nextTurn();
  expect(rig.door.stats().openedAt).toEqual({ 'ros-robot': 2 });
});

it('a robot without microphone and loudspeaker types and reads, and its session ends with the server', async () => {
  const { server, rig } = await meet({ 'ros.microphone': '', 'ros.loudspeaker': '' });
  server.publish('/parley/text', { data: 'hello' });
  const session = await rig.host.opened.take();
  expect(session.request).toMatchObject({ input: 'text', output: 'text' });
  expect(await session.commands.take()).toEqual({ type: 'text', text: 'hello' });
  const drained = rig.door.drain(0);
  await rig.clock.advance(0);
  await drained;
  expect(await session.closed).toBe('draining');
  expect(server.received.map(({ topic }) => topic)).not.toContain('/parley/audio/out');
});
