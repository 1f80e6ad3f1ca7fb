import { describe, expect, it } from 'vitest';
import { Arrivals } from './arrivals.ts';

/** Samples of a message of 20 ms. */
const MESSAGE = 320;

function arrived(...arrivalsMs: readonly number[]): Arrivals {
  const arrivals = new Arrivals();
  for (const [index, atMs] of arrivalsMs.entries()) arrivals.note((index + 1) * MESSAGE, atMs);
  return arrivals;
}

describe('when a sample was spoken', () => {
  it('is as long before its message came as there are samples of the message after it', () => {
    const arrivals = arrived(1_020, 1_040);
    expect(arrivals.spokenAtMs(160)).toBe(1_010);
    expect(arrivals.spokenAtMs(MESSAGE)).toBe(1_020);
    expect(arrivals.spokenAtMs(480)).toBe(1_030);
  });

  it('does not depend on how late a message comes after which others come in time', () => {
    expect(arrived(1_020, 1_095, 1_096, 1_097, 1_100).spokenAtMs(MESSAGE + 160)).toBe(1_030);
  });

  it('is no earlier than the messages since allow', () => {
    // All are 50 ms late from here on: nobody can know.
    expect(arrived(1_020, 1_090, 1_110).spokenAtMs(480)).toBe(1_080);
  });

  it('is told by the newest message if a burst brings what has waited', () => {
    expect(arrived(5_000, 5_000, 5_000).spokenAtMs(MESSAGE)).toBe(4_960);
  });

  it('is unknown of what has not come, and forgotten of nothing that the ear may ask for', () => {
    const arrivals = arrived(...Array.from({ length: 1_000 }, (_, index) => 1_020 + index * 20));
    expect(arrivals.spokenAtMs(1_000 * MESSAGE + 1)).toBeUndefined();
    expect(arrivals.spokenAtMs(900 * MESSAGE)).toBe(1_000 + 900 * 20);
  });
});
