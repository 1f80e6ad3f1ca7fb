import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startServer } from '../realtime/scene.ts';
import { temporaryFolder } from '../support/after-test.ts';
import { runPython } from '../support/python.ts';

/** Asks, keeps its session in a file, and waits; a second run finds the file. */
const PROGRAM = `
import asyncio, json, os, sys
from parley_client import ParleyClient

async def main() -> None:
    kept = json.load(open("session.json")) if os.path.exists("session.json") else {}
    async with ParleyClient(sys.argv[1], **kept) as client:
        json.dump({"session": client.session, "secret": client.secret}, open("session.json", "w"))
        print("ready", client.ready["session"], client.ready["resumed"])
        events = client.events()
        await client.text(sys.argv[2])
        async for event in events:
            if event["type"] == "reply.end":
                print("heard", event["heard"])
                if len(sys.argv) > 3:
                    await client.leave()
                    break

asyncio.run(main())
`;

it('a Python program that is killed and started again goes on with its conversation', async () => {
  const { server, asked } = await startServer({
    reply: ({ messages }) => ({ text: `Answer ${(messages.length + 1) / 2}.` }),
  });
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'robot.py'), PROGRAM);
  const run = (...words: string[]) => runPython(['robot.py', server.url, ...words], folder);

  const first = run('my name is Ada');
  const [, session] = await first.line(/ready (\S+) False/u);
  await first.line(/heard Answer 1\./u);
  first.kill();
  await first.exited;

  const second = run('what is my name', 'leave');
  expect((await second.line(/ready (\S+) True/u))[1]).toBe(session);
  await second.line(/heard Answer 2\./u);
  await second.exited;

  const third = run('and now');
  expect((await third.line(/ready (\S+) True/u))[1]).toBe(session);
  await third.line(/heard Answer 3\./u);
  expect(asked.at(-1)?.messages.map(({ role, content }) => `${role}: ${content}`)).toEqual([
    'user: my name is Ada',
    'assistant: Answer 1.',
    'user: what is my name',
    'assistant: Answer 2.',
    'user: and now',
  ]);
});
