import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { startScene } from './scene.ts';

async function scene() {
  const cluster = await startScene(await temporaryFolder(), { servers: 2, brokers: 1, logLevel: 'info' });
  afterTest(() => cluster.close());
  const [first, second] = cluster.servers;
  if (!first || !second) throw new Error('two servers');
  cluster.prefer(first);
  const client = new ParleyClient({ url: cluster.url });
  afterTest(() => client.close());
  const heard: SessionMessage[] = [];
  client.on('message', (message) => heard.push(message as SessionMessage));
  const ready = await client.connect();
  client.settings({ tools: [{ name: 'drive', description: 'Drives.', parameters: { type: 'object' } }] });
  cluster.prefer(second);
  return { cluster, client, heard, first, second, ready };
}

describe('a session whose server is killed', () => {
  it('goes on at another one, with all that was acknowledged', async () => {
    const { client, first, ready } = await scene();
    client.text('one');
    const one = await client.next('reply.end');
    client.text('a long story');
    await client.next('played', ({ samples }) => samples > 6_000);
    const back = Promise.all([client.next('ready'), client.next('reply.end')]);
    await first.process.kill();
    const [again, ended] = await back;
    expect(again).toMatchObject({ session: ready.session, epoch: 2, resumed: true });
    expect(ended.reason).toBe('interrupted');
    client.text('what did I say?');
    const said = await client.next('reply.end');
    expect(said.heard).toContain(`user: one | assistant: ${one.heard}`);
    expect(said.heard).toContain(`user: a long story | assistant: ${ended.heard}`);
  }, 60_000);
});

describe('a session whose client has lost its connection', () => {
  it('goes on at its own server through the other one', async () => {
    const { cluster, client, first, second, ready } = await scene();
    client.text('a long story');
    await client.next('played', ({ samples }) => samples > 6_000);
    const back = client.next('ready');
    cluster.balancer.cutTo(first.place.port);
    expect(await back).toMatchObject({ session: ready.session, epoch: 2, resumed: true });
    client.text('two');
    expect((await client.next('reply.end', ({ reason }) => reason === 'completed')).heard).toContain('two');
    expect(second.process.lines.join()).not.toContain('took a session over');
  }, 60_000);
});

describe('a server that is only slow', () => {
  it('loses its session to another one, and then does nothing more in it', async () => {
    const { cluster, client, first, second, ready } = await scene();
    client.text('order first');
    await client.next('reply.end');
    process.kill(first.process.pid, 'SIGSTOP');
    const back = client.next('ready');
    cluster.balancer.cutTo(first.place.port);
    expect(await back).toMatchObject({ session: ready.session, resumed: true });
    client.text('order second');
    await client.next('reply.end');
    process.kill(first.process.pid, 'SIGCONT');
    await first.process.line(/another server has this session now/u);
    client.text('order third');
    await client.next('reply.end');
    const ran = (await readFile(cluster.ranFile, 'utf8')).trim().split('\n');
    expect(ran.map((line) => line.split('-').at(-1))).toEqual(['first', 'second', 'third']);
    expect(second.process.lines.join()).toContain('took a session over');
  }, 60_000);
});
