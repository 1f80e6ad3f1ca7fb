import { describe, expect, it } from 'vitest';
import { type Doubts, guarded } from './invented.ts';

const rejects = (text: string, segments: Doubts[] = []) =>
  guarded({ type: 'final', text }, { language: 'en', segments }).rejected?.reason === 'invented';

describe('the guard against invented words', () => {
  it.each([
    ['the same word many times', 'you you you you you you you'],
    ['the same sentence many times', 'Thank you for watching. '.repeat(6)],
    ['the same characters many times, without spaces', 'ご視聴ありがとうございました'.repeat(6)],
  ])('rejects %s', (_, text) => {
    expect(rejects(text)).toBe(true);
  });

  it.each([
    'no no no no',
    'twenty two twenty two',
    'ha ha ha ha ha',
    'はいはいはい',
    'a aa aaa aaaa aaaaa aaaaaa',
  ])('keeps %j', (text) => {
    expect(rejects(text)).toBe(false);
  });

  it('rejects text of which the model doubts every segment', () => {
    const noise = { no_speech_prob: 0.9, avg_logprob: -1.3 };
    const loop = { compression_ratio: 3, avg_logprob: -0.1 };
    expect(rejects('Thank you.', [noise, loop])).toBe(true);
    expect(rejects('Thank you. Go home.', [noise, { no_speech_prob: 0.1, avg_logprob: -0.2 }])).toBe(false);
    // Quiet speech that the model understood well.
    expect(rejects('Go home.', [{ no_speech_prob: 0.9, avg_logprob: -0.2 }])).toBe(false);
  });

  it('takes no long time for long text without spaces', () => {
    expect(rejects('あいうえおかきくけこ'.repeat(400))).toBe(true);
    expect(rejects(Array.from({ length: 4_000 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join(''))).toBe(
      false,
    );
  });
});
