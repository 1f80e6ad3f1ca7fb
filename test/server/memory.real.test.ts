import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { userToken } from '../../server/door/access.ts';
import { startNatsServer } from '../../testing/nats-server.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { startScene } from './memory-scene.ts';

it('a robot remembers in another session, on another server, what a user said to it', async () => {
  const scene = await startScene();
  const first = await scene.server();
  const anna = await scene.visit(first, 'anna');
  expect(await anna.say('hello robot')).toBe('Hello. We have not met yet. What is your name?');
  expect(await anna.say('my name is Anna')).toBe('Nice to meet you, anna.');
  expect(await anna.say('I like to drink green tea')).toBe('I will remember that you like green tea.');
  await scene.remembered('anna', 2);
  expect(await anna.say('who am I?')).toBe('You are anna.');
  await anna.leave();
  await first.close();

  const second = await scene.server();
  const again = await scene.visit(second, 'anna');
  expect(await again.say('hello robot')).toBe('Hello anna. Nice to hear you again.');
  expect(await again.say('bring me a drink')).toBe('Here comes your green tea, anna.');
  const ben = await scene.visit(second, 'ben');
  expect(await ben.say('who am I?')).toBe('I do not know your name yet.');
  const stranger = await scene.visit(second);
  expect(await stranger.say('who am I?')).toBe('I do not know your name yet.');
});

it.each([
  ['in this process', false],
  ['and in the streams of a broker', true],
])('nothing of a deleted user is in any file, %s', async (_where, withBroker) => {
  const streams = await temporaryFolder();
  const broker = withBroker ? await startNatsServer({ args: ['-js', '-sd', streams] }) : undefined;
  if (broker) afterTest(() => broker.stop());
  const scene = await startScene(broker && { 'bus.natsUrl': broker.url });
  const server = await scene.server();
  const folders = [scene.dataDir, streams];
  const found = (words: string) => filesWith(folders, words);
  const anna = await scene.visit(server, 'anna');
  await anna.say('my name is Clara');
  await anna.say('the marmalade is behind the zebra painting');
  const ben = await scene.visit(server, 'ben');
  await ben.say('the xylophone is mine');
  await scene.remembered('anna', 2);
  await scene.remembered('ben', 1);
  await ben.leave();
  expect(await found('zebra')).not.toEqual([]);
  expect(await found('xylophone')).not.toEqual([]);

  const answer = await fetch(`${server.url}/v1/users/anna`, { method: 'DELETE' });
  expect([answer.status, await answer.json()]).toEqual([200, { sessions: 1, memories: 2 }]);
  expect(anna.client.arrivals.at(-1)?.message).toMatchObject({
    type: 'error',
    code: 'USER_DELETED',
    fatal: true,
  });
  for (const words of ['zebra', 'Clara', '"anna"']) expect(await found(words)).toEqual([]);

  await server.close();
  await broker?.stop();
  for (const words of ['zebra', 'marmalade', 'Clara', 'anna']) expect(await found(words)).toEqual([]);
  expect(await found('xylophone')).not.toEqual([]);
});

it('only the server’s token or the user’s own deletes a user', async () => {
  const scene = await startScene({ token: 'long enough' });
  const { url } = await scene.server();
  const status = async (token: string, user = 'anna') => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${url}/v1/users/${user}`, { method: 'DELETE', headers })).status;
  };
  expect(await status(userToken('ben', 'long enough'))).toBe(403);
  expect(await status('wrong')).toBe(401);
  expect(await status(userToken('anna', 'long enough'))).toBe(200);
  expect(await status('long enough')).toBe(200);
  expect(await status('long enough', '..%2F')).toBe(400);
});

it('parley memory shows and deletes what is remembered of a user', async () => {
  const scene = await startScene();
  const server = await scene.server();
  const anna = await scene.visit(server, 'anna');
  await anna.say('my name is Anna');
  await anna.say('my sister lives in Rome');
  await scene.remembered('anna', 2);
  await server.close();
  const parley = async (what: string) => {
    const command = ['bin/parley.mjs', 'memory', what, '--user', 'anna', '--data-dir', scene.dataDir];
    return (await promisify(execFile)(process.execPath, command)).stdout;
  };
  const today = new Date().toISOString().slice(0, 10);
  const lines = (await parley('list')).trim().split('\n');
  expect(lines.map((line) => line.replace(/T.{5}/u, ''))).toEqual([
    `${today}  name: anna`,
    `${today}  my sister lives in Rome`,
  ]);
  expect(JSON.parse((await parley('export')).split('\n')[0] ?? '')).toMatchObject({
    key: 'name',
    text: 'anna',
  });
  expect(JSON.parse(await parley('delete'))).toEqual({ sessions: 1, memories: 2 });
  await scene.remembered('anna', 0);
});

/** The files below these folders that contain the words, in any case. */
async function filesWith(folders: readonly string[], words: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of folders)
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && (await readFile(path, 'latin1')).toLowerCase().includes(words.toLowerCase()))
        found.push(path);
    }
  return found;
}
