import { describe, expect, it } from 'vitest';
import { defaultParameters } from '../parameters.ts';
import { isBackchannel } from '../session/barge-in/backchannel.ts';
import { completeness, endpointDelayMs } from '../session/turn/endpointing.ts';
import { isAmong, joinText, normaliseText } from './text.ts';

const { words, endpointing } = defaultParameters;

describe('a backchannel', () => {
  it.each([
    ['en', 'uh-huh'],
    ['en', 'Mm-hmm.'],
    ['en', 'yeah, okay'],
    ['en-GB', 'I see!'],
    ['zh-CN', '嗯'],
    ['zh', '嗯嗯，对对'],
    ['ja-JP', 'うん、なるほど'],
    ['de', 'Ach so'],
    ['fr', 'D’accord'],
  ])('in %s is “%s”', (language, text) => {
    expect(isBackchannel(text, language, words.backchannels)).toBe(true);
  });

  it.each([
    ['en', ''],
    ['en', '...'],
    ['en', 'okay stop'],
    ['en', 'rightly'],
    ['en', 'uh-oh'],
    ['zh', '对不起'],
    ['zh', '好吃'],
    ['xx', 'uh-huh'],
  ])('in %s is not “%s”', (language, text) => {
    expect(isBackchannel(text, language, words.backchannels)).toBe(false);
  });
});

describe('a turn looks', () => {
  it.each([
    ['complete', 'en', 'Turn left.'],
    ['complete', 'en', 'Really?”'],
    ['complete', 'zh', '你好。'],
    ['incomplete', 'en', 'turn left and'],
    ['incomplete', 'en', 'Turn left, '],
    ['incomplete', 'en', 'well...'],
    ['incomplete', 'zh', '我想要那个'],
    ['incomplete', 'ja', '明日は雨だから'],
    ['unknown', 'en', 'turn left'],
    ['unknown', 'en', 'sand'],
    ['unknown', 'en', ''],
    ['unknown', 'xx', 'und'],
  ])('%s in %s: “%s”', (expected, language, text) => {
    expect(completeness(text, language, words)).toBe(expected);
  });

  it('complete when it is a known phrase or a voice stop in any spelling', () => {
    const lists = { ...words, complete: ['Come here!'], halt: ['Halt'] };
    expect(completeness('come here', 'en', lists)).toBe('complete');
    expect(completeness('HALT', 'en', lists)).toBe('complete');
  });

  it.each([
    ['complete', 'en', 'yes', true],
    ['complete', 'en', 'Yes, please', true],
    ['complete', 'en', 'twenty five', true],
    ['complete', 'en', '25', true],
    ['complete', 'zh', '不用', true],
    ['complete', 'de', 'ja bitte', true],
    ['unknown', 'en', 'yes', false],
    ['unknown', 'en', 'yes we might', true],
    ['incomplete', 'en', 'my', true],
    ['incomplete', 'en', 'four oh two', true],
  ])('%s in %s after a question, or not: “%s”', (expected, language, text, asked) => {
    expect(completeness(text, language, words, { asked })).toBe(expected);
  });

  it.each([
    ['incomplete', 'en', 'my number is four oh two'],
    ['incomplete', 'en', '4 0 2.'],
    ['incomplete', 'zh', '号码是一三五'],
    ['incomplete', 'de', 'eins zwo drei'],
    ['unknown', 'en', 'go forward two'],
    ['unknown', 'en', 'turn 402'],
  ])('%s in %s while digits are dictated: “%s”', (expected, language, text) => {
    expect(completeness(text, language, words)).toBe(expected);
  });

  it('complete as a whole phrase of the dialog, even of digits, and incomplete in its middle', () => {
    expect(completeness('turn left', 'en', words, { reading: { phrase: 'whole' } })).toBe('complete');
    expect(completeness('pin four oh two', 'en', words, { reading: { phrase: 'whole' } })).toBe('complete');
    expect(completeness('go forward ten', 'en', words, { reading: { phrase: 'part' } })).toBe('incomplete');
    expect(completeness('no', 'en', words, { reading: { phrase: 'part' }, asked: true })).toBe('complete');
  });

  it('over after 250, 500 or 1,000 ms', () => {
    const delays = ['go.', 'go', 'go and'].map((text) => endpointDelayMs(text, 'en', endpointing, words));
    expect(delays).toEqual([250, 500, 1_000]);
  });
});

describe('words', () => {
  it('are compared without case, punctuation and width', () => {
    expect(normaliseText(' Don’t  STOP—me, now！', 'en')).toBe("don't stop me now");
    expect(isAmong('stop!', ['Stop'], 'en')).toBe(true);
    expect(isAmong('stop it', ['stop'], 'en')).toBe(false);
    expect(isAmong('…', ['', '...'], 'en')).toBe(false);
  });

  it('of two pieces are joined as the script requires', () => {
    expect(joinText('turn left ', ' and stop')).toBe('turn left and stop');
    expect(joinText('请向左', '转')).toBe('请向左转');
    expect(joinText('', 'yes')).toBe('yes');
  });
});
