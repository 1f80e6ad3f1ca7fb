import { describe, expect, it } from 'vitest';
import { Arrivals } from './arrivals.ts';

/** Samples of a message of 20 ms. */
const MESSAGE = 320;

function arrived(...arrivalsMs: readonly number[]): Arrivals {
  const arrivals = new Arrivals();
  for (const [index, atMs] of arrivalsMs.entries()) arrivals.note((index + 1) * MESSAGE, atMs);
  return arrivals;
}

describe('estimating when a sample was spoken', () => {
  it('counts back from the message by the samples that follow in it', () => {
    const arrivals = arrived(1_020, 1_040);
    expect(arrivals.spokenAtMs(160)).toBe(1_010);
    expect(arrivals.spokenAtMs(MESSAGE)).toBe(1_020);
    expect(arrivals.spokenAtMs(480)).toBe(1_030);
  });

  it('ignores a late message when later ones are on time', () => {
    expect(arrived(1_020, 1_095, 1_096, 1_097, 1_100).spokenAtMs(MESSAGE + 160)).toBe(1_030);
  });

  it('is never earlier than the messages since then allow', () => {
    // All messages are 50 ms late from here on, which cannot be detected.
    expect(arrived(1_020, 1_090, 1_110).spokenAtMs(480)).toBe(1_080);
  });

  it('uses the newest message of a delayed burst', () => {
    expect(arrived(5_000, 5_000, 5_000).spokenAtMs(MESSAGE)).toBe(4_960);
  });

  it('is unknown for future samples, and known for all samples that the ear may ask for', () => {
    const arrivals = arrived(...Array.from({ length: 1_000 }, (_, index) => 1_020 + index * 20));
    expect(arrivals.spokenAtMs(1_000 * MESSAGE + 1)).toBeUndefined();
    expect(arrivals.spokenAtMs(900 * MESSAGE)).toBe(1_000 + 900 * 20);
  });
});
