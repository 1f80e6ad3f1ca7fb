import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { LlmRequest } from '../../actors/ports/llm.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { localShared } from '../../adapters/shared/local.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import type { Server } from '../../server/serve-options.ts';
import { cachedTools } from '../../server/shared/cached-tools.ts';
import { startNatsServer } from '../../testing/nats-server.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';

/** A broker, and servers on it with a data directory each; `asked` has what their language engine was asked. */
async function startServers(count: number, more: Record<string, string> = {}) {
  const streams = await temporaryFolder();
  const broker = await startNatsServer({ args: ['-js', '-sd', streams] });
  afterTest(() => broker.stop());
  const asked: LlmRequest['messages'][] = [];
  const start = async () => {
    const dataDir = await temporaryFolder();
    const flags = { port: '0', dataDir, 'bus.natsUrl': broker.url, ...more };
    const server = await serve({
      config: loadConfig({ cwd: dataDir, flags }),
      log: makeLogger('silent'),
      parts: {
        vad: levelVad(),
        engines: {
          stt: scriptedStt(realClock, []),
          llm: scriptedLlm(realClock, ({ messages }) => {
            asked.push(messages);
            const failsAt = messages.at(-1)?.content === 'fail' ? { failsAt: 0 } : {};
            return { text: `Reply ${asked.length}.`, firstTokenMs: 1, tokenMs: 1, ...failsAt };
          }),
          tts: scriptedTts(realClock, () => ({})),
        },
      },
    });
    afterTest(() => server.close());
    return { server, dataDir };
  };
  const servers: Awaited<ReturnType<typeof start>>[] = [];
  for (let i = 0; i < count; i++) servers.push(await start());
  return { servers, start, streams, asked };
}

type Manners = NonNullable<Parameters<typeof VoiceClient.connect>[0]['manners']>;

async function visit({ url }: Server, user: string | undefined, more: Manners = {}) {
  const manners = { input: 'text', output: 'text', resume: true, ...more } as const;
  const client = await VoiceClient.connect({ url, manners, ...(user !== undefined && { user }) });
  afterTest(() => client.close());
  const ready = client.arrivals[0]?.message;
  if (ready?.type !== 'ready') throw new Error('not ready');
  return {
    client,
    ready,
    async say(text: string) {
      const since = client.arrivals.length;
      client.send({ type: 'text', text });
      await client.waitFor(({ type }) => type === 'reply.end', { since, timeoutMs: 10_000 });
    },
  };
}

it('a client whose server ended goes on at another one, which knows what was said', async () => {
  const { servers, asked } = await startServers(2);
  const [one, two] = servers;
  if (!one || !two) throw new Error('two servers');
  const before = await visit(one.server, 'anna');
  await before.say('my cat is called Tom');
  await before.say('and he is black');
  await one.server.close();
  const { session, secret } = before.ready;

  const stranger = await visit(two.server, 'anna', { session, secret: 'a guess' });
  await stranger.say('what do you know?');
  expect(asked.at(-1)).toEqual([{ role: 'user', content: 'what do you know?' }]);
  const other = await visit(two.server, 'ben', { session, ...(secret && { secret }) });
  await other.say('and I?');
  expect(asked.at(-1)).toEqual([{ role: 'user', content: 'and I?' }]);

  const after = await visit(two.server, 'anna', { session, ...(secret && { secret }) });
  expect(after.ready).toMatchObject({ resumed: false });
  await after.say('who is Tom?');
  expect(asked.at(-1)).toEqual([
    { role: 'user', content: 'my cat is called Tom' },
    { role: 'assistant', content: 'Reply 1.' },
    { role: 'user', content: 'and he is black' },
    { role: 'assistant', content: 'Reply 2.' },
    { role: 'user', content: 'who is Tom?' },
  ]);
  const twice = await visit(two.server, 'anna', { session, ...(secret && { secret }) });
  await twice.say('again');
  expect(asked.at(-1)).toEqual([{ role: 'user', content: 'again' }]);
});

it('a user who is deleted at one server is deleted at the others', async () => {
  const { servers, streams } = await startServers(2, { 'memory.engine': 'local' });
  const [one, two] = servers;
  if (!one || !two) throw new Error('two servers');
  const here = await visit(one.server, 'anna');
  await here.say('the marmalade is behind the zebra painting');
  const there = await visit(two.server, 'anna');
  await there.say('a zebra lives next door');
  const ben = await visit(two.server, 'ben');
  await ben.say('the xylophone is mine');
  const folders = [one.dataDir, two.dataDir, streams];
  await expect.poll(() => filesWith(folders, 'zebra')).not.toEqual([]);

  const answer = await fetch(`${one.server.url}/v1/users/anna`, { method: 'DELETE' });
  expect(answer.status).toBe(200);
  await there.client.closed;
  expect(there.client.arrivals.at(-1)?.message).toMatchObject({ code: 'USER_DELETED', fatal: true });
  await expect.poll(() => filesWith(folders, 'zebra')).toEqual([]);
  const { session, secret } = there.ready;
  const again = await visit(one.server, 'anna', { session, ...(secret && { secret }) });
  await again.say('hello');
  await ben.say('still here');
  await Promise.all(servers.map(({ server }) => server.close()));
  expect(await filesWith(folders, 'zebra')).toEqual([]);
  expect(await filesWith(folders, 'xylophone')).not.toEqual([]);
});

it('phrases that one server has synthesised are found by the others', async () => {
  const broker = await startNatsServer({ args: ['-js', '-sd', await temporaryFolder()] });
  afterTest(() => broker.stop());
  const dialog = join(await temporaryFolder(), 'dialog.yaml');
  await writeFile(dialog, 'entries:\n  - id: hello\n    phrases: [hello]\n    replies: [Hello to you.]\n');
  const start = async () => {
    const dataDir = await temporaryFolder();
    const flags = { port: '0', dataDir, dialog, 'bus.natsUrl': broker.url, 'engines.stt': 'remote' };
    const config = loadConfig({ cwd: dataDir, flags });
    const server = await serve({ config, log: makeLogger('silent') });
    afterTest(() => server.close());
    return server;
  };
  const first = await start();
  await expect.poll(() => first.engineStats()?.phrases?.stored).toBeGreaterThan(4);
  await first.close();
  const second = await start();
  await expect.poll(() => second.engineStats()?.phrases?.taken).toBeGreaterThan(4);
  expect(second.engineStats()?.phrases?.stored).toBe(0);
});

it('flags and phrases that an operator sets at one server count at the others, also at those that start later', async () => {
  const { servers, start } = await startServers(2);
  const [one, two] = servers;
  if (!one || !two) throw new Error('two servers');
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${one.server.url}${path}`, {
      ...{ method: 'POST', headers, body: JSON.stringify(body) },
    });
    return answer.status;
  };
  const at = async ({ url }: Server, path: string): Promise<unknown> => (await fetch(`${url}${path}`)).json();
  expect(await post('/v1/flags', { speculation: '25%' })).toBe(200);
  expect(await post('/v1/phrases', { en: { llmFailed: 'Pardon me, I am lost.', unknown: 'x' } })).toBe(200);
  expect(await post('/v1/phrases', { en: 'no' })).toBe(400);
  const later = (await start()).server;
  for (const server of [two.server, later]) {
    await expect.poll(() => at(server, '/v1/flags')).toMatchObject({ speculation: 25, filler: 100 });
    await expect.poll(() => at(server, '/v1/phrases')).toMatchObject({ en: expect.anything() });
    const { client, say } = await visit(server, undefined);
    await say('fail');
    expect(client.arrivals.map(({ message }) => message)).toContainEqual(
      expect.objectContaining({ type: 'reply.end', heard: 'Pardon me, I am lost.' }),
    );
  }
  expect(await post('/v1/phrases', { en: {} })).toBe(200);
  await expect.poll(() => at(later, '/v1/phrases')).toEqual({});
});

it('a tool whose results are kept is called once for the same arguments; others each time', async () => {
  const clock = new VirtualClock();
  const store = localShared(() => clock.nowMs());
  const calls: string[] = [];
  const port = {
    run: async ({ name, args }: { name: string; args: object }) => {
      calls.push(`${name} ${JSON.stringify(args)}`);
      return { text: `answer ${calls.length}` };
    },
  };
  const servers = [1, 2].map(() => cachedTools(port, { cacheMs: { weather: 60_000 }, store, clock }));
  const call = (server: number, name: string, args: Record<string, string>, reported?: true) =>
    servers[server]?.run(
      { session: 's', id: '1', name, args, ...(reported && { reported }) },
      new AbortController().signal,
    );
  expect(await call(0, 'weather', { city: 'Rome', unit: 'C' })).toEqual({ text: 'answer 1' });
  expect(await call(1, 'weather', { unit: 'C', city: 'Rome' })).toEqual({ text: 'answer 1' });
  expect(await call(1, 'weather', { city: 'Oslo' })).toEqual({ text: 'answer 2' });
  expect(await call(0, 'order', {})).toEqual({ text: 'answer 3' });
  expect(await call(1, 'order', {})).toEqual({ text: 'answer 4' });
  expect(await call(1, 'weather', { city: 'Rome', unit: 'C' }, true)).toEqual({ text: 'answer 5' });
  await clock.advance(60_000);
  expect(await call(0, 'weather', { city: 'Rome', unit: 'C' })).toEqual({ text: 'answer 6' });
});

it('a tool is called at once if the shared state hangs', async () => {
  const clock = new VirtualClock();
  const store = { ...localShared(() => 0), get: () => new Promise<never>(() => {}) };
  const port = cachedTools({ run: async () => 'fresh' }, { cacheMs: { weather: 60_000 }, store, clock });
  const result = port.run({ session: 's', id: '1', name: 'weather', args: {} }, new AbortController().signal);
  await clock.advance(100);
  expect(await result).toBe('fresh');
});

/** The files below these folders that contain the words. */
async function filesWith(folders: readonly string[], words: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of folders)
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const text = entry.isFile() ? await readFile(path, 'latin1').catch(() => '') : '';
      if (text.includes(words)) found.push(path);
    }
  return found;
}
