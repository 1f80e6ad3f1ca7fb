import { expect, it } from 'vitest';
import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import { cutAtPauses } from './cuts.ts';

const LIMIT = 29 * PIPELINE_RATE;

it('leaves short audio whole', () => {
  expect(cutAtPauses(new Int16Array(LIMIT), LIMIT)).toHaveLength(1);
});

it('cuts a minute where the voice pauses, and loses nothing', () => {
  const minute = new Int16Array(60 * PIPELINE_RATE).map((_, at) => (at % 200) * 50 - 5_000);
  for (const second of [24, 47])
    minute.fill(0, second * PIPELINE_RATE, second * PIPELINE_RATE + samplesInMs(300, PIPELINE_RATE));
  const parts = cutAtPauses(minute, LIMIT);
  expect(parts.map(({ length }) => Math.round(length / PIPELINE_RATE))).toEqual([24, 23, 13]);
  expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(minute.length);
  // Each cut is inside a pause.
  expect(parts.slice(1).map((part) => part[0])).toEqual([0, 0]);
});
