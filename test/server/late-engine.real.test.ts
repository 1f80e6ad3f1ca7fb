import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { freePort } from '../support/free-port.ts';

const chunk = (content: string) =>
  `data: {"choices":[{"delta":{"content":${JSON.stringify(content)}},"finish_reason":null}]}\n\n`;

/** A server of a model that says these texts, one for each request. */
async function model(port: number, replies: readonly string[][]): Promise<unknown[]> {
  const asked: unknown[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += String(piece);
    if (request.method !== 'POST') return void response.end('{}');
    const texts = replies[asked.length] ?? [];
    asked.push(JSON.parse(body));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(
      `${texts.map(chunk).join('')}data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`,
    );
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  afterTest(() => {
    server.closeAllConnections();
    server.close();
  });
  return asked;
}

it('starts without its only language engine, says so, and answers as soon as the engine is there', async () => {
  const dataDir = await temporaryFolder();
  const port = await freePort();
  const config = loadConfig({
    cwd: dataDir,
    flags: {
      ...{ dataDir, port: '0', 'engines.llm': 'openai', 'tts.cache.enabled': 'no' },
      'llm.openai.base-url': `http://127.0.0.1:${port}`,
    },
  });
  const server = await serve({ config, log: makeLogger('silent') });
  afterTest(() => server.close());
  const ready = async () => {
    const response = await fetch(`${server.url.replace(/^ws/, 'http')}/readyz`.replace(/([^:])\/\//, '$1/'));
    return { status: response.status, text: await response.text() };
  };
  expect(await ready()).toMatchObject({ status: 503, text: expect.stringContaining('ECONNREFUSED') });

  const client = await VoiceClient.connect({
    url: server.url,
    clock: realClock,
    manners: { output: 'text' },
  });
  afterTest(() => client.close());
  const say = async (text: string, turn: number) => {
    client.send({ type: 'text', text });
    const ends = () =>
      client.arrivals.flatMap(({ message }) => (message.type === 'reply.end' ? message.heard : []));
    await client.waitFor(() => ends().length === turn, { timeoutMs: 20_000 });
    return ends().at(-1);
  };
  expect(await say('hello', 1)).toMatch(/\w/);

  const asked = await model(port, [['<think>A greeting.', '</think>', 'Hello there.'], [], ['I am here.']]);
  const untilMs = realClock.nowMs() + 20_000;
  while ((await ready()).status !== 200 && realClock.nowMs() < untilMs) await realClock.nextTurn();
  expect((await ready()).status).toBe(200);
  expect(await say('hello', 2)).toBe('Hello there.');
  // Nothing said is answered with a phrase of Parley's own.
  expect(await say('and you?', 3)).toMatch(/\w/);
  expect(await say('where are you?', 4)).toBe('I am here.');
  expect(JSON.stringify(asked)).not.toContain('A greeting');
});
