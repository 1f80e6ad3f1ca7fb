import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import WebSocket from 'ws';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { freePort } from '../support/free-port.ts';
import { runPython } from '../support/python.ts';
import { startServer } from './restart.ts';

/** Types a sentence, and another one after it came back. */
const PYTHON = `
import asyncio, os
from parley_client import ParleyClient

async def main():
    client = ParleyClient(os.environ["PARLEY_URL"])

    @client.on("ready")
    async def on_ready(message):
        print("ready", message["resumed"], flush=True)
        await client.text("what did I say?" if message["resumed"] else "tell me a story")

    @client.on("reply.end")
    def on_end(message):
        print("end", message["reason"], message["heard"], flush=True)

    await client.connect()
    await client.closed()

asyncio.run(main())
`;

/** The answer to a hello: its `ready`. */
async function greeted(url: string, hello: object): Promise<Record<string, unknown>> {
  const socket = new WebSocket(`${url}/v1/session`, 'parley.v1');
  afterTest(() => socket.terminate());
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'hello', language: 'en', resume: true, ...hello }));
  const [data] = await once(socket, 'message');
  socket.terminate();
  return JSON.parse(String(data));
}

it('after a restart a session goes on for speech and for the Python client, and for no client with another secret', async () => {
  const dataDir = await temporaryFolder();
  const port = await freePort();
  let server = await startServer(dataDir, port);
  afterTest(() => server.kill());
  const { url } = server;
  const owned = await greeted(url, {});
  const client = new ParleyClient({ url });
  afterTest(() => client.close());
  await client.connect();
  client.text('tell me a story');
  const script = join(dataDir, 'talk.py');
  writeFileSync(script, PYTHON);
  const python = runPython([script], dataDir, { PARLEY_URL: url });
  await python.line(/^ready False$/u);
  await client.next('played', ({ samples }) => samples > 24_000);

  const back = client.next('ready');
  await server.kill();
  server = await startServer(dataDir, port);
  expect(await back).toMatchObject({ resumed: true, epoch: 3 });

  const { session, secret } = owned;
  const stranger = await greeted(url, { session, epoch: 1, secret: 'x'.repeat(String(secret).length) });
  expect(stranger).toMatchObject({ type: 'ready', resumed: false });
  expect(stranger.session).not.toBe(session);
  expect(await greeted(url, { session, epoch: 1, secret })).toMatchObject({ session, resumed: true });

  const [heard] = await Promise.all([
    client.next('transcript', ({ final }) => final),
    client.speak(Int16Array.from({ length: 16_000 }, (_, i) => (i % 80 < 40 ? 9_000 : -9_000))),
  ]);
  expect(heard.text).toBe('hello');
  expect((await client.next('reply.end', ({ heard }) => heard !== '')).reason).toBe('completed');

  await python.line(/^ready True$/u);
  await python.line(/^end completed .*user: tell me a story/u);
}, 180_000);
