import { expect, it } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { meet, STRING, statusOf, subscribe } from './rosbridge-test-util.ts';

const BATTERY = 'sensor_msgs/BatteryState';
const rosTopics = loadConfig({
  flags: {
    'ros.events': JSON.stringify({
      '/battery': { event: 'battery.low', type: BATTERY, fields: { percent: 'state.percentage' } },
      box: { event: 'box.closed' },
    }),
    'ros.reports': JSON.stringify({
      arrived: { topic: '/delivery/arrived' },
      pose: { topic: '/delivery/pose', type: 'geometry_msgs/Point' },
    }),
  },
}).ros;
const publish = (topic: string, msg: object) => ({ op: 'publish', topic, msg });

it('a topic that the configuration maps is an event of the behaviour', async () => {
  const { client, session } = await meet([{ op: 'advertise', topic: '/battery', type: BATTERY }], '', {
    rosTopics,
  });
  client.say(publish('/battery', { state: { percentage: 9, voltage: 11 } }));
  client.say(publish('/box', { data: '{"by":"hand"}' }));
  client.say(publish('/box', { data: '' }));
  expect([
    await session.commands.take(),
    await session.commands.take(),
    await session.commands.take(),
  ]).toEqual([
    { type: 'event', name: 'battery.low', data: { percent: 9 } },
    { type: 'event', name: 'box.closed', data: { by: 'hand' } },
    { type: 'event', name: 'box.closed', data: {} },
  ]);
});

it('a topic of another type, or of other contents, is an error', async () => {
  const { client } = await meet([], '', { rosTopics });
  client.say({ op: 'advertise', topic: '/battery', type: STRING });
  expect(await statusOf(client)).toMatchObject({ msg: `/battery has the type ${BATTERY}` });
  client.say(publish('/box', { data: 'closed' }));
  expect(await statusOf(client)).toMatchObject({ msg: '/box: data: must be JSON of an object' });
});

it('a report of the behaviour is a message on its topic: JSON in a text, or the message itself', async () => {
  const { client, session } = await meet(
    [subscribe('/delivery/arrived'), subscribe('/delivery/pose', { type: 'geometry_msgs/msg/Point' })],
    '',
    { rosTopics },
  );
  session.say({ type: 'report', name: 'arrived', data: { by: 'lift' } });
  session.say({ type: 'report', name: 'pose', data: { x: 1, y: 2, z: 0 } });
  session.say({ type: 'report', name: 'else' });
  expect([await client.json(), await client.json()]).toEqual([
    { op: 'publish', topic: '/delivery/arrived', msg: { data: '{"name":"arrived","data":{"by":"lift"}}' } },
    { op: 'publish', topic: '/delivery/pose', msg: { x: 1, y: 2, z: 0 } },
  ]);
});
