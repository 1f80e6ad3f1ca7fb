import { describe, expect, it } from 'vitest';
import { opusPreSkip, opusSamples } from './opus-packet.ts';

/** The first byte of a packet: configuration, mono, and how many frames. */
const toc = (configuration: number, code: number) => (configuration << 3) | code;

describe('the duration of an Opus packet', () => {
  it.each([
    [0, 10],
    [1, 20],
    [3, 60],
    [11, 60],
    [12, 10],
    [15, 20],
    [16, 2.5],
    [31, 20],
  ])('is read from configuration %i: %f ms', (configuration, ms) => {
    expect(opusSamples(new Uint8Array([toc(configuration, 0)]), 48_000)).toBe(ms * 48);
  });

  it('counts the frames of the packet', () => {
    expect(opusSamples(new Uint8Array([toc(1, 1)]), 16_000)).toBe(640);
    expect(opusSamples(new Uint8Array([toc(1, 3), 3]), 16_000)).toBe(960);
  });

  it('is unknown without a byte, without a count, with no frame, and over 120 ms', () => {
    const invalid = [[], [toc(1, 3)], [toc(1, 3), 0], [toc(3, 3), 3]];
    expect(invalid.map((bytes) => opusSamples(new Uint8Array(bytes), 16_000))).toEqual(
      Array(4).fill(undefined),
    );
  });
});

it('the codec’s lookahead is a whole number of samples at every rate', () => {
  expect([8_000, 16_000, 24_000, 48_000].map(opusPreSkip)).toEqual([52, 104, 156, 312]);
});
