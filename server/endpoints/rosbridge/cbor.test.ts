import { expect, it } from 'vitest';
import { encodeCbor } from './cbor.ts';

const hex = (value: Parameters<typeof encodeCbor>[0]) => encodeCbor(value).toString('hex');

it('encodes texts, bytes and maps as in appendix A of RFC 8949', () => {
  expect(hex('IETF')).toBe('6449455446');
  expect(hex('水')).toBe('63e6b0b4');
  expect(hex(Uint8Array.of(1, 2, 3, 4))).toBe('4401020304');
  expect(hex({ a: 'A', b: 'B' })).toBe('a26161614161626142');
});

it.each([
  [23, '57'],
  [24, '5818'],
  [255, '58ff'],
  [256, '590100'],
  [65_535, '59ffff'],
  [65_536, '5a00010000'],
])('gives the length of %i bytes in the fewest bytes', (length, head) => {
  expect(hex(new Uint8Array(length)).slice(0, -2 * length)).toBe(head);
});
