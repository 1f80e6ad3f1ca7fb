/** Parley's clients before a real server, behind a link that is cut while they drive. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { startServer } from '../realtime/scene.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { runPython } from '../support/python.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const DRIVE = { name: 'drive', description: '', parameters: {}, whenInterrupted: 'detach' } as const;
const LOST = 'I lost the connection, and I do not know what became of this: drive.';

/** A server whose model drives when it is asked to, and a link to it. */
async function linked(flags: Readonly<Record<string, unknown>> = {}) {
  const scene = await startServer({
    flags,
    reply: ({ messages }) =>
      messages.at(-1)?.content === 'drive'
        ? { text: '', actions: [{ type: 'action', id: 'd', name: 'drive', args: {} }] }
        : { text: 'Yes.' },
  });
  const { port } = new URL(scene.server.url);
  const link = await startTcpProxy(() => [Number(port)]);
  afterTest(() => link.close());
  return { link, asked: scene.asked, url: `ws://127.0.0.1:${link.port}` };
}

/** A client of the npm package that drives until `arrive`, with all that happens in order. */
async function driver(url: string) {
  const client = new ParleyClient({ url });
  afterTest(() => client.close());
  const story: string[] = [];
  let arrive = () => {};
  client.onAction('drive', (_args, { signal }) => {
    story.push('drives');
    signal.addEventListener('abort', () => story.push('aborted'));
    return new Promise<string>((resolve) => {
      arrive = () => resolve('arrived');
    });
  });
  client.on('ready', ({ resumed }) => story.push(`ready ${resumed}`));
  client.on('action', ({ status }) => story.push(status));
  client.on('reply.end', ({ heard }) => {
    if (heard) story.push(heard);
  });
  await client.connect();
  client.settings({ tools: [DRIVE] });
  const lists = client.next('state', ({ actions }) => actions?.length === 1);
  const starts = client.next('action');
  client.text('drive');
  await Promise.all([lists, starts]);
  return { client, story, arrive: () => arrive() };
}

async function cutAndHeal(client: ParleyClient, link: TcpProxy): Promise<void> {
  const ready = client.next('ready');
  link.cut();
  await client.next('link');
  link.heal();
  await ready;
}

describe('a drive of the npm client that outlives its reply', () => {
  it('goes on through a cut of the link, and its end is known to the server', async () => {
    const { link, url, asked } = await linked();
    const { client, story, arrive } = await driver(url);
    const progress = client.next('action', ({ status }) => status === 'progress');
    await cutAndHeal(client, link);
    await progress;
    const done = client.next('action', ({ status }) => status === 'done');
    arrive();
    await done;
    expect(story.filter((what) => what !== 'Yes.')).toEqual([
      ...['ready false', 'drives', 'started', 'ready true', 'progress', 'done'],
    ]);
    const answered = client.next('reply.end', ({ heard }) => heard === 'Yes.');
    client.text('where are you?');
    await answered;
    const known = asked.at(-1)?.messages.flatMap(({ actions = [] }) => actions);
    expect(known).toMatchObject([{ name: 'drive', result: { status: 'done', message: 'arrived' } }]);
  });

  it('is said to be unknown in the next session if the client was away for too long', async () => {
    const { link, url } = await linked({ 'limits.awayMs': 100 });
    const { client, story } = await driver(url);
    const said = client.next('reply.end', ({ heard }) => heard === LOST);
    link.cut();
    await client.next('link');
    // The client tries again after 250 ms at the earliest.
    await client.next('link', ({ link: now }) => now === 'connecting');
    link.heal();
    await said;
    expect(story).toEqual(['ready false', 'drives', 'started', 'aborted', 'ready false', LOST]);
  });
});

const PROGRAM = `
import asyncio, json, sys
from parley_client import ParleyClient

async def main() -> None:
    kept = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    client = ParleyClient(sys.argv[1], **kept)

    @client.on_action("drive")
    async def drive(action) -> str:
        print("drives")
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            print("aborted")
            raise

    async with client:
        print("session", json.dumps({"session": client.session, "secret": client.secret}))
        events = client.events()
        if not kept:
            await client.settings(tools=[{"name": "drive", "description": "", "parameters": {}, "whenInterrupted": "detach"}])
            await client.text("drive")
        async for event in events:
            if event["type"] == "action":
                print("action", event["status"])
            if event["type"] == "reply.end" and event["heard"]:
                print("heard", event["heard"])

asyncio.run(main())
`;

describe('a drive of the Python client that outlives its reply', () => {
  it('goes on through a cut of the link; if the program dies, the next one hears that its end is not known', async () => {
    const { link, url } = await linked();
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'robot.py'), PROGRAM);
    const robot = runPython(['robot.py', url], folder);
    const [, session = ''] = await robot.line(/session (.*)/u);
    await robot.line(/action started/u);
    await robot.line(/drives/u);
    link.cut();
    link.heal();
    await robot.line(/action progress/u);
    robot.kill();
    await robot.exited;
    expect(robot.lines.join('\n')).not.toContain('aborted');
    const next = runPython(['robot.py', url, session], folder);
    await next.line(new RegExp(`heard ${LOST}`, 'u'));
  });
});
