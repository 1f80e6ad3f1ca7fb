import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { LlmRequest } from '../../../actors/ports/llm.ts';
import type { ParleyError } from '../../../machines/errors.ts';
import {
  answer,
  errorAnswer,
  type HttpStep,
  type Received,
  scriptedServer,
} from '../../../testing/loopback/http-script.ts';
import { chatReply } from '../../../testing/loopback/openai-replies.ts';
import { outcomeOf } from '../../../testing/loopback/outcome.ts';
import { closeAfterEach } from '../../engine-test-util.ts';
import { realClock } from '../../real-clock.ts';
import { type OpenAiLlmOptions, openaiLlm } from './openai.ts';

interface Asked {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

const HELLO: LlmRequest = {
  messages: [{ role: 'user', content: 'hello' }],
  language: 'en',
  seed: 7,
  reported: true,
};
const WAVE = { name: 'wave', description: 'Waves.', parameters: { type: 'object' } };
const fields = z.record(z.string(), z.unknown());

let server: Awaited<ReturnType<typeof scriptedServer<Asked>>>;
let engine: ReturnType<typeof openaiLlm>;
closeAfterEach(() => ({ engine, server }));
const problems: ParleyError[] = [];

async function start(
  script: (asked: Asked, n: number) => readonly HttpStep[],
  options: Partial<OpenAiLlmOptions> = {},
  path = '/v1',
) {
  problems.length = 0;
  let n = 0;
  const read = ({ url, body, incoming }: Received): Asked => ({
    path: `${url.pathname}${url.search}`,
    headers: incoming.headers,
    body: body.length > 0 ? fields.parse(JSON.parse(body.toString())) : {},
  });
  server = await scriptedServer<Asked>(realClock, read, (asked) => script(asked, n++));
  const baseURL = server.baseURL.replace(/\/v1$/, path);
  engine = openaiLlm({
    baseURL,
    model: 'm',
    temperature: 0.3,
    tools: [WAVE],
    onProblem: (error) => problems.push(error),
    ...options,
  });
}

const ask = (request = HELLO) => outcomeOf(engine.reply(request, new AbortController().signal));
const HI = chatReply(['Hi.']);

describe('a field that the server refuses', () => {
  it.each<[string, string, number, object | string]>([
    [
      'OpenAI',
      'temperature',
      400,
      {
        error: {
          message: "Unsupported value: 'temperature' does not support 0.3 with this model.",
          param: 'temperature',
          code: 'unsupported_value',
        },
      },
    ],
    [
      'Mistral',
      'stream_options',
      422,
      {
        detail: [
          { type: 'extra_forbidden', loc: ['body', 'stream_options'], msg: 'Extra inputs are not permitted' },
        ],
      },
    ],
    ['a small server', 'stream_options', 400, 'bad request'],
    [
      'vLLM',
      'tools',
      400,
      {
        object: 'error',
        message: '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
      },
    ],
    [
      'Ollama',
      'tools',
      400,
      { error: { message: 'registry.ollama.ai/library/gemma:2b does not support tools' } },
    ],
    [
      'a proxy',
      'reasoning_effort',
      400,
      { error: { message: 'Unrecognized request argument supplied: reasoning_effort' } },
    ],
    ['a template', 'top_k', 422, { error: 'unknown field `top_k`' }],
  ])('is left out at once, from then on, and reported: %s, %s', async (_, field, status, said) => {
    const refused = answer(
      status,
      'application/json',
      typeof said === 'string' ? said : JSON.stringify(said),
    );
    await start(({ body }) => (field in body ? refused : HI), {
      reasoningEffort: 'low',
      extraBody: { top_k: 5 },
    });
    expect((await ask()).end).toBe('done');
    expect((await ask()).end).toBe('done');
    expect(server.requests.map(({ body }) => field in body)).toEqual([true, false, false]);
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining(field)]);
  });

  it('takes its other name', async () => {
    const refused = errorAnswer(
      400,
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    );
    await start(({ body }) => ('max_tokens' in body ? refused : HI), { maxTokens: 50 });
    expect((await ask()).end).toBe('done');
    expect(server.requests[1]?.body).toMatchObject({ max_completion_tokens: 50 });
  });

  it('stays if it was not the reason', async () => {
    let isAsleep = true;
    await start(() => (isAsleep ? errorAnswer(400, 'temperature is fine, I am not') : HI));
    expect(await ask()).toMatchObject({
      end: 'ENGINE_REQUEST',
      error: { message: expect.stringContaining('I am not') },
    });
    isAsleep = false;
    await ask();
    expect(server.requests.at(-1)?.body).toMatchObject({
      temperature: 0.3,
      stream_options: { include_usage: true },
    });
  });

  it('can be turned off by configuration', async () => {
    await start(() => HI, {
      omit: ['temperature', 'stream_options'],
      extraBody: { stream: null, top_p: 0.9 },
    });
    await ask();
    expect(Object.keys(server.requests[0]?.body ?? {})).toEqual(['model', 'tools', 'top_p', 'messages']);
  });

  it.each<[string, string, RegExp]>([
    ['a system prompt', 'System role not supported', /"role":"user","content":"Be brief.\\n\\nhello"/],
    [
      'long ids',
      'Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9.',
      /"tool_call_id":"[a-zA-Z0-9]{9}"/,
    ],
    [
      'the user after a tool',
      "Unexpected role 'user' after role 'tool'",
      /"role":"tool".*\{"role":"assistant","content":"OK."/,
    ],
  ])('may be a form of the messages: %s', async (_, words, right) => {
    await start((_asked, n) => (n === 0 ? errorAnswer(400, words) : HI), { systemPrompt: 'Be brief.' });
    const call = { id: '1-call_1', name: 'wave', args: {}, result: { status: 'done' } };
    const history = [
      { role: 'user', content: 'wave' },
      { role: 'assistant', content: '', actions: [call] },
    ] as const;
    const isSystem = words.startsWith('System');
    expect((await ask({ ...HELLO, messages: [...(isSystem ? [] : history), ...HELLO.messages] })).end).toBe(
      'done',
    );
    expect(JSON.stringify(server.requests.at(-1)?.body)).toMatch(right);
  });
});

describe('a busy server', () => {
  const busy = (status: number, headers: Record<string, string>, message = 'Loading model'): HttpStep[] => [
    { do: 'head', status, headers: { 'content-type': 'application/json', ...headers } },
    { do: 'send', bytes: JSON.stringify({ error: { message, code: status } }) },
    { do: 'end' },
  ];

  it.each([
    ['429 with seconds', busy(429, { 'retry-after': '0' })],
    ['503 with seconds', busy(503, { 'retry-after': '1' })],
    ['429 with milliseconds', busy(429, { 'retry-after-ms': '20' })],
    ['503 while it loads its model', busy(503, {})],
  ])('is asked again when it says so: %s', async (_, script) => {
    await start((_asked, n) => (n === 0 ? script : HI));
    expect((await ask()).end).toBe('done');
    expect(server.requests.length).toBe(2);
  });

  it.each([
    ['the time is too long', busy(503, { 'retry-after': '30' })],
    ['a quota is used up', busy(429, { 'retry-after': '1' }, 'You exceeded your current quota')],
    ['it does not say when', busy(429, {}, 'slow down')],
  ])('fails at once in its own words if %s', async (_, script) => {
    await start(() => script);
    const { error } = await ask();
    expect(error?.message).toMatch(/Loading model|quota|slow down/);
    expect(server.requests.length).toBe(1);
  });
});

describe('the address of a server', () => {
  const only = (path: string) => (asked: Asked) =>
    asked.path === path ? HI : answer(404, 'text/plain', '404 page not found');

  it.each([
    ['/v1', '/v1/chat/completions'],
    ['/v1/', '/v1/chat/completions'],
    ['', '/v1/chat/completions'],
    ['/', '/v1/chat/completions'],
    ['', '/chat/completions'],
    ['/v1/chat/completions', '/v1/chat/completions'],
    ['/chat/completions', '/v1/chat/completions'],
    ['/api', '/api/v1/chat/completions'],
    ['/api', '/v1/chat/completions'],
    [
      '/openai/deployments/x/chat/completions?api-version=1',
      '/openai/deployments/x/chat/completions?api-version=1',
    ],
  ])('may be given as %j where the server has %s', async (given, path) => {
    await start(only(path), {}, given);
    expect((await ask()).end).toBe('done');
    expect((await ask()).end).toBe('done');
    expect(server.requests.at(-2)?.path).toBe(path);
    expect(server.requests.at(-1)?.path).toBe(path);
  });

  it('is named in the error if the server does not know it', async () => {
    await start(() => answer(404, 'text/plain', '404 page not found'), {}, '/nowhere');
    const { end, error } = await ask();
    expect(end).toBe('ENGINE_REQUEST');
    expect(error?.message).toMatch(/404 at http.*\/nowhere\/chat\/completions: 404 page not found/);
  });

  it('is right if the server only lacks the model', async () => {
    await start(() => errorAnswer(404, 'model "m" not found, try pulling it first'), {}, '');
    expect((await ask()).error?.message).toContain('HTTP 404: model "m" not found, try pulling it first');
    expect(server.requests.length).toBe(1);
  });

  it('gets the configured headers, whose values no error shows', async () => {
    await start(({ headers }) => errorAnswer(403, `no: ${String(headers['api-key'])}`), {
      headers: { 'API-Key': 'secret-1' },
    });
    expect((await ask()).error?.message).toContain('HTTP 403: no: ***');
  });
});
