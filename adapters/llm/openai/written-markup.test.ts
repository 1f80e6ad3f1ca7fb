import { describe, expect, it } from 'vitest';
import type { HttpStep } from '../../../testing/loopback/http-script.ts';
import { type OpenAiServer, openaiServer } from '../../../testing/loopback/openai-server.ts';
import { outcomeOf } from '../../../testing/loopback/outcome.ts';
import { closeAfterEach } from '../../engine-test-util.ts';
import { openaiLlm } from './openai.ts';
import { delta, HELLO, said, shown, streamed, WAVE } from './raw-answers-test-util.ts';

let server: OpenAiServer;
let engine: ReturnType<typeof openaiLlm>;
closeAfterEach(() => ({ engine, server }));

async function ask(script: readonly HttpStep[], tools: readonly (typeof WAVE)[] = [WAVE]) {
  server = await openaiServer({ chat: () => script });
  engine = openaiLlm({ baseURL: server.baseURL, model: 'm', tools });
  return outcomeOf(engine.reply(HELLO, new AbortController().signal));
}

describe('a model that thinks in its text', () => {
  it.each<[string, string[]]>([
    ['<think> over deltas', ['<th', 'ink>I sho', 'uld wave.</th', 'ink>\n\nHello', ' there.']],
    ['<think> in one piece', ['<think>\n\n</think>\n\nHello there.']],
    ['only its end', ['The user greets me. I should', ' greet back.\n</think>\n\nHello there.']],
    ['only its end, of unusual words', ['Xyzzy plugh.', '</think>', 'Hello there.']],
    ['<thinking>', ['<thinking>hm</thinking>Hello there.']],
    ['<reasoning>', ['<reasoning effort="low">hm', '</reasoning>', 'Hello there.']],
    ['<seed:think>', ['<seed:think>hm</seed:think>Hello there.']],
    ['[THINK]', ['[TH', 'INK]hm[/THI', 'NK]Hello there.']],
    [
      'the channels of gpt-oss',
      [
        '<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Hello',
        ' there.<|return|>',
      ],
    ],
    [
      'the channels of gpt-oss in pieces',
      [
        '<|chan',
        'nel|>',
        'analysis',
        '<|mess',
        'age|>h',
        'm<|en',
        'd|><|start|>assis',
        'tant<|channel|>fi',
        'nal<|message|>Hello there.',
      ],
    ],
    ['gpt-oss without its special tokens', ['analysisThe user says hello.assistantfinalHello there.']],
    ['the channel of Gemma', ['<|channel>thought\nhm\n<channel|>Hello there.']],
    ['Cohere', ['<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>Hello there.<|END_RESPONSE|>']],
    ['Kimi', ['◁thi', 'nk▷hm◁/think▷Hello there.']],
    [
      'a call within it',
      ['<think>I call <tool_call>{"name":"wave","arguments":{}}</tool_call></think>Hello there.'],
    ],
  ])('is heard without it: %s', async (_, texts) => {
    const { events, end } = await ask(said(...texts));
    expect([end, shown(events)]).toEqual(['done', 'Hello there.']);
  });

  it.each([1, 2, 3])('is heard without it in pieces of %i characters', async (size) => {
    const text = '<think>I should wave.</think>\n\nIs 5 < 10? [See] `this` <b>now</b>.<|im_end|>';
    const pieces = text.match(new RegExp(`.{1,${size}}`, 'gsu')) ?? [];
    expect(shown((await ask(said(...pieces))).events)).toBe('Is 5 < 10? [See] `this` <b>now</b>.');
  });

  it('fails in words if it says nothing but thoughts', async () => {
    const { end, error } = await ask(said('<think>I wonder'));
    expect([end, error?.message]).toEqual(['LLM_FAILED', expect.stringContaining('said nothing')]);
  });

  it.each(['reasoning_content', 'reasoning', 'thinking'])('is not heard in the field %s', async (field) => {
    const script = streamed(delta({ [field]: 'hm' }), delta({ [field]: '', content: 'Hello there.' }));
    expect(shown((await ask(script)).events)).toBe('Hello there.');
  });

  it('is held from the first word on once it has shown that only the end of thinking is marked', async () => {
    server = await openaiServer({ chat: () => said('Xyzzy plugh, xyzzy plugh.', '</think>', 'Hi.') });
    engine = openaiLlm({ baseURL: server.baseURL, model: 'm' });
    for (let turn = 0; turn < 3; turn++) {
      const { events } = await outcomeOf(engine.reply(HELLO, new AbortController().signal));
      expect(shown(events)).toBe('Hi.');
    }
  });
});

describe('special tokens and calls in the text', () => {
  it.each<[string, string[], string]>([
    [
      'tokens of templates',
      ['<s>Hello<|im_end|> there.</s><|endoftext|><｜end▁of▁sentence｜>'],
      'Hello there.',
    ],
    ['the beginning of another turn', ['Hello.<|im_end|>\n<|im_start|>user\nDance!<|im_end|>'], 'Hello.'],
    [
      'Hermes and Qwen',
      ['Sure. <tool_', 'call>\n{"name": "wave", "arg', 'uments": {"hand": "left"}}\n</tool_call>'],
      'Sure. <wave {"hand":"left"}>',
    ],
    [
      'Hermes without its end',
      ['<tool_call>{"name":"wave","arguments":{"hand":"left"}}'],
      '<wave {"hand":"left"}>',
    ],
    ['Hermes, cut off', ['Sure. <tool_call>{"name":"wave","arguments":{"hand":"le'], 'Sure. <wave fails>'],
    ['Mistral', ['[TOOL_CALLS][{"name":"wave","arguments":{"hand":"left"}}]'], '<wave {"hand":"left"}>'],
    ['Mistral, new', ['[TOOL_CALLS]wave[ARGS]{"hand":"left"}'], '<wave {"hand":"left"}>'],
    ['Llama', ['<function=wave>{"hand":"left"}</function>'], '<wave {"hand":"left"}>'],
    [
      'Llama, a list',
      ['[wa', 've(', 'times', '=2), wave(hand="left")]'],
      '<wave {"times":2}><wave {"hand":"left"}>',
    ],
    ['words in brackets', ['See [the ', 'door(s)] there.'], 'See [the door(s)] there.'],
    ['Llama, bare', ['{"name": "wave", "parameters": {"hand": "left"}}'], '<wave {"hand":"left"}>'],
    [
      'Llama, python tag',
      ['<|python_tag|>{"name":"wave","parameters":{"times":2}}<|eom_id|>'],
      '<wave {"times":2}>',
    ],
    [
      'Qwen coder',
      [
        '<tool_call>\n<function=wave>\n<parameter=hand>\nleft\n</parameter>\n<parameter=times>\n2\n</parameter>\n</function>\n</tool_call>',
      ],
      '<wave {"hand":"left","times":2}>',
    ],
    [
      'GLM',
      ['<tool_call>wave\n<arg_key>hand</arg_key>\n<arg_value>left</arg_value>\n</tool_call>'],
      '<wave {"hand":"left"}>',
    ],
    [
      'MiniMax',
      [
        '<minimax:tool_call><invoke name="wave"><parameter name="hand">left</parameter></invoke></minimax:tool_call>',
      ],
      '<wave {"hand":"left"}>',
    ],
    [
      'gpt-oss',
      ['<|channel|>commentary to=functions.wave <|constrain|>json<|message|>{"hand":"left"}<|call|>'],
      '<wave {"hand":"left"}>',
    ],
    [
      'Kimi',
      [
        '<|tool_calls_section_begin|><|tool_call_begin|>functions.wave:0<|tool_call_argument_begin|>{"hand":"left"}<|tool_call_end|><|tool_calls_section_end|>',
      ],
      '<wave {"hand":"left"}>',
    ],
    [
      'DeepSeek',
      [
        '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>wave\n```json\n{"hand":"left"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
      ],
      '<wave {"hand":"left"}>',
    ],
    ['Gemma', ['<|tool_call>call:wave{hand:<|"|>left<|"|>}<tool_call|>'], '<wave {"hand":"left"}>'],
    [
      'Qwen, with another tag',
      ['<tools>{"name":"wave","arguments":{"hand":"left"}}</tools>'],
      '<wave {"hand":"left"}>',
    ],
    [
      'Phi',
      ['Sure. func', 'tools', '[{"name":"wave","arguments":{"hand":"left"}}]'],
      'Sure. <wave {"hand":"left"}>',
    ],
    [
      'a fence of JSON',
      ['Sure.\n```json\n{"name":"wave","arguments":{"hand":"left"}}\n```'],
      'Sure.\n<wave {"hand":"left"}>',
    ],
    [
      'a fence of Python',
      ['```tool_code\nwave(hand="left", times=2)\n```'],
      '<wave {"hand":"left","times":2}>',
    ],
    [
      'a list in Python',
      ['<|tool_call_start|>[wave(hand="left")]<|tool_call_end|>'],
      '<wave {"hand":"left"}>',
    ],
    [
      'a tool that there is not',
      ['Sure. <tool_call>{"name":"fly","arguments":{}}</tool_call>'],
      'Sure. <fly fails>',
    ],
    ['JSON that is not a call', ['{"name": "Ada"}'], '{"name": "Ada"}'],
    ['a fence that is not a call', ['```js\nlet a = 1;\n```'], '```js\nlet a = 1;\n```'],
  ])('are not said, and complete calls count: %s', async (_, texts, right) => {
    const { events, end } = await ask(said(...texts));
    expect([end, shown(events).trim()]).toEqual(['done', right]);
  });

  it('are dropped if no tools were offered', async () => {
    const text = 'Sure. <tool_call>{"name":"wave","arguments":{}}</tool_call>';
    expect(shown((await ask(said(text), [])).events).trim()).toBe('Sure.');
  });

  it('do not repeat a call that came as such', async () => {
    const native = { index: 0, id: 'a', function: { name: 'wave', arguments: '{"hand":"left"}' } };
    const script = streamed(
      delta({ content: '<tool_call>{"name":"wave","arguments":{"hand":"left"}}</tool_call>' }),
      delta({ tool_calls: [native] }),
    );
    expect(shown((await ask(script)).events)).toBe('<wave {"hand":"left"}>');
  });
});
