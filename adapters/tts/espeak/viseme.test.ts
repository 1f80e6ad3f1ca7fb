import { describe, expect, it } from 'vitest';
import { LAST_VISEME, visemeOf } from './viseme.ts';

describe('visemeOf', () => {
  it('gives each English phoneme the number that SAPI lists for it', () => {
    // In the order of their numbers, from 1.
    const phonemes = [
      'æ ə ʌ',
      'ɑ',
      'ɔ',
      'eɪ ɛ ʊ',
      'ɝ',
      'j i ɪ',
      'w u',
      'oʊ',
      'aʊ',
      'ɔɪ',
      'aɪ',
      'h',
      'ɹ',
      'l',
      's z',
      'ʃ tʃ dʒ ʒ',
      'θ ð',
      'f v',
      'd t n',
      'k ɡ ŋ',
      'p b m',
    ];
    for (const [at, alike] of phonemes.entries())
      for (const phoneme of alike.split(' ')) expect([phoneme, visemeOf(phoneme)]).toEqual([phoneme, at + 1]);
  });

  it('ignores stress, length, nasal and aspiration marks', () => {
    expect(visemeOf('ˈiː')).toBe(visemeOf('i'));
    expect(visemeOf('ˌəʊ')).toBe(8);
    expect(visemeOf('ˈɑ̃')).toBe(visemeOf('ɑ'));
    expect(visemeOf('bʰ')).toBe(visemeOf('b'));
  });

  it('uses the first shape of a compound that the table lacks', () => {
    expect(visemeOf('ˈiə')).toBe(6);
    expect(visemeOf('kˈonɡ')).toBe(20);
  });

  it('returns 0 only for silence, and a valid number for any input', () => {
    expect(visemeOf('')).toBe(0);
    expect(visemeOf('_')).toBe(0);
    for (const odd of ['ʘ', '☃', '日', '\ud800', '(en)', 'zzz'.repeat(100)]) {
      expect(visemeOf(odd)).toBeGreaterThan(0);
      expect(visemeOf(odd)).toBeLessThanOrEqual(LAST_VISEME);
    }
  });
});
