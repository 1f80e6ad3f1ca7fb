import { expect, it } from 'vitest';
import { stallsOf } from './stalls.ts';

const frame = (generation: number, seq: number, atMs: number) => ({ generation, seq, atMs });

it('hears no stall in frames that come ahead of their time or just in it', () => {
  const frames = [frame(1, 0, 100), frame(1, 1, 101), frame(1, 2, 140), frame(2, 0, 900), frame(2, 1, 920)];
  expect(stallsOf(frames)).toEqual({ replies: 2, stalled: 0, stalledMs: 0, longestMs: 0 });
});

it('hears a silence once, and plays on from where it ended', () => {
  const frames = [frame(1, 0, 0), frame(1, 1, 70), frame(1, 2, 71), frame(1, 3, 140), frame(2, 0, 500)];
  expect(stallsOf(frames)).toEqual({ replies: 2, stalled: 1, stalledMs: 80, longestMs: 50 });
});
