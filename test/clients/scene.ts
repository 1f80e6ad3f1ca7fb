/** The TypeScript client in Node before a scripted server, on virtual time. */
import { afterAll, beforeAll } from 'vitest';
import { type NodeOptions, ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { VirtualClock } from '../../machines/clock.ts';
import type { ReadyMessage } from '../../machines/wire.ts';
import { afterTest, folderOfFile } from '../support/after-test.ts';
import { type ScriptedSession, ScriptedSessionServer } from '../support/scripted-session-server.ts';

export let server: ScriptedSessionServer;

/** Gives the tests of a file a scripted server. */
export function useScriptedServer(): void {
  const folder = folderOfFile();
  beforeAll(async () => {
    server = await ScriptedSessionServer.start(folder);
  });
  afterAll(() => server.close());
}

/** A client that is closed when the test has finished, and its clock. */
export function clientOf(options: Partial<NodeOptions> = {}): {
  client: ParleyClient;
  clock: VirtualClock;
} {
  const clock = new VirtualClock({ settle: () => new Promise((settled) => setImmediate(settled)) });
  const client = new ParleyClient({ url: server.url, clock, ...options });
  afterTest(() => client.close());
  return { client, clock };
}

/** Connects the client; `ready` is the server's answer. */
export async function connected(
  client: ParleyClient,
  ready: Partial<ReadyMessage> = {},
): Promise<ScriptedSession> {
  const connecting = client.connect();
  const session = await server.next();
  session.ready(ready);
  await connecting;
  return session;
}
