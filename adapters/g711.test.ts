import { describe, expect, it } from 'vitest';
import { decodeG711, encodeG711, type G711Law } from './g711.ts';

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const encode = (law: G711Law, ...samples: number[]) => [...encodeG711(law, Int16Array.from(samples))];
const decode = (law: G711Law, ...bytes: number[]) => [...decodeG711(law, Uint8Array.from(bytes))];

describe('G.711', () => {
  it('decodes µ-law as in the tables of the recommendation', () => {
    expect(decode('mu', 0x00, 0x80, 0x7f, 0xff, 0x8f, 0x0f, 0xf0, 0x70)).toEqual([
      -32_124, 32_124, 0, 0, 16_764, -16_764, 120, -120,
    ]);
  });

  it('encodes µ-law as in the tables of the recommendation', () => {
    expect(encode('mu', 0, 32_767, -32_768, 32_124, -32_124, 4, 1_000)).toEqual([
      0xff, 0x80, 0x00, 0x80, 0x00, 0xfe, 0xce,
    ]);
  });

  it('decodes A-law as in the tables of the recommendation', () => {
    expect(decode('a', 0xd5, 0x55, 0xaa, 0x2a, 0x85, 0x80)).toEqual([8, -8, 32_256, -32_256, 4_224, 5_504]);
  });

  it('encodes A-law as in the tables of the recommendation', () => {
    expect(encode('a', 0, -1, 32_767, -32_768, 1_000, 300)).toEqual([0xd5, 0x55, 0xaa, 0x2a, 0xfa, 0xc7]);
  });

  it.each<G711Law>(['mu', 'a'])('gives each byte of %s-law back after decoding it', (law) => {
    const again = encodeG711(law, decodeG711(law, ALL_BYTES));
    // µ-law has two zeros; the negative one becomes the positive one.
    const expected = law === 'mu' ? ALL_BYTES.map((byte) => (byte === 0x7f ? 0xff : byte)) : ALL_BYTES;
    expect([...again]).toEqual([...expected]);
  });

  it.each<[G711Law, number]>([
    ['mu', 0.04],
    ['a', 0.04],
  ])('of %s-law is off by at most 4 %% of a loud sample', (law, share) => {
    for (let sample = -32_000; sample <= 32_000; sample += 7) {
      const [back = 0] = decodeG711(law, encodeG711(law, Int16Array.of(sample)));
      expect(Math.abs(back - sample)).toBeLessThanOrEqual(Math.max(16, share * Math.abs(sample)));
    }
  });
});
