import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsRecords } from '../../adapters/records/nats.ts';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { afterTest, folderOfFile } from '../support/after-test.ts';
import { type FailoverScene, startScene } from './scene.ts';

/** What the broker has of sessions. */
async function atBroker(url: string) {
  const records = await natsRecords({ url, replicas: 1, keptMs: 86_400_000 });
  afterTest(() => records.close());
  return records;
}

const folder = folderOfFile();
let cluster: FailoverScene;
beforeAll(async () => {
  cluster = await startScene(folder, { servers: 2, brokers: 1, logLevel: 'info' });
});
afterAll(() => cluster.close());

/** A client at the first of two servers, which comes back to the second one. */
async function scene(user?: string) {
  const [first, second] = cluster.servers;
  if (!first || !second) throw new Error('two servers');
  await Promise.all([first.start(), second.start()]);
  cluster.balancer.heal();
  cluster.prefer(first);
  const client = new ParleyClient({ url: cluster.url, ...(user !== undefined && { user }) });
  afterTest(() => client.close());
  const { session } = await client.connect();
  client.settings({ tools: [{ name: 'drive', description: 'Drives.', parameters: { type: 'object' } }] });
  cluster.prefer(second);
  return {
    ...{ client, first, second, session },
    /** The actions that ran. */
    ran: async () =>
      (await readFile(cluster.ranFile, 'utf8')).split('\n').flatMap((line) => {
        const [of, action] = line.split(' ');
        return of === session ? [action] : [];
      }),
    took: () =>
      second.process.lines.some((line) => line.includes(session) && line.includes('took a session over')),
  };
}

describe('a session whose server is killed', () => {
  it('goes on at another one, with all that was acknowledged', async () => {
    const { client, first, session } = await scene();
    client.text('one');
    const one = await client.next('reply.end');
    client.text('a long story');
    await client.next('played', ({ generation, samples }) => generation > one.generation && samples > 6_000);
    const back = Promise.all([client.next('ready'), client.next('reply.end')]);
    await first.process.kill();
    const [again, ended] = await back;
    expect(again).toMatchObject({ session, epoch: 3, resumed: true });
    expect(ended.reason).toBe('interrupted');
    client.text('what did I say?');
    const said = await client.next('reply.end');
    expect(said.heard).toContain(`user: one | assistant: ${one.heard}`);
    expect(said.heard).toContain(`user: a long story | assistant: ${ended.heard}`);
  });

  it('goes on at another one, even if nothing was said in it yet', async () => {
    const [first, second] = cluster.servers;
    if (!first || !second) throw new Error('two servers');
    await Promise.all([first.start(), second.start()]);
    cluster.balancer.heal();
    cluster.prefer(first);
    const client = new ParleyClient({ url: cluster.url });
    afterTest(() => client.close());
    const { session } = await client.connect();
    const back = client.next('ready');
    cluster.prefer(second);
    await first.process.kill();
    expect(await back).toMatchObject({ session, resumed: true });
    client.text('one');
    expect((await client.next('reply.end')).reason).toBe('completed');
  });
});

describe('a session whose client has lost its connection', () => {
  it('goes on at its own server through the other one', async () => {
    const { client, first, session, took } = await scene();
    client.text('a long story');
    await client.next('played', ({ samples }) => samples > 6_000);
    const back = client.next('ready');
    cluster.balancer.cutTo(first.place.port);
    expect(await back).toMatchObject({ session, epoch: 2, resumed: true });
    client.text('two');
    expect((await client.next('reply.end', ({ reason }) => reason === 'completed')).heard).toContain('two');
    expect(took()).toBe(false);
  });
});

describe('a server that is only slow', () => {
  it('loses its session to another one, and then does nothing more in it', async () => {
    const { client, first, session, ran, took } = await scene();
    client.text('order first');
    await client.next('reply.end');
    process.kill(first.process.pid, 'SIGSTOP');
    const back = client.next('ready');
    cluster.balancer.cutTo(first.place.port);
    expect(await back).toMatchObject({ session, resumed: true });
    client.text('order second');
    await client.next('reply.end');
    process.kill(first.process.pid, 'SIGCONT');
    await first.process.line(/another server has this session now/u);
    client.text('order third');
    await client.next('reply.end');
    expect(await ran()).toEqual(['1-first', '102-second', '103-third']);
    expect(took()).toBe(true);
  });
});

describe('a session of a user that is deleted', () => {
  it('leaves nothing at the broker, also if its server was lost', async () => {
    const { client, first, second, session } = await scene('anna');
    client.text('one');
    await client.next('reply.end');
    cluster.balancer.cut();
    await first.process.kill();
    const records = await atBroker(cluster.brokers[0]?.url ?? '');
    expect((await records.load(session))?.record.opening.user).toBe('anna');
    const answer = await fetch(`http://127.0.0.1:${second.place.port}/v1/users/anna`, { method: 'DELETE' });
    expect(answer.status).toBe(200);
    expect(await records.load(session)).toBeUndefined();
  });
});

describe('while the broker is away', () => {
  it('a conversation goes on without actions, and when it is back another server can have all of it', async () => {
    const { client, first, session, ran } = await scene();
    client.text('one');
    const ends = [await client.next('reply.end')];
    for (const link of first.links) link.cut();
    client.text('two');
    ends.push(await client.next('reply.end'));
    client.text('order never');
    expect(await client.next('action')).toMatchObject({ id: '3-never', status: 'failed' });
    if (client.link === 'connected') ends.push(await client.next('reply.end'));
    for (const link of first.links) link.heal();
    const records = await atBroker(cluster.brokers[0]?.url ?? '');
    const turns = async () =>
      (await records.load(session))?.record.snapshot.split('"type":"reply.end"').length;
    await expect.poll(turns).toBe(4);
    client.text('order now');
    expect(await client.next('action', ({ status }) => status !== 'started')).toMatchObject({
      status: 'done',
    });
    const back = client.next('ready');
    await first.process.kill();
    expect(await back).toMatchObject({ session, resumed: true });
    client.text('what did I say?');
    const said = await client.next('reply.end', ({ heard }) => heard.includes('what did I say?'));
    for (const { heard } of ends) expect(said.heard).toContain(heard);
    expect(await ran()).toEqual(['4-now']);
  });
});

describe('a server that is stopped for an upgrade', () => {
  it('leaves its sessions to the others', async () => {
    const { client, first, session } = await scene();
    client.text('one');
    const one = await client.next('reply.end');
    const back = client.next('ready');
    await first.process.stop();
    expect(await back).toMatchObject({ session, resumed: true });
    client.text('what did I say?');
    const said = await client.next('reply.end', ({ reason }) => reason === 'completed');
    expect(said.heard).toContain(`user: one | assistant: ${one.heard}`);
  });
});
