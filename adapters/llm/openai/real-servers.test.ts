import { describe, expect, it } from 'vitest';
import { answer, type HttpStep } from '../../../testing/loopback/http-script.ts';
import { type OpenAiServer, openaiServer } from '../../../testing/loopback/openai-server.ts';
import { outcomeOf } from '../../../testing/loopback/outcome.ts';
import { closeAfterEach } from '../../engine-test-util.ts';
import { openaiLlm } from './openai.ts';
import {
  bytes,
  calls,
  DONE,
  delta,
  END,
  event,
  HELLO,
  SSE,
  STOP,
  said,
  shown,
  streamed,
  WAVE,
} from './raw-answers-test-util.ts';

let server: OpenAiServer;
let engine: ReturnType<typeof openaiLlm>;
closeAfterEach(() => ({ engine, server }));

async function ask(script: readonly HttpStep[], tools: readonly (typeof WAVE)[] = [WAVE]) {
  server = await openaiServer({ chat: () => script });
  engine = openaiLlm({ baseURL: server.baseURL, model: 'm', tools });
  return outcomeOf(engine.reply(HELLO, new AbortController().signal));
}

describe('fragments of a call', () => {
  const name = { name: 'wave' };
  it.each<[string, HttpStep[]]>([
    [
      'as OpenAI sends them',
      calls(
        [{ index: 0, id: 'c', type: 'function', function: { ...name, arguments: '' } }],
        [{ index: 0, function: { arguments: '{"hand":' } }],
        [{ index: 0, function: { arguments: '"left"}' } }],
      ),
    ],
    [
      'without index, id and name',
      calls([{ function: { ...name, arguments: '{"hand":' } }], [{ function: { arguments: '"left"}' } }]),
    ],
    [
      'with an index as text and a number as id',
      calls(
        [{ index: '0', id: 7, function: { ...name, arguments: '{"hand":' } }],
        [{ index: '0', function: { arguments: '"left"}' } }],
      ),
    ],
    [
      'with a name in pieces',
      calls(
        [{ index: 0, id: 'c', function: { name: 'wa', arguments: '' } }],
        [{ index: 0, function: { name: 've', arguments: '' } }],
        [{ index: 0, function: { arguments: '{"hand":"left"}' } }],
      ),
    ],
    [
      'with all of the arguments so far',
      calls(
        [{ index: 0, function: { ...name, arguments: '{"hand"' } }],
        [{ index: 0, function: { ...name, arguments: '{"hand":"left"}' } }],
      ),
    ],
    ['as an object', calls([{ function: { ...name, arguments: { hand: 'left' } } }])],
    ['as one call, not a list', calls({ index: 0, function: { ...name, arguments: '{"hand":"left"}' } })],
    ['without a function around them', calls([{ index: 0, id: 'c', ...name, arguments: '{"hand":"left"}' }])],
    [
      'of the legacy function_call',
      streamed(
        delta({ function_call: { ...name, arguments: '{"hand":' } }),
        delta({ function_call: { arguments: '"left"}' } }),
      ),
    ],
  ])('make one call: %s', async (_, script) => {
    const { events, end } = await ask(script);
    expect([end, shown(events)]).toEqual(['done', '<wave {"hand":"left"}>']);
  });

  it.each(['{"hand":"le', '""', '{}{}', '"{\\"hand\\":\\"left\\"}"', '[]', 'left'])(
    'that hold %s let the call fail, with the reason, and keep what was said',
    async (args) => {
      const script = streamed(
        delta({ content: 'One moment.' }),
        delta({ tool_calls: [{ index: 0, id: 'c', function: { ...name, arguments: args } }] }),
      );
      const { events, end } = await ask(script);
      expect([end, shown(events)]).toEqual(['done', 'One moment.<wave fails>']);
      expect(events.at(-1)).toMatchObject({ args: {}, invalid: expect.stringMatching(/argument/) });
    },
  );
});

describe('an answer', () => {
  const hello = delta({ content: 'Hello.' });
  const whole = JSON.stringify({
    choices: [{ message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  });
  const parts = [
    { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
    { type: 'text', text: 'Hel' },
    { type: 'text', text: 'lo.' },
  ];

  it.each<[string, HttpStep[]]>([
    ['without a finish, but with [DONE]', [SSE, hello, DONE, END]],
    ['that just ends', [SSE, hello, END]],
    [
      'with an empty finish',
      [SSE, event({ choices: [{ delta: { content: 'Hello.' }, finish_reason: '' }] }), END],
    ],
    [
      'whose last event is not terminated',
      [
        SSE,
        delta({ content: 'Hel' }),
        bytes('data: {"choices":[{"delta":{"content":"lo."},"finish_reason":"stop"}]}'),
        END,
      ],
    ],
    ['whose [DONE] is not terminated', [SSE, hello, bytes('data: [DONE]'), END]],
    ['whose connection stays open after [DONE]', [SSE, hello, DONE, { do: 'hang' }]],
    ['whose connection stays open after the finish', [SSE, hello, STOP, { do: 'hang' }]],
    ['whose connection is reset after [DONE]', [SSE, hello, DONE, { do: 'reset' }]],
    [
      'whose connection is reset after the finish',
      [SSE, hello, STOP, { do: 'wait', ms: 20 }, { do: 'reset' }],
    ],
    ['in JSON although a stream was asked for', answer(200, 'application/json', whole)],
    [
      'in JSON on a connection that stays open',
      [
        { do: 'head', status: 200, headers: { 'content-type': 'application/json' } },
        bytes(whole),
        { do: 'hang' },
      ],
    ],
    ['in JSON that is called a stream', [SSE, bytes(whole), END]],
    ['with content as a list of parts', streamed(delta({ content: parts }))],
    [
      'with `message` in place of `delta`',
      [SSE, event({ choices: [{ message: { content: 'Hello.' } }] }), DONE, END],
    ],
    [
      'with CRLF, no space, comments and a byte order mark',
      [
        SSE,
        bytes(
          '\uFEFF: hi\r\n\r\ndata:{"choices":[{"delta":{"content":"Hello."}}]}\r\n\r\ndata:[DONE]\r\n\r\n',
        ),
        END,
      ],
    ],
    [
      'with odd values where nothing is used',
      [
        SSE,
        event({
          id: 7,
          usage: 'none',
          choices: [{ index: 'x', delta: { role: 5, content: 'Hello.', tool_calls: null }, logprobs: [] }],
        }),
        DONE,
        END,
      ],
    ],
  ])('is done at once: %s', async (_, script) => {
    const { events, end } = await ask(script);
    expect([end, shown(events)]).toEqual(['done', 'Hello.']);
  });

  it('counts the last usage, once', async () => {
    const chunk = (text: string, output: number) =>
      event({
        choices: [{ delta: { content: text } }],
        usage: { prompt_tokens: 5, completion_tokens: output },
      });
    await ask(streamed(chunk('Hel', 1), chunk('lo.', 2)));
    expect(engine.connectionStats().tokens).toEqual({ input: 5, cached: 0, output: 2 });
  });

  it.each<[string, HttpStep[]]>([
    ['stops without text', [SSE, STOP, DONE, END]],
    ['is stopped by a content filter', [SSE, delta({}, 'content_filter'), DONE, END]],
    ['is only white space', said(' \n\n ')],
    [
      'is empty JSON',
      answer(200, 'application/json', '{"choices":[{"message":{"content":null},"finish_reason":"stop"}]}'),
    ],
  ])('that %s is a failure, never silence', async (_, script) => {
    expect(await ask(script)).toMatchObject({
      end: 'LLM_FAILED',
      error: { message: expect.stringContaining('said nothing') },
    });
  });

  it('that is a refusal is said', async () => {
    expect(
      shown((await ask(streamed(delta({ refusal: 'I cannot ' }), delta({ refusal: 'do that.' })))).events),
    ).toBe('I cannot do that.');
  });

  it.each<[string, HttpStep[], string, string]>([
    [
      '200 with an error',
      answer(200, 'application/json', '{"error":{"message":"model is asleep"}}'),
      'LLM_FAILED',
      'model is asleep',
    ],
    [
      '200 with an error as text',
      answer(200, 'application/json', '{"error":"model is asleep"}'),
      'LLM_FAILED',
      'model is asleep',
    ],
    [
      '200 with vLLM’s error',
      answer(200, 'application/json', '{"object":"error","message":"model is asleep","code":40001}'),
      'LLM_FAILED',
      'model is asleep',
    ],
    [
      'a finish that is an error',
      [SSE, delta({ content: 'He' }), delta({}, 'error'), DONE, END],
      'LLM_FAILED',
      'ended its answer with an error',
    ],
    [
      'an error in the stream',
      [SSE, event({ error: { message: 'model is asleep', code: 503 } }), END],
      'LLM_FAILED',
      'model is asleep',
    ],
    [
      'Gemini’s list',
      answer(400, 'application/json', '[{"error":{"code":400,"message":"model is asleep"}}]'),
      'ENGINE_REQUEST',
      'model is asleep',
    ],
    [
      'FastAPI’s detail',
      answer(500, 'application/json', '{"detail":"model is asleep"}'),
      'LLM_FAILED',
      'model is asleep',
    ],
    ['plain text', answer(503, 'text/plain', 'model is asleep'), 'LLM_FAILED', 'model is asleep'],
    [
      'a far Retry-After',
      [
        { do: 'head', status: 429, headers: { 'retry-after': '60' } },
        bytes('{"error":{"message":"model is asleep"}}'),
        END,
      ],
      'ENGINE_OVERLOADED',
      'model is asleep',
    ],
    ['a web page', answer(200, 'text/html', '<html>hello</html>'), 'ENGINE_PROTOCOL', 'baseURL'],
  ])('that reports a failure keeps the server’s words: %s', async (_, script, end, words) => {
    expect(await ask(script)).toMatchObject({ end, error: { message: expect.stringContaining(words) } });
  });
});
