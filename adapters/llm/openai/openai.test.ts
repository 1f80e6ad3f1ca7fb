import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { LlmEvent, LlmRequest } from '../../../actors/ports/llm.ts';
import { answer, type HttpStep } from '../../../testing/loopback/http-script.ts';
import { chatChunk, chatReply, sse } from '../../../testing/loopback/openai-replies.ts';
import {
  type OpenAiServer,
  type OpenAiServerOptions,
  openaiServer,
} from '../../../testing/loopback/openai-server.ts';
import { outcomeOf } from '../../../testing/loopback/outcome.ts';
import { closeAfterEach } from '../../engine-test-util.ts';
import { type OpenAiLlmOptions, openaiLlm } from './openai.ts';

const user = (content: string) => ({ role: 'user' as const, content });
const HELLO: LlmRequest = { messages: [user('hello')], language: 'en', seed: 7 };
const WAVE = { name: 'wave', description: 'Waves a hand.', parameters: { type: 'object' } };
const SSE: HttpStep = { do: 'head', status: 200, headers: { 'content-type': 'text/event-stream' } };
const never = () => new AbortController().signal;

const body = z.looseObject({ messages: z.array(z.looseObject({ role: z.string() })) });

let server: OpenAiServer;
let engine: ReturnType<typeof openaiLlm>;

closeAfterEach(() => ({ engine, server }));

async function start(options: OpenAiServerOptions, engineOptions: Partial<OpenAiLlmOptions> = {}) {
  server = await openaiServer(options);
  engine = openaiLlm({ baseURL: server.baseURL, model: 'm', ...engineOptions });
}

const ask = (request = HELLO) => outcomeOf(engine.reply(request, never()));
const asked = (n: number) => body.parse(server.requests[n]?.json);
const textOf = (events: readonly LlmEvent[]) =>
  events.map((event) => (event.type === 'delta' ? event.text : `<${event.name}>`)).join('');
/** What the model said and called before. */
const called = (id: string) => {
  const wave = { name: 'wave', arguments: '{"hand":"left"}' };
  return { role: 'assistant', content: 'I will.', tool_calls: [{ id, type: 'function', function: wave }] };
};
const idOf = ({ messages }: z.infer<typeof body>) =>
  z
    .object({ tool_calls: z.array(z.object({ id: z.string() })) })
    .parse(messages.find(({ tool_calls: calls }) => calls)).tool_calls[0]?.id ?? '';
const actionsOf = (events: readonly LlmEvent[]) => events.filter((event) => event.type === 'action');

describe('openaiLlm', () => {
  it('counts the tokens, and those that the provider had in its cache', async () => {
    await start({ chat: () => chatReply(['Hi.'], { usage: true }) });
    await ask();
    await ask();
    expect(engine.connectionStats().tokens).toEqual({ input: 10, cached: 8, output: 4 });
  });

  it('begins each request with the bytes of the previous one, whatever was recalled', async () => {
    await start({ chat: () => chatReply(['Hi.']) }, { systemPrompt: 'Be brief.', tools: [WAVE] });
    const facts = (...lines: string[]) =>
      ({ role: 'system', content: lines.join('\n'), facts: true }) as const;
    const said = (text: string) => ({ role: 'assistant', content: text }) as const;
    const turns = [user('a'), said('b'), user('c')];
    const recalled = 'They asked for tea on Monday.';
    await ask({ ...HELLO, messages: [facts(recalled, 'name: Ada', 'drink: tea'), ...turns] });
    const other = facts('drink: tea', 'They like the garden.', 'name: Ada');
    await ask({ ...HELLO, messages: [other, ...turns, said('d'), user('e')] });
    await ask({ ...HELLO, messages: [...turns, said('d'), user('e')] });
    expect(asked(0).messages).toEqual([
      { role: 'system', content: 'Be brief.\n\nOf the user you know:\ndrink: tea\nname: Ada' },
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: `[You remember:\n${recalled}]\n\nc` },
    ]);
    const [first, second] = [0, 1].map((n) => JSON.stringify(server.requests[n]?.json));
    const shared = first?.slice(0, first.indexOf(',{"role":"user","content":"[You remember'));
    expect(shared).toContain('"tools":[');
    expect(shared).toMatch(/"content":"b"\}$/u);
    expect(second?.startsWith(shared ?? '')).toBe(true);
    expect(asked(1).messages.slice(3)).toEqual([
      { role: 'user', content: 'c' },
      { role: 'assistant', content: 'd' },
      { role: 'user', content: '[You remember:\nThey like the garden.]\n\ne' },
    ]);
    expect(asked(2).messages[0]).toEqual({ role: 'system', content: 'Be brief.' });
  });

  it('streams the text before the reply ends', async () => {
    await start({ chat: () => [SSE, chatChunk({ content: 'Hel' }), { do: 'hang' }] });
    const controller = new AbortController();
    const stream = engine.reply(HELLO, controller.signal)[Symbol.asyncIterator]();
    expect((await stream.next()).value).toEqual({ type: 'delta', text: 'Hel' });
    controller.abort();
    await expect(stream.next()).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('sends model, prompt, conversation and the configured fields', async () => {
    await start(
      { chat: () => chatReply(['Hi.']) },
      { systemPrompt: 'Be brief.', temperature: 0.3, sendSeed: true, extraBody: { max_tokens: 9 } },
    );
    await ask({ ...HELLO, messages: [user('a'), { role: 'assistant', content: 'b' }, user('')] });
    expect(asked(0)).toEqual({
      model: 'm',
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.3,
      seed: 7,
      max_tokens: 9,
      messages: [
        { role: 'system', content: 'Be brief.' },
        user('a'),
        { role: 'assistant', content: 'b' },
        user('(The user said something that could not be understood.)'),
      ],
    });
  });

  it('sends what the session adds: instructions, tools and which of them to call', async () => {
    const tool = (name: string, description: string) => ({ name, description, parameters: {} });
    await start({}, { systemPrompt: 'Be brief.', tools: [tool('wave', 'ours'), tool('nod', 'ours')] });
    await ask({
      ...HELLO,
      instructions: 'Speak like a pirate.',
      tools: [tool('wave', 'of the client')],
      toolChoice: { name: 'wave' },
    });
    expect(asked(0)).toMatchObject({
      messages: [{ role: 'system', content: 'Be brief.\n\nSpeak like a pirate.' }, { role: 'user' }],
      tools: [{ function: tool('nod', 'ours') }, { function: tool('wave', 'of the client') }],
      tool_choice: { type: 'function', function: { name: 'wave' } },
    });
  });

  it('sends its key to the server, or none if it has none', async () => {
    await start({ apiKey: 'sk-secret-1234' }, { apiKey: 'sk-secret-1234' });
    expect((await ask()).end).toBe('done');
    await engine.close();
    engine = openaiLlm({ baseURL: server.baseURL, model: 'm' });
    expect((await ask()).end).toBe('ENGINE_REQUEST');
    expect(server.requests[1]?.headers.authorization).toBeUndefined();
  });

  it('takes nothing from the environment', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-of-another').stubEnv('OPENAI_ADMIN_KEY', 'sk-admin');
    vi.stubEnv('OPENAI_ORG_ID', 'org').stubEnv('OPENAI_BASE_URL', 'http://127.0.0.1:1');
    try {
      await start({});
      expect((await ask()).end).toBe('done');
      const { headers } = server.requests[0] ?? {};
      expect(headers?.authorization).toBeUndefined();
      expect(headers?.['openai-organization']).toBeUndefined();
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('leaks no key, even if the server repeats it', async () => {
    const key = 'sk-secret-1234';
    const script = () =>
      answer(400, 'application/json', JSON.stringify({ error: { message: `no: ${key}` } }));
    await start({ chat: script }, { apiKey: key });
    const { end, error } = await ask();
    expect(end).toBe('ENGINE_REQUEST');
    expect(error?.message).toContain('***');
    const cause = error?.cause;
    expect(cause).toBeInstanceOf(Error);
    expect([error?.stack, cause instanceof Error && cause.stack, JSON.stringify(cause)].join()).not.toContain(
      key,
    );
  });

  it.each(['pieces', 'whole'] as const)(
    'reports tool calls that come in style "%s" as actions',
    async (style) => {
      await start({
        chat: () =>
          chatReply(['Look! '], {
            toolCallStyle: style,
            toolCalls: [
              { name: 'wave', arguments: '{"hand":"left","times":2}' },
              { name: 'wave', arguments: '' },
            ],
          }),
      });
      const { events, end } = await ask();
      expect(end).toBe('done');
      expect(events[0]).toEqual({ type: 'delta', text: 'Look! ' });
      expect(actionsOf(events)).toMatchObject([
        { name: 'wave', args: { hand: 'left', times: 2 } },
        { name: 'wave', args: {} },
      ]);
      expect(new Set(actionsOf(events).map(({ id }) => id)).size).toBe(2);
    },
  );

  it('sends actions of earlier replies as tool calls, with the results that the client reported', async () => {
    await start({}, { tools: [WAVE] });
    const action = { id: '1-c1', name: 'wave', args: { hand: 'left' } };
    const actions = [{ ...action, result: { status: 'failed', message: 'my arm is stuck' } }] as const;
    const waved = { role: 'assistant', content: 'I will.', actions } as const;
    await ask({ ...HELLO, messages: [user('wave'), waved, user('and?')] });
    // Of another engine: valid for any server.
    const id = idOf(asked(0));
    expect(id).toMatch(/^[A-Za-z0-9]{9}$/);
    expect(asked(0).messages).toEqual([
      user('wave'),
      called(id),
      { role: 'tool', tool_call_id: id, content: '{"status":"failed","message":"my arm is stuck"}' },
      user('and?'),
    ]);
  });

  it('lets the model continue after its tool calls, and joins the texts', async () => {
    const rounds = [
      chatReply(['I will.'], { toolCalls: [{ id: 'c1', name: 'wave', arguments: '{"hand":"left"}' }] }),
      chatReply(['I', ' waved.']),
    ];
    await start({ chat: ({ n }) => rounds[n] ?? [] }, { tools: [WAVE] });
    const { events, end } = await ask();
    expect(end).toBe('done');
    expect(textOf(events)).toBe('I will.<wave> I waved.');
    expect(asked(0).tools).toEqual([{ type: 'function', function: WAVE }]);
    expect(asked(1).messages.slice(1)).toEqual([
      called('c1'),
      { role: 'tool', tool_call_id: 'c1', content: '{"status":"accepted"}' },
    ]);
    expect(server.sockets.opened).toBe(1);
  });

  it('reports to the model that a tool is refused which was not offered', async () => {
    const call = { toolCalls: [{ id: 'c1', name: 'fly', arguments: '{}' }] };
    const rounds = [chatReply([], call), chatReply(['I cannot fly.'])];
    await start({ chat: ({ n }) => rounds[n] ?? [] }, { tools: [WAVE] });
    const { events } = await ask();
    expect(textOf(events)).toBe('<fly>I cannot fly.');
    expect(asked(1).messages.at(-1)).toEqual({
      ...{ role: 'tool', tool_call_id: 'c1' },
      content: '{"status":"refused","message":"no tool of this name is offered"}',
    });
  });

  it('leaves the results of calls to a client that reports them, and passes on a late one', async () => {
    const call = { toolCalls: [{ id: 'c1', name: 'wave', arguments: '{}' }] };
    await start({ chat: () => chatReply([], call) }, { tools: [WAVE] });
    await ask({ ...HELLO, reported: true });
    expect(server.requests).toHaveLength(1);
    const late = { id: '1-c1', name: 'wave', args: { hand: 'left' }, result: { status: 'failed' } };
    const user = { role: 'user', content: 'hello' } as const;
    await ask({ ...HELLO, reported: true, messages: [user], results: [late] });
    expect(asked(1).messages).toEqual([
      {
        role: 'user',
        content: 'hello\n[The call wave({"hand":"left"}) has just ended: {"status":"failed"}]',
      },
    ]);
    const answered = { role: 'assistant', content: '', actions: [late] } as const;
    await ask({ ...HELLO, reported: true, messages: [user, answered], results: [late] });
    expect(asked(2).messages.at(-1)).toMatchObject({ role: 'tool', content: '{"status":"failed"}' });
    expect(asked(2).messages).toHaveLength(3);
  });

  it('limits the rounds of a model that only calls tools', async () => {
    const script = () => chatReply([], { toolCalls: [{ id: 'same', name: 'wave', arguments: '{}' }] });
    await start({ chat: script }, { tools: [WAVE], maxToolRounds: 2 });
    const { events, end } = await ask();
    expect(end).toBe('done');
    expect(server.requests.length).toBe(3);
    expect(new Set(actionsOf(events).map(({ id }) => id)).size).toBe(3);
  });

  it.each(['rubbish', '[1]', '"text"', '{"a":'])(
    'lets a call with arguments %s fail, and not the reply',
    async (rubbish) => {
      await start({ chat: () => chatReply([], { toolCalls: [{ name: 'wave', arguments: rubbish }] }) });
      const { events, end } = await ask();
      expect(end).toBe('done');
      expect(actionsOf(events)).toMatchObject([{ name: 'wave', args: {}, invalid: expect.any(String) }]);
    },
  );

  it('runs no action of a reply that breaks off after a tool call', async () => {
    const call = { tool_calls: [{ index: 0, id: 'c', function: { name: 'wave', arguments: '{}' } }] };
    await start({ chat: () => [SSE, chatChunk(call), { do: 'close' }] });
    expect(await ask()).toMatchObject({ end: 'ENGINE_UNREACHABLE', events: [] });
  });

  it('accepts null content, empty choices, usage chunks and comments', async () => {
    await start({
      chat: () => [
        SSE,
        { do: 'send', bytes: ': waiting\n\n' },
        chatChunk({ role: 'assistant', content: null, tool_calls: null }),
        sse({ choices: [] }),
        sse({ id: 'x' }),
        sse({ choices: [{ delta: null }] }),
        ...chatReply(['Hi.'], { usage: true }).slice(1),
      ],
    });
    expect(await ask()).toEqual({ events: [{ type: 'delta', text: 'Hi.' }], end: 'done' });
  });

  it('accepts characters that are split between two packets', async () => {
    const bytes = Buffer.from('data: {"choices":[{"delta":{"content":"grüß"},"finish_reason":"stop"}]}\n\n');
    const cut = bytes.indexOf(0xc3) + 1;
    await start({
      chat: () => [
        SSE,
        { do: 'send', bytes: bytes.subarray(0, cut) },
        { do: 'wait', ms: 5 },
        { do: 'send', bytes: bytes.subarray(cut) },
        { do: 'end' },
      ],
    });
    expect(textOf((await ask()).events)).toBe('grüß');
  });

  it.each<[string, HttpStep[], string]>([
    ['a missing [DONE]', chatReply(['Hi.'], { done: false }), 'done'],
    ['a missing finish_reason', chatReply(['Hi.'], { finishReason: null }), 'done'],
    ['invalid JSON', [SSE, sse('{"choices":'), { do: 'end' }], 'ENGINE_PROTOCOL'],
    ['JSON of another kind', [SSE, sse({ choices: 'no' }), { do: 'end' }], 'ENGINE_PROTOCOL'],
    ['JSON that is not an object', [SSE, sse('null'), { do: 'end' }], 'ENGINE_PROTOCOL'],
    ['an error in the stream', [SSE, sse({ error: { message: 'oops' } }), { do: 'end' }], 'LLM_FAILED'],
    [
      'a limit in the stream',
      [SSE, sse({ error: { message: 'slow', code: 'rate_limit_exceeded' } }), { do: 'end' }],
      'ENGINE_OVERLOADED',
    ],
    [
      'an answer without end',
      [SSE, ...Array<HttpStep>(6).fill({ do: 'send', bytes: 'x'.repeat(1 << 20) }), { do: 'hang' }],
      'ENGINE_PROTOCOL',
    ],
    ['an answer that is not streamed', answer(200, 'application/json', '{"choices":[]}'), 'ENGINE_PROTOCOL'],
  ])('ends as it should at %s', async (_, script, end) => {
    await start({ chat: () => script });
    expect((await ask()).end).toBe(end);
  });

  it('keeps one connection for request after request', async () => {
    await start({});
    await engine.warm?.();
    expect(server.requests[0]).toMatchObject({ method: 'GET', path: '/v1/models/m' });
    for (let i = 0; i < 20; i++) expect((await ask()).end).toBe('done');
    expect(server.sockets.opened).toBe(1);
    expect(engine.connectionStats()).toMatchObject({ opened: 1, requests: 21 });
  });

  it('closes the connection when its reader leaves in mid-stream', async () => {
    await start({ chat: () => [SSE, chatChunk({ content: 'a' }), { do: 'hang' }] });
    for await (const _ of engine.reply(HELLO, never())) break;
    expect(await server.requests[0]?.outcome).toBe('gone');
  });

  it('answers parallel requests, each with its own reply', async () => {
    await start({ chat: ({ json }) => chatReply([JSON.stringify(body.parse(json).messages[0]?.content)]) });
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) => ask({ ...HELLO, messages: [user(`user ${i}`)] })),
    );
    expect(replies.map(({ events }) => textOf(events))).toEqual(replies.map((_, i) => `"user ${i}"`));
  });

  it('refuses an invalid base URL', () => {
    for (const baseURL of ['nonsense', 'ftp://host/v1', 'http://']) {
      expect(() => openaiLlm({ baseURL, model: 'm' })).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
    }
  });
});
