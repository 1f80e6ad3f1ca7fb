import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { afterTest, folderOfFile } from '../support/after-test.ts';
import { type FailoverScene, severalProcesses, startScene } from './scene.ts';

const folder = folderOfFile();
let scene: FailoverScene;
beforeAll(async () => {
  scene = await startScene(folder, { servers: 2, brokers: 1 });
}, 120_000);
afterAll(() => scene.close());

it('sessions of a server with several processes go on in the next process, and at another server, and lead back to the live one', async () => {
  const [first, second] = scene.servers;
  if (!first || !second) throw new Error('two servers');
  await first.process.stop();
  const children: ChildProcess[] = [];
  const supervisor = await severalProcesses(first, (child) => children.push(child));
  afterTest(() => supervisor.stop('SIGKILL'));
  const { port } = first.place;
  /** Number of sessions by process. */
  const processes = async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const counts = new Map<number, number>();
    for (const [, one, count] of metrics.matchAll(/^parley_sessions\{.*process="(\d)"\} (\d+)$/gmu))
      counts.set(Number(one), (counts.get(Number(one)) ?? 0) + Number(count));
    return counts;
  };
  await expect.poll(async () => (await processes()).size, { timeout: 60_000 }).toBe(2);

  scene.prefer(first);
  const away = new Set<ParleyClient>();
  const back = new Set<ParleyClient>();
  const clients = [0, 1].map(() => {
    const client = new ParleyClient({ url: scene.url });
    afterTest(() => client.close());
    client.on('link', ({ link }) => {
      if (link === 'waiting') away.add(client);
    });
    client.on('ready', ({ resumed }) => {
      away.delete(client);
      if (resumed) back.add(client);
    });
    return client;
  });
  const sessions: string[] = [];
  for (const client of clients) {
    scene.prefer(first);
    sessions.push((await client.connect()).session);
    client.text('one');
    expect((await client.next('reply.end')).reason).toBe('completed');
  }
  /** Waits until so many, or more, have lost their server and have their session again, and nobody waits for it. */
  const returned = async (count: number) => {
    await expect.poll(() => away.size === 0 && back.size >= count, { timeout: 60_000 }).toBe(true);
    back.clear();
  };

  // The network is lost, and they come back through the other server to where they are.
  scene.prefer(second);
  scene.balancer.cutTo(port);
  await returned(2);
  const before = await processes();
  expect([...before.values()].reduce((sum, count) => sum + count)).toBe(2);

  // A process is lost: the other one goes on with its sessions. The lost one may have passed on the other's client too.
  scene.balancer.heal();
  scene.prefer(first);
  const [victim = 1, count = 0] = [...before].find(([, count]) => count > 0) ?? [];
  children[victim - 1]?.kill('SIGKILL');
  await returned(count);

  // All of them are lost.
  await supervisor.stop('SIGKILL');
  await returned(2);
  for (const [at, client] of clients.entries()) {
    expect(client.session).toBe(sessions[at]);
    client.text('what did I say?');
    expect((await client.next('reply.end')).heard).toContain('user: one');
  }
}, 240_000);
