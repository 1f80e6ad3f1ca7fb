import { expect, it } from 'vitest';
import { z } from 'zod';
import type { ServerMessage } from '../../machines/wire.ts';
import { chatReply, transcriptReply } from '../../testing/loopback/openai-replies.ts';
import { openaiServer } from '../../testing/loopback/openai-server.ts';
import { afterTest } from '../support/after-test.ts';
import { conversation } from './harness.ts';

const IN_TEXT = { manners: { input: 'text', output: 'text' } } as const;

it('a stop in any language of the dialog stops the robot', async () => {
  const talk = await conversation({});
  const reached = async (value: string) => {
    const isThis = (message: ServerMessage) => message.type === 'state' && message.value === value;
    expect(await talk.client.waitFor(isThis, { timeoutMs: 20_000 }), value).toBeDefined();
  };
  talk.client.send({ type: 'text', text: 'tell me a story' });
  await reached('speaking');
  talk.client.send({ type: 'text', text: '停下来' });
  await reached('stopped');
});

it('a session in Chinese answers in Chinese from the first turn, and keeps it where the text does not decide', async () => {
  const talk = await conversation({}, { ...IN_TEXT, language: 'zh' });
  expect(await talk.type('42')).toMatch(/没听懂|没明白/);
  expect(await talk.type('向前走两米')).toBe('好的，向前走两米。');
  expect(talk.askedIn('llm')).toEqual(['zh', 'zh']);
});

it('languages are not followed if the configuration says so', async () => {
  const talk = await conversation({ 'languages.among': ',' }, IN_TEXT);
  expect(await talk.type('你叫什么名字？')).toMatch(/^[A-Z]/);
  expect(talk.saidIn()).toEqual(['-']);
});

const asked = z.object({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.string() })),
});
const spoken = z.object({ voice: z.string(), input: z.string() });

it('each language has its engines, voice and system prompt', async () => {
  const engines = await openaiServer({
    chat: (request) => chatReply([asked.parse(request.json).model === 'large' ? '好。' : 'Fine.']),
    transcription: () => transcriptReply('x'),
  });
  afterTest(() => engines.close());
  const talk = await conversation(
    {
      ...{ 'engines.stt': 'openai', 'engines.llm': 'openai', 'engines.tts': 'openai' },
      ...{ 'tts.cache.enabled': 'no', 'tts.openai.voice': 'anna', 'llm.openai.model': 'small' },
      'llm.systemPrompt': 'You are a robot.',
      'llm.servers': JSON.stringify({ chinese: { baseURL: engines.baseURL, model: 'large' } }),
      byLanguage: JSON.stringify({
        zh: { voice: 'xiao', systemPrompt: '你是机器人。', engines: { llm: ['chinese'] } },
      }),
    },
    {},
    { OPENAI_BASE_URL: engines.baseURL },
  );
  expect(await talk.type('hello there')).toBe('Fine.');
  expect(await talk.type('你好吗')).toBe('好。');
  expect(await talk.type('hello again')).toBe('Fine.');
  const chats = engines.requests.filter(({ path }) => path === '/v1/chat/completions');
  expect(chats.map(({ json }) => [asked.parse(json).model, asked.parse(json).messages[0]?.content])).toEqual([
    ['small', 'You are a robot.'],
    ['large', '你是机器人。'],
    ['small', 'You are a robot.'],
  ]);
  const speeches = engines.requests.filter(({ path }) => path === '/v1/audio/speech');
  expect(speeches.map(({ json }) => spoken.parse(json).voice)).toEqual(['anna', 'xiao', 'anna']);
});
