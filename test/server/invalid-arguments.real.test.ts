/** The real server, a model behind OpenAI's protocol, and a client that would carry out what it is sent. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import type { JsonObject } from '../../machines/json.ts';
import type { ServerMessage } from '../../machines/wire.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import { chatReply } from '../../testing/loopback/openai-replies.ts';
import { openaiServer } from '../../testing/loopback/openai-server.ts';
import { afterTest, folderOfFile } from '../support/after-test.ts';
import { UNHURRIED } from '../support/unhurried.ts';

const EVERYTHING = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);
const LONG_MS = 120_000;
const NOT_DONE = 'Sorry, I have not done that.';

/** Declared by the client. */
const DRIVE: JsonObject = {
  type: 'object',
  properties: {
    metres: { type: 'number', minimum: 0, maximum: 5 },
    gear: { enum: ['slow', 'fast'] },
  },
  required: ['metres'],
  additionalProperties: false,
};
const ORDER = { type: 'object', properties: { count: { type: 'integer', maximum: 3 } }, required: ['count'] };

interface Asked {
  readonly messages: readonly {
    readonly role: string;
    readonly content: string;
    readonly tool_call_id?: string;
  }[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}

interface Round {
  readonly says?: string;
  readonly calls?: string;
  readonly with?: string;
}

let url = '';
/** What the model does in the turns with these words. */
const scripts = new Map<string, readonly Round[]>();
/** The requests of each turn. */
const asked = new Map<string, Asked[]>();
/** Bodies that the HTTP tool got. */
const ordered: string[] = [];

beforeAll(async () => {
  const llm = await openaiServer({
    chat: ({ json }) => {
      const request = json as Asked;
      const words = request.messages.findLast(({ role }) => role === 'user')?.content ?? '';
      const before = asked.get(words) ?? [];
      asked.set(words, [...before, request]);
      const { says, calls, with: args = '{}' } = scripts.get(words)?.[before.length] ?? {};
      const toolCalls = calls === undefined ? [] : [{ name: calls, arguments: args }];
      return chatReply(says === undefined ? [] : [says], { toolCalls });
    },
  });
  afterAll(async () => llm.close());
  const shop = createServer((request, response) => {
    request.on('data', (piece) => ordered.push(String(piece)));
    request.on('end', () => response.setHeader('content-type', 'application/json').end('{"ok":true}'));
  });
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
  afterAll(() => {
    shop.closeAllConnections();
    shop.close();
  });
  const dataDir = folderOfFile();
  const config = loadConfig({
    cwd: dataDir,
    env: { ...UNHURRIED, OPENAI_BASE_URL: llm.baseURL },
    flags: {
      ...{ dataDir, port: '0', 'engines.stt': 'openai', 'engines.llm': 'openai', 'engines.tts': 'openai' },
      ...{ 'tts.cache.enabled': 'no', 'llm.tools': '*' },
    },
  });
  const { port } = shop.address() as AddressInfo;
  const order = { ...{ url: `http://127.0.0.1:${port}/`, method: 'POST', headers: {}, description: '' } };
  const mcp = {
    command: process.execPath,
    args: [EVERYTHING, 'stdio'],
    env: {},
    headers: {},
    allow: ['get-sum'],
  };
  const tools = {
    ...config.tools,
    http: { order: { ...order, method: 'POST' as const, parameters: ORDER } },
    mcp: { everything: { ...mcp, connectMs: 60_000 } },
    terms: { order: { policy: 'ask' as const } },
  };
  const server = await serve({ config: { ...config, tools }, log: makeLogger('silent') });
  afterAll(() => server.close());
  url = server.url;
}, LONG_MS);

/** A client that does at once what it is asked. `did`: what it was asked to do. */
async function robot(language?: string) {
  const client = await VoiceClient.connect({
    ...{ url, clock: realClock, manners: { input: 'text', output: 'text', actions: 'results' } },
    ...(language !== undefined && { language }),
  });
  afterTest(() => client.close());
  client.send({ type: 'settings', tools: [{ name: 'drive', description: '', parameters: DRIVE }] });
  const of = <Type extends string>(type: Type) =>
    client.arrivals.flatMap(({ message }) => (message.type === type ? [message] : []));
  return { client, of };
}

/** The client also sends silence, which a session of texts does not take. */
function isOfCalls(message: ServerMessage): boolean {
  return message.type === 'error' && message.code !== 'AUDIO_NOT_TAKEN';
}

let turns = 0;

/** One turn in which the model does this. */
async function turn(rounds: readonly Round[], language?: string) {
  const words = `turn ${++turns}`;
  scripts.set(words, rounds);
  const { client, of } = await robot(language);
  client.send({ type: 'text', text: words });
  const started = client.waitFor((message) => message.type === 'action' && !('runs' in message), {
    timeoutMs: 60_000,
  });
  void started.then((arrival) => {
    if (arrival?.message.type === 'action' && arrival.message.status === 'started')
      client.send({ type: 'action.result', id: arrival.message.id, status: 'done' });
  });
  await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: 60_000 });
  const heard = of('reply.end')
    .map((message) => (message.type === 'reply.end' ? message.heard : ''))
    .join();
  const results = (asked.get(words) ?? []).map(({ messages }) =>
    messages
      .filter(({ role }) => role === 'tool')
      .map(({ content }) => content)
      .join(),
  );
  return { heard, results, actions: of('action'), errors: of('error').filter(isOfCalls) };
}

describe('a call whose arguments do not fit', () => {
  it.each<[string, string, string, RegExp]>([
    ['of a client, missing', 'drive', '{}', /missing .*metres/],
    ['of a client, of the wrong type', 'drive', '{"metres":"far"}', /metres: type/],
    ['of a client, a boolean for a number', 'drive', '{"metres":true}', /metres: type/],
    ['of a client, over the maximum', 'drive', '{"metres":5000}', /metres: 5000 is greater than 5/],
    ['of a client, not in the enum', 'drive', '{"metres":1,"gear":"warp"}', /gear: .*slow/],
    ['of a client, extra', 'drive', '{"metres":1,"turbo":true}', /unknown argument .*turbo/],
    ['of a client, by another name', 'DRIVE', '{"metres":5000}', /metres: 5000 is greater than 5/],
    ['of the dialog, outside of the slot', 'go-forward', '{"distance":5000}', /distance: /],
    ['of the dialog, by another name', 'go_forward', '{"distance":5000}', /distance: /],
    ['of the dialog, extra', 'go-forward', '{"distance":1,"speed":9}', /speed/],
    [
      'of a tool by HTTP that must be asked about',
      'order',
      '{"count":4000}',
      /count: 4000 is greater than 3/,
    ],
    ['of a tool of an MCP server', 'everything_get-sum', '{"a":"one","b":2}', /a: type .*number.* \(type\)/],
  ])(
    '%s: does not start, is not asked about, and the model learns why',
    async (_what, name, args, why) => {
      const { heard, results, actions, errors } = await turn([
        { says: 'I go. ', calls: name, with: args },
        { says: 'On my way.' },
      ]);
      expect(actions).toEqual([]);
      expect(ordered).toEqual([]);
      expect(results).toEqual(['', expect.stringMatching(why)]);
      expect(results[1]).toContain('"failed"');
      expect(heard).toBe(`I go. On my way. ${NOT_DONE}`);
      expect(errors).toMatchObject([{ code: 'ACTION_INVALID', message: expect.stringMatching(why) }]);
    },
    LONG_MS,
  );

  it(
    'is mended by the model, and starts once',
    async () => {
      const { heard, actions } = await turn([
        { says: 'I go. ', calls: 'drive', with: '{"metres":5000}' },
        { calls: 'drive', with: '{"metres":5}' },
        { says: 'Arrived.' },
      ]);
      expect(actions).toMatchObject([
        { name: 'drive', args: { metres: 5 }, status: 'started' },
        { name: 'drive', status: 'done' },
      ]);
      expect(heard).toBe('I go. Arrived.');
    },
    LONG_MS,
  );

  it(
    'ends with the words of the model if these say that it did not work',
    async () => {
      const { heard } = await turn([{ calls: 'drive', with: '{}' }, { says: 'I do not know how far.' }]);
      expect(heard).toBe('I do not know how far.');
    },
    LONG_MS,
  );

  it(
    'is tried again at most as often as there are rounds, and the user hears that nothing was done',
    async () => {
      const again = { calls: 'drive', with: '{"metres":5000}' };
      const { heard, results, actions } = await turn(Array.from({ length: 20 }, () => again));
      expect(actions).toEqual([]);
      expect(results).toHaveLength(6);
      expect(heard).toBe(NOT_DONE);
    },
    LONG_MS,
  );

  it.each([
    ['de', 'Entschuldigung, das habe ich nicht getan.'],
    ['fr', 'Désolé, je ne l’ai pas fait.'],
    ['es', 'Lo siento, no lo he hecho.'],
  ])(
    'is said to the user in %s',
    async (language, phrase) => {
      const { heard } = await turn([{ calls: 'drive', with: '{}' }, {}], language);
      expect(heard).toBe(phrase);
    },
    LONG_MS,
  );
});

describe('a call whose arguments fit', () => {
  it.each<[string, string, string, JsonObject]>([
    ['drive', 'drive', '{"metres":5,"gear":null}', { metres: 5 }],
    ['go-forward', 'Go_Forward', '{"distance":10}', { distance: 10 }],
    ['go-forward', 'go-forward', '{}', { distance: 1 }],
    ['everything_get-sum', 'everything_get-sum', '{"a":"1","b":2}', { a: 1, b: 2 }],
  ])(
    'starts %s, asked for as %s with %s',
    async (name, asName, args, runs) => {
      const { actions, errors, heard } = await turn([
        { says: 'I go. ', calls: asName, with: args },
        { says: 'Done.' },
      ]);
      expect(errors).toEqual([]);
      expect(actions[0]).toMatchObject({ name, args: runs, status: 'started' });
      expect(heard).toBe('I go. Done.');
    },
    LONG_MS,
  );
});

describe('a tool whose schema cannot be used', () => {
  it(
    'is reported to its client, and its calls do not start',
    async () => {
      const { client, of } = await robot();
      const parameters = { properties: { metres: { $ref: 'http://127.0.0.1:1/metres.json' } } };
      client.send({ type: 'settings', tools: [{ name: 'fly', description: '', parameters }] });
      scripts.set('fly', [{ calls: 'fly', with: '{"metres":1}' }, { says: 'I fly.' }]);
      client.send({ type: 'text', text: 'fly' });
      await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: 60_000 });
      expect(of('error').filter(isOfCalls)).toMatchObject([
        { code: 'TOOL_SCHEMA', message: expect.stringMatching(/fly: .*127\.0\.0\.1.*not within the schema/) },
        { code: 'ACTION_INVALID' },
      ]);
      expect(of('action')).toEqual([]);
      expect(of('reply.end')).toMatchObject([{ heard: `I fly. ${NOT_DONE}` }]);
    },
    LONG_MS,
  );
});
