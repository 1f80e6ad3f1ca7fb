/** A configuration file, a server process, a model behind OpenAI's protocol, and real tools behind HTTP and MCP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { chatReply, openaiServer } from '../../testing/loopback/mod.ts';
import type { OpenAiServer } from '../../testing/loopback/openai-server.ts';
import { temporaryFolder } from '../support/after-test.ts';
import { parley } from '../support/processes.ts';

const EVERYTHING = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);
const LONG_MS = 120_000;

interface Asked {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}

/** A model that calls `name` once, and then says what it got. */
async function model(name: string, args: object) {
  const asked: Asked[] = [];
  const server = await openaiServer({
    chat: ({ json }) => {
      const request = json as Asked;
      asked.push(request);
      const words = request.messages.findLast(({ role }) => role === 'user')?.content;
      const result = request.messages.findLast(({ role }) => role === 'tool');
      if (request.messages.at(-1)?.role !== 'tool' && words !== 'yes' && !words?.startsWith('[The call'))
        return chatReply(['Let me ', 'see. '], { toolCalls: [{ name, arguments: JSON.stringify(args) }] });
      const { data }: { readonly data: object } = JSON.parse(result?.content ?? '{}');
      return chatReply([`It says ${Object.values(data).join()}.`]);
    },
  });
  onTestFinished(() => server.close());
  return { server, asked };
}

/** `parley serve` with this configuration; its engines are the model's server. */
async function start(folder: string, llm: OpenAiServer, yaml: string, port = '0') {
  const file = join(folder, 'parley.yaml');
  await mkdir(folder, { recursive: true });
  await writeFile(file, `engines: { stt: openai, llm: openai, tts: openai }\n${yaml}`);
  const args = ['serve', '--port', port, '--config', file, '--data-dir', join(folder, 'data')];
  const server = parley(args, { OPENAI_BASE_URL: llm.baseURL, OPENAI_API_KEY: 'none' });
  onTestFinished(async () => void (await server.stop()));
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  return { server, url };
}

/** Types a turn; returns what was heard of its reply, and the session. */
async function ask(url: string, text: string) {
  const client = await VoiceClient.connect({ url, clock: realClock });
  onTestFinished(() => client.close());
  const [ready] = client.arrivals.flatMap(({ message }) => (message.type === 'ready' ? [message] : []));
  client.send({ type: 'text', text });
  const ended = client
    .waitFor(({ type }) => type === 'reply.end', { timeoutMs: 30_000 })
    .then((end) => (end?.message.type === 'reply.end' ? end.message.heard : ''));
  return { client, session: ready?.session ?? '', ended };
}

async function journalCalls(folder: string, session: string): Promise<string[]> {
  const command = parley(['journal', 'calls', session, '--data-dir', join(folder, 'data')]);
  expect(await command.exited).toBe(0);
  return [...command.lines];
}

/** A tool behind HTTP: it answers `weather`, and never answers `order`. */
async function httpTool() {
  const got: { readonly path: string; readonly key: string; readonly body: unknown }[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    void (async () => {
      got.push({
        path: request.url ?? '',
        key: String(request.headers['idempotency-key']),
        body: await bodyOf(request),
      });
      for (const wake of waiting) wake();
      if (request.url !== '/order')
        response.setHeader('content-type', 'application/json').end('{"sky":"cloudless"}');
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const called = () => new Promise<void>((resolve) => waiting.add(resolve));
  return { url: `http://127.0.0.1:${port}`, got, called };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return JSON.parse(Buffer.concat(pieces).toString());
}

const httpConfig = (url: string) => `tools:
  http:
    weather: { url: '${url}/weather', description: The weather., parameters: { type: object } }
    order: { url: '${url}/order', description: Orders a pizza. }
`;

it(
  'a tool behind HTTP is called once, and the model says its result aloud',
  async () => {
    const folder = await temporaryFolder();
    const tool = await httpTool();
    const { server: llm, asked } = await model('weather', { city: 'Bern' });
    const { server, url } = await start(folder, llm, httpConfig(tool.url));
    const { client, session, ended } = await ask(url, 'how is the weather?');
    expect(await ended).toBe('Let me see. It says cloudless.');
    expect(client.frames.length).toBeGreaterThan(0);
    const [key] = tool.got.map((one) => one.key);
    expect(tool.got).toEqual([{ path: '/weather', key, body: { city: 'Bern' } }]);
    expect(key).toMatch(new RegExp(`^${session}/1/1-`, 'u'));
    expect(asked[0]?.tools?.map((one) => one.function.name)).toEqual(['weather', 'order']);
    expect(asked[1]?.messages.at(-1)).toMatchObject({
      role: 'tool',
      content: '{"status":"done","data":{"sky":"cloudless"}}',
    });
    const actions = client.arrivals.flatMap(({ message }) => (message.type === 'action' ? [message] : []));
    expect(actions).toMatchObject([
      { name: 'weather', status: 'started', key, runs: 'server' },
      { name: 'weather', status: 'done' },
    ]);
    await client.close();
    await server.stop();
    expect(await journalCalls(folder, session)).toEqual([
      expect.stringMatching(new RegExp(`^${key} {2}weather {2}at \\d+ ms {2}done$`, 'u')),
    ]);
  },
  LONG_MS,
);

it(
  'after a crash the journal lists the call that had begun, and a new server does not run it again',
  async () => {
    const folder = await temporaryFolder();
    const tool = await httpTool();
    const { server: llm } = await model('order', { size: 'large' });
    const first = await start(folder, llm, httpConfig(tool.url));
    const called = tool.called();
    const { client, session } = await ask(first.url, 'I am hungry');
    await called;
    await first.server.kill();
    await client.closed;
    const [line] = await journalCalls(folder, session);
    expect(line).toMatch(/^\S+\/1\/1-\S+ {2}order {2}at \d+ ms {2}may have begun; its end is not known$/u);
    expect(line?.split('  ')[0]).toBe(tool.got[0]?.key);
    const second = await start(folder, llm, httpConfig(tool.url));
    await second.server.stop();
    expect(tool.got).toHaveLength(1);
  },
  LONG_MS,
);

it.each([true, false])(
  'kill -9 while a tool pays: the next server says that it may have been done, the model knows, and the tool was asked once (results: %s)',
  async (results) => {
    const folder = await temporaryFolder();
    const tool = await httpTool();
    const { server: llm, asked } = await model('order', { size: 'large' });
    const first = await start(folder, llm, httpConfig(tool.url));
    const client = new ParleyClient({ url: first.url.replace('http', 'ws') });
    onTestFinished(() => client.close());
    if (results) client.onAction('wave', () => 'waved');
    const story: string[] = [];
    client.on('action', ({ name, status, message }) =>
      story.push([name, status, message ?? ''].join(' ').trim()),
    );
    client.on('reply.end', ({ heard }) => {
      if (heard.includes('restarted')) story.push(heard);
    });
    await client.connect();
    // The record of the turn is on disk before the tool is asked.
    const called = tool.called();
    client.text('I am hungry');
    await called;
    await first.server.kill();
    await client.next('link');
    const said = client.next('reply.end', ({ heard }) => heard.includes('restarted'));
    await start(folder, llm, httpConfig(tool.url), new URL(first.url).port);
    await said;
    expect(story).toEqual([
      'order started',
      'order failed the server was restarted: it may have been done',
      'I was restarted, and I do not know whether this was done: order.',
    ]);
    const answered = client.next('reply.end', ({ heard }) => !heard.includes('restarted'));
    client.text('yes');
    await answered;
    const result = asked.at(-1)?.messages.find(({ role }) => role === 'tool')?.content;
    expect(result).toContain('"status":"unknown"');
    expect(result).toContain('may have been done');
    expect(tool.got).toHaveLength(1);
  },
  LONG_MS,
);

it(
  'a call that needs a yes is asked about aloud, and begins after the yes',
  async () => {
    const folder = await temporaryFolder();
    const tool = await httpTool();
    const { server: llm } = await model('buy', { size: 'large' });
    const terms = `description: Buys a pizza., policy: ask, question: 'Shall I buy a {size} pizza?'`;
    const yaml = `tools: { http: { buy: { url: '${tool.url}/buy', ${terms} } } }\n`;
    const { url } = await start(folder, llm, yaml);
    const { client, ended } = await ask(url, 'I am hungry');
    expect(await ended).toBe('Let me see. Shall I buy a large pizza?');
    expect(tool.got).toEqual([]);
    const rest = await next(client, 'yes');
    expect(rest).toBe('All right. It says cloudless.');
    expect(tool.got).toMatchObject([{ path: '/buy', body: { size: 'large' } }]);
    expect(await next(client, 'another one')).toContain('Shall I buy a large pizza?');
    expect(await next(client, 'no')).toBe('All right, I will not.');
    expect(tool.got).toHaveLength(1);
  },
  LONG_MS,
);

/** Types another turn, and returns what was heard of its reply. */
async function next(client: VoiceClient, text: string): Promise<string> {
  const before = client.arrivals.length;
  client.send({ type: 'text', text });
  const end = await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: 30_000, since: before });
  return end?.message.type === 'reply.end' ? end.message.heard : '';
}

async function everythingOverHttp(): Promise<string> {
  const spare = createServer().listen(0, '127.0.0.1');
  await once(spare, 'listening');
  const { port } = spare.address() as AddressInfo;
  spare.close();
  await once(spare, 'close');
  const child: ChildProcess = spawn(process.execPath, [EVERYTHING, 'streamableHttp'], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of child.stderr ?? []) if (/listening/iu.test(String(line))) break;
  return `url: 'http://127.0.0.1:${port}/mcp'`;
}

it.each([
  ['over stdio', async () => `command: '${process.execPath}', args: ['${EVERYTHING}', stdio]`],
  ['over streamable HTTP', everythingOverHttp],
])(
  'the tools of an MCP server are called, and the model says their results aloud: %s',
  async (_how, place) => {
    const folder = await temporaryFolder();
    const { server: llm, asked } = await model('any_echo', { message: 'good morning' });
    const yaml = `tools: { mcp: { any: { ${await place()}, allow: [echo] } } }\n`;
    const { server, url } = await start(folder, llm, yaml);
    await offered(url, asked);
    const { client, session, ended } = await ask(url, 'greet me');
    expect(await ended).toBe('Let me see. It says Echo: good morning.');
    expect(client.frames.length).toBeGreaterThan(0);
    await client.close();
    await server.stop();
    expect(await journalCalls(folder, session)).toEqual([expect.stringMatching(/ {2}any_echo {2}.*done$/u)]);
  },
  LONG_MS,
);

/** The server connects in the background: turns are typed until the model is offered the tool. */
async function offered(url: string, asked: readonly Asked[]): Promise<void> {
  for (let turn = 0; turn < 100 && !asked.at(-1)?.tools; turn++) {
    const { client, ended } = await ask(url, 'hello');
    await ended;
    await client.close();
  }
}
