import { expect, it } from 'vitest';
import { conversation } from './harness.ts';

it('a typed conversation changes from English to Chinese, Japanese, Korean and back, with the embedded voice', async () => {
  const talk = await conversation({});
  expect(await talk.type('what is your name')).toContain('Parley');
  expect(await talk.type('你叫什么名字？')).toContain('小派');
  // Of no language: the conversation stays in Chinese.
  expect(await talk.type('OK')).toMatch(/没听懂|没明白/);
  expect(await talk.type('お名前は？')).toContain('パーレイ');
  expect(await talk.type('왼쪽으로돌아줘')).toBe('왼쪽으로 돌게요.');
  expect(await talk.type('turn left please')).toBe('Turning left.');
  expect(talk.saidIn()).toEqual(['en', 'zh', '-', 'ja', 'ko', 'en']);
  const languages = ['en', 'zh', 'zh', 'ja', 'ko', 'en'];
  expect(talk.askedIn('llm')).toEqual(languages);
  expect(talk.askedIn('tts')).toEqual(languages);
  for (const generation of [1, 2, 3, 4, 5, 6])
    expect(talk.client.frames.filter((frame) => frame.generation === generation).length).toBeGreaterThan(10);
});
