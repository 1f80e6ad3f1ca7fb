import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { errorAnswer, openaiServer } from '../../testing/loopback/mod.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { ONLY_TYPED, parley } from '../support/processes.ts';

it('an operator changes the log level of a running server, by HTTP or SIGHUP, and no other client does', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'robot.yaml');
  const token = 'secret token';
  await writeFile(file, `token: ${token}\n`);
  const failing = await openaiServer({ chat: () => errorAnswer(400, 'no') });
  afterTest(() => failing.close());
  const llm = ['--engines.llm', 'openai', '--llm.openai.base-url', failing.baseURL];
  const args = ['--port', '0', '--data-dir', join(folder, 'data'), '--config', file, ...llm, ...ONLY_TYPED];
  const server = parley(['serve', ...args]);
  afterTest(() => server.stop());
  const [url] = await server.line(/http:\/\/127\.0\.0\.1:\d+/u);
  const ask = (body?: unknown, bearer = token) =>
    fetch(`${url}/v1/log`, {
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });
  expect((await ask({ level: 'fatal' }, 'wrong')).status).toBe(401);
  for (const wrong of [{ level: 'loud' }, { level: 'debug', more: 1 }, 'debug'])
    expect((await ask(wrong)).status).toBe(400);
  expect(await (await ask()).json()).toEqual({ level: 'info' });

  const sayHello = async () => {
    const client = await VoiceClient.connect({ url, token });
    client.send({ type: 'text', text: 'hello' });
    await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: 20_000 });
    await client.close();
  };
  expect(await (await ask({ level: 'error' })).json()).toEqual({ level: 'error' });
  await sayHello();
  expect(server.lines.join('\n')).not.toContain('a reply failed');
  await writeFile(file, `token: ${token}\nlog: { level: debug }\n`);
  process.kill(server.pid, 'SIGHUP');
  await server.line(/"level":"debug".*new sessions have these flags/u);
  expect(await (await ask()).json()).toEqual({ level: 'debug' });
  await sayHello();
  await server.line(/"session":"[-\da-f]+","turn":1.*a reply failed/u);
});
