import { describe, expect, it } from 'vitest';
import { LAST_VISEME, visemeOf } from './viseme.ts';

describe('visemeOf', () => {
  it('gives each English phoneme the number that SAPI lists for it', () => {
    const expected: Record<string, number> = {
      æ: 1,
      ə: 1,
      ʌ: 1,
      ɑ: 2,
      ɔ: 3,
      eɪ: 4,
      ɛ: 4,
      ʊ: 4,
      ɝ: 5,
      j: 6,
      i: 6,
      ɪ: 6,
      w: 7,
      u: 7,
      oʊ: 8,
      aʊ: 9,
      ɔɪ: 10,
      aɪ: 11,
      h: 12,
      ɹ: 13,
      l: 14,
      s: 15,
      z: 15,
      ʃ: 16,
      tʃ: 16,
      dʒ: 16,
      ʒ: 16,
      θ: 17,
      ð: 17,
      f: 18,
      v: 18,
      d: 19,
      t: 19,
      n: 19,
      k: 20,
      ɡ: 20,
      ŋ: 20,
      p: 21,
      b: 21,
      m: 21,
    };

    const found = Object.fromEntries(Object.keys(expected).map((phoneme) => [phoneme, visemeOf(phoneme)]));

    expect(found).toEqual(expected);
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
