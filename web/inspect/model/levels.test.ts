import { expect, it } from 'vitest';
import { levelsOf } from './levels.ts';

it('gives a level each 100 ms, where the audio was heard', () => {
  const rate = 16_000;
  const loud = new Int16Array(rate / 5).fill(16_384);
  const quiet = new Int16Array(rate / 10);

  const levels = levelsOf([
    { t: 500, rate, samples: loud },
    { t: 100, rate, samples: quiet },
  ]);

  expect(levels).toEqual([
    { at: 200, rms: 0, peak: 0 },
    { at: 600, rms: 0.5, peak: 0.5 },
    { at: 700, rms: 0.5, peak: 0.5 },
  ]);
});
