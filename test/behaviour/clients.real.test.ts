/** The delivery robot in YAML behind the clients of users: Python by the native door, the unmodified `roslib` by rosbridge. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startServer } from '../realtime/scene.ts';
import { LIBRARIES, RosUser } from '../ros/roslib-user.ts';
import { temporaryFolder } from '../support/after-test.ts';
import { runPython } from '../support/python.ts';

const FILE = fileURLToPath(new URL('../../examples/delivery/delivery.yaml', import.meta.url));
const rosMapping = {
  'ros.events': JSON.stringify({ '/box': { event: 'box.closed', type: 'std_msgs/Empty' } }),
  'ros.reports': JSON.stringify({ arrived: { topic: '/delivery/arrived' } }),
};

const PROGRAM = `
import asyncio, sys
from parley_client import ParleyClient

async def main() -> None:
    client = ParleyClient(sys.argv[1])

    @client.on_action("drive")
    @client.on_action("open")
    @client.on_action("dock")
    async def act(action) -> None:
        print("does", action.name, action.args, flush=True)

    async with client:
        events = client.events()
        await client.text("bring some coffee to room twelve")
        async for event in events:
            if event["type"] == "report":
                print("reports", event["name"], flush=True)
            if event["type"] == "reply.end":
                print("says", event["heard"], event.get("origin"), flush=True)
                if "PIN" in event["heard"]:
                    await client.text("2468")
            if event["type"] == "action" and event["status"] == "done":
                if event["name"] == "open":
                    await client.send({"type": "event", "name": "box.closed"})
                if event["name"] == "dock":
                    break

asyncio.run(main())
`;

it('a Python program carries out the task of a behaviour', { timeout: 60_000 }, async () => {
  const { server } = await startServer({ flags: { behaviour: FILE } });
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'robot.py'), PROGRAM);
  const run = runPython(['robot.py', server.url], folder);
  await run.line(/^does dock/u);
  expect(await run.exited, run.lines.join('\n')).toBe(0);
  expect(run.lines).toEqual(
    expect.arrayContaining([
      "does drive {'room': 12}",
      'reports arrived',
      'says I have coffee for you. Please tell me your PIN. behaviour',
      'does open {}',
      'says Here you are. behaviour',
      'does dock {}',
    ]),
  );
});

it.each(LIBRARIES)('roslib %s does, with events and reports on topics of its own', async (_, library) => {
  const { server } = await startServer({ flags: { behaviour: FILE, ...rosMapping } });
  const user = await RosUser.connect(library, `${server.url.replace('http', 'ws')}/rosbridge`);
  const calls: unknown[] = [];
  for (const name of ['drive', 'open', 'dock'])
    await user.service(`/parley/action/${name}`, 'robot_msgs/Go').advertise((args) => {
      calls.push([name, args]);
      return true;
    });
  user.listen('/parley/reply', '/parley/action', '/delivery/arrived');
  const says = (text: string) => user.until(() => user.of('reply.end').some(({ heard }) => heard === text));
  await user.call('/parley/text', { text: 'bring some coffee to room twelve' });
  await says('I have coffee for you. Please tell me your PIN.');
  expect(user.messages).toContainEqual({ name: 'arrived', data: {} });
  await user.call('/parley/text', { text: '2468' });
  await says('Here you are.');
  const did = (action: string) =>
    user.until(() => user.of('action').some(({ name, status }) => name === action && status === 'done'));
  await did('open');
  user.topic('/box', 'std_msgs/Empty').publish({});
  await did('dock');
  expect(calls).toEqual([
    ['drive', { room: 12 }],
    ['open', {}],
    ['dock', {}],
  ]);
});
