import { expect, it } from 'vitest';
import { Declick } from './declick.ts';
import { Framer } from './framer.ts';

it('cuts any pieces into frames of one length and keeps the rest for later', () => {
  const framer = new Framer(4);

  const first = framer.push(Float32Array.of(0, 0.5, -0.5));
  const second = framer.push(Float32Array.of(1, -1, 0, 0, 0, 0.25));

  expect(first).toEqual([]);
  expect(second.map(({ samples }) => [...samples])).toEqual([
    [0, 16_384, -16_384, 32_767],
    [-32_768, 0, 0, 0],
  ]);
  expect(second[0]?.level).toBeCloseTo(Math.sqrt(1.5 / 4));
});

it('clips what is beyond full scale instead of wrapping it around', () => {
  const [frame] = new Framer(2).push(Float32Array.of(1.7, -3));

  expect([...(frame?.samples ?? [])]).toEqual([32_767, -32_768]);
});

it('fades sound in and out within 4 ms and leaves its middle alone', () => {
  const declick = new Declick(1_000);
  const block = new Float32Array(12).fill(1, 0, 6);

  declick.apply(block, 6);

  expect([...block]).toEqual([0.25, 0.5, 0.75, 1, 1, 1, 0.75, 0.5, 0.25, 0, 0, 0]);
});
