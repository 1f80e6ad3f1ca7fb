import { expect, it } from 'vitest';
import { SentAudio } from './sent-audio.ts';

/** A second of appends of 20 ms, the one that ends at `endMs` arriving when `arrivesAtMs` says. */
function second(arrivesAtMs: (endMs: number) => number): SentAudio {
  const sent = new SentAudio();
  for (let endMs = 20; endMs <= 1_000; endMs += 20) sent.append(20, arrivesAtMs(endMs));
  return sent;
}

it('is what had arrived by then, if each append arrives when it was spoken', () => {
  const sent = second((endMs) => 50 + endMs);
  expect([250, 850].map((atMs) => sent.spokenMs(atMs))).toEqual([200, 800]);
  expect(sent.spokenMs()).toBe(1_000);
});

it('is the same if some appends are delayed', () => {
  const sent = second((endMs) => (endMs > 400 && endMs < 900 ? 950 : 50 + endMs));
  expect([250, 850].map((atMs) => sent.spokenMs(atMs))).toEqual([200, 800]);
});

it('is within what arrived', () => {
  const sent = second((endMs) => 50 + endMs);
  expect([10, 5_000].map((atMs) => sent.spokenMs(atMs))).toEqual([0, 1_000]);
});
