import { describe, expect, it } from 'vitest';
import { languageIdentifier } from './identify.ts';

const SAID = {
  en: [
    'hello',
    'what is your name',
    'turn left',
    'go forward two meters',
    'stop',
    'thank you',
    'hello, 小明',
  ],
  zh: ['你好', '左转', '停', '你叫什么名字？', '讲个笑话', '请问 WiFi 密码是多少', '我叫 Anna', '過來'],
  ja: ['こんにちは', 'お名前は何ですか', '左に曲がって', 'はい', 'Wi-Fiのパスワード'],
  ko: ['안녕하세요', '이름이 뭐예요', '왼쪽', '네', 'OK 좋아요'],
} as const;

describe('the four shipped languages', async () => {
  const identify = await languageIdentifier(['en', 'zh', 'ja', 'ko']);

  for (const [language, texts] of Object.entries(SAID))
    for (const text of texts)
      it(`${text} is ${language}`, () => {
        for (const current of ['en', 'zh', 'ko']) expect(identify(text, current)).toBe(language);
      });

  it('words of any language and numbers keep the language of the conversation', () => {
    for (const text of ['OK', 'ok!', '42', '…', 'WiFi', 'A']) expect(identify(text, 'zh-CN')).toBeUndefined();
  });

  it('letters decide nothing beside a language that is none of them', () => {
    expect(identify('und dort', 'de')).toBeUndefined();
    expect(identify('你好', 'de')).toBe('zh');
  });

  it('a few Chinese characters keep a conversation in Japanese, a sentence of them does not', () => {
    expect(identify('左', 'ja')).toBeUndefined();
    expect(identify('今何時', 'ja-JP')).toBeUndefined();
    expect(identify('请你告诉我现在是几点钟', 'ja')).toBe('zh');
  });
});

describe('languages that share letters', async () => {
  const identify = await languageIdentifier(['en', 'de', 'fr', 'zh']);

  it('are distinguished by their words', () => {
    expect(identify('wie spät ist es jetzt eigentlich', 'en')).toBe('de');
    expect(identify('raconte-moi une blague', 'en')).toBe('fr');
    expect(identify('can you please tell me the time', 'de')).toBe('en');
  });

  it.each([
    ...[
      'hello',
      'Hello!',
      'hi',
      'hi there',
      'good morning',
      'thank you',
      'thanks',
      'yes please',
      'stop',
      'turn left',
    ],
    ...[
      'go on',
      'what time is it',
      'hello robot',
      'come here',
      'one two three',
      'no',
      'help me',
      'sure',
      'tell me a joke',
    ],
  ])('English in a few words stays English: %s', (text) => {
    expect(identify(text, 'en') ?? 'en').toBe('en');
  });

  it.each([
    ['hallo', 'de'],
    ['guten Tag', 'de'],
    ['ja bitte', 'de'],
    ['danke', 'de'],
    ['bonjour', 'fr'],
    ['merci beaucoup', 'fr'],
  ])('common words of another language are known: %s', (text, language) => {
    expect(identify(text, 'en')).toBe(language);
  });

  it('keep the language of the conversation if a short text is not sure', () => {
    expect(identify('hand', 'en')).not.toBe('de');
    expect(identify('halt', 'en')).not.toBe('fr');
  });

  it('do not appear if they are not among those that may be spoken', () => {
    expect(identify('이름이 뭐예요', 'en')).toBeUndefined();
  });
});
