import { describe, expect, it } from 'vitest';
import { type EspeakVoice, voiceByName, voiceForLanguage } from './voices.ts';

function voice(identifier: string, name: string, ...languages: [string, number][]): EspeakVoice {
  return { identifier, name, languages: languages.map(([tag, priority]) => ({ name: tag, priority })) };
}

const VOICES = [
  voice('sit/cmn', 'Chinese (Mandarin)', ['cmn', 5], ['zh', 5]),
  voice('gmw/en-029', 'English (Caribbean)', ['en-029', 5], ['en', 10]),
  voice('gmw/en', 'English (Great Britain)', ['en-gb', 2], ['en', 2]),
  voice('gmw/en-US', 'English (America)', ['en-us', 2], ['en', 3]),
  voice('gmw/de', 'German', ['de', 5]),
  voice('sit/yue', 'Chinese (Cantonese)', ['yue', 5], ['zh', 8]),
];

describe('voiceForLanguage', () => {
  it.each([
    ['en', 'gmw/en'],
    ['en-US', 'gmw/en-US'],
    ['en_us', 'gmw/en-US'],
    ['en-AU', 'gmw/en'],
    ['zh', 'sit/cmn'],
    ['zh-CN', 'sit/cmn'],
    ['zh-Hant-TW', 'sit/cmn'],
    ['zh-HK', 'sit/yue'],
    ['de-AT', 'gmw/de'],
    ['tlh', 'gmw/en'],
    ['', 'gmw/en'],
    ['../../etc', 'gmw/en'],
  ])('reads %s with the voice %s', (language, identifier) => {
    expect(voiceForLanguage(language, VOICES)).toBe(identifier);
  });

  it('returns undefined without any voice', () => {
    expect(voiceForLanguage('en', [])).toBeUndefined();
  });
});

describe('voiceByName', () => {
  it('knows a voice by its identifier, its name and its language, with or without a variant', () => {
    expect(voiceByName('gmw/en-US', VOICES)).toBe('gmw/en-US');
    expect(voiceByName('English (America)', VOICES)).toBe('gmw/en-US');
    expect(voiceByName('en-us+f3', VOICES)).toBe('gmw/en-US+f3');
  });

  it.each(['mb/mb-us1', 'alloy', '', '+f3', 'en+', 'en+../../x', 'en+f3+f4', 'en\u0000', 'e'.repeat(1_000)])(
    'lets nothing else through: %j',
    (name) => {
      expect(voiceByName(name, VOICES)).toBeUndefined();
    },
  );
});
