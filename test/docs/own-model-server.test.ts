import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseDialog } from '../../actors/dialog/mod.ts';
import type { LlmRequest } from '../../actors/ports/llm.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeEngine } from '../../server/engines.ts';
import {
  answer,
  errorAnswer,
  type HttpStep,
  type Received,
  scriptedServer,
} from '../../testing/loopback/http-script.ts';
import { chatChunk, chatReply, sse } from '../../testing/loopback/openai-replies.ts';
import { outcomeOf } from '../../testing/loopback/outcome.ts';
import { afterTest, folderOfFile } from '../support/after-test.ts';
import { fencesOf } from './fences.ts';

const folder = folderOfFile();
const dialog = parseDialog(
  readFileSync(new URL('../../examples/robot.dialog.yaml', import.meta.url), 'utf8'),
);
const PAGE = 'docs/how-to/own-model-server.md';

const body = z.looseObject({
  messages: z.array(z.looseObject({ role: z.string() })),
  tools: z.array(z.unknown()).optional(),
});
interface Asked {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: z.infer<typeof body>;
}

const SSE: HttpStep = { do: 'head', status: 200, headers: { 'content-type': 'text/event-stream' } };
const DONE: readonly HttpStep[] = [sse('[DONE]'), { do: 'end' }];
const call = (more: object) =>
  chatChunk({
    role: 'assistant',
    content: '',
    tool_calls: [{ ...more, type: 'function', function: { name: 'wave', arguments: '{"hand":"left"}' } }],
  });

/** Each server of the page, as it behaves to a request; `n` counts them. */
const SERVERS: Readonly<Record<string, (asked: Asked, n: number) => readonly HttpStep[]>> = {
  ollama: ({ path, body }) => {
    if (path !== '/v1/chat/completions') return answer(404, 'text/plain', '404 page not found');
    if (body.reasoning_effort !== 'none')
      return errorAnswer(400, 'think value is not supported for this model');
    return [
      SSE,
      call({ id: 'call_a1b2c3d4', index: 0 }),
      chatChunk({ content: 'Hello.' }),
      chatChunk({}, 'tool_calls'),
      ...DONE,
    ];
  },
  llamacpp: ({ body }, n) => {
    if (n === 0)
      return answer(
        503,
        'application/json',
        '{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}',
      );
    if (body.cache_prompt !== true || body.max_tokens !== 400) return errorAnswer(400, 'not as on the page');
    return [
      SSE,
      chatChunk({ role: 'assistant', content: null }),
      chatChunk({ reasoning_content: 'A greeting.' }),
      chatChunk({ content: 'Hello.' }),
      call({ index: 0, id: 'x' }),
      chatChunk({}, 'tool_calls'),
      ...DONE,
    ];
  },
  vllm: ({ body }) => {
    const { messages, chat_template_kwargs: kwargs } = body;
    if (JSON.stringify(kwargs) !== '{"enable_thinking":false}') return errorAnswer(400, 'not as on the page');
    const isStrict = messages.every(
      ({ role }, at) => (role === 'system') === (at === 0) && role !== messages[at - 1]?.role,
    );
    if (!isStrict)
      return answer(
        400,
        'application/json',
        '{"object":"error","message":"Conversation roles must alternate user/assistant"}',
      );
    return [
      SSE,
      chatChunk({ content: 'Hello.<tool_call>\n{"name": "wave", ' }),
      chatChunk({ content: '"arguments": {"hand": "left"}}\n</tool_call>' }),
      chatChunk({}, 'stop'),
      ...DONE,
    ];
  },
  lmstudio: ({ path, body }) => {
    if (path !== '/v1/chat/completions')
      return answer(200, 'application/json', '{"error":"Unexpected endpoint or method."}');
    if ('stream_options' in body)
      return answer(400, 'application/json', '{"error":"unknown field stream_options"}');
    return [
      SSE,
      chatChunk({ content: '<think>\n\n</think>\n\nHello.' }),
      call({ index: 0, id: '123456789' }),
      chatChunk({}, 'tool_calls'),
      ...DONE,
    ];
  },
  openrouter: ({ path, headers, body }) => {
    if (path !== '/api/v1/chat/completions') return answer(404, 'text/html', '<html>');
    if (headers.authorization !== 'Bearer sk-or-KEY' || headers['x-title'] !== 'Robot')
      return errorAnswer(401, 'No auth credentials found');
    if (!('provider' in body)) return errorAnswer(400, 'not as on the page');
    return [
      SSE,
      { do: 'send', bytes: ': OPENROUTER PROCESSING\n\n' },
      chatChunk({ role: 'assistant', content: '', reasoning: 'A greeting.' }),
      ...chatReply(['Hello.'], {
        usage: true,
        toolCalls: [{ name: 'wave', arguments: '{"hand":"left"}' }],
      }).slice(1),
    ];
  },
};

const WAVE = { name: 'wave', description: 'Waves.', parameters: { type: 'object' } };
const REQUEST: LlmRequest = {
  messages: [
    { role: 'system', content: 'Earlier: tea.' },
    { role: 'user', content: 'hello' },
    { role: 'assistant', content: 'Hi.' },
    { role: 'system', content: 'It is late.' },
    { role: 'user', content: 'wave' },
  ],
  ...{ language: 'en', seed: 1, tools: [WAVE], reported: true },
};

const examples = fencesOf(PAGE)
  .filter(({ marker }) => marker === 'example: configuration')
  .map(({ code }) => {
    const { llm } = z
      .object({ llm: z.object({ servers: z.record(z.string(), z.unknown()) }) })
      .parse(parse(code));
    return [Object.keys(llm.servers)[0] ?? '', code] as const;
  });

it('the page has an example for each server that is played here', () => {
  expect(examples.map(([name]) => name)).toEqual(Object.keys(SERVERS));
});

it.each(examples)('%s answers and calls with the configuration that the page prints', async (name, code) => {
  let n = 0;
  const read = ({ url, body: sent, incoming }: Received): Asked => ({
    ...{ path: url.pathname, headers: incoming.headers },
    body: body.parse(JSON.parse(sent.toString())),
  });
  const server = await scriptedServer<Asked>(realClock, read, (asked) => SERVERS[name]?.(asked, n++) ?? []);
  afterTest(() => server.close());
  const file = join(folder, `${name}.yaml`);
  const { origin } = new URL(server.baseURL);
  writeFileSync(file, code.replace(/(baseURL: )https?:\/\/[^/\s]+/, `$1${origin}`));
  const config = loadConfig({ file, cwd: folder });
  const engine = await makeEngine('llm', name, config, dialog, { bus: inProcessBus() });
  afterTest(() => engine.close());
  const { events, end, error } = await outcomeOf(engine.reply(REQUEST, new AbortController().signal));
  expect([end, error?.message]).toEqual(['done', undefined]);
  expect(events.flatMap((event) => (event.type === 'delta' ? event.text : [])).join('')).toBe('Hello.');
  expect(events.filter(({ type }) => type === 'action')).toMatchObject([
    { name: 'wave', args: { hand: 'left' } },
  ]);
});
