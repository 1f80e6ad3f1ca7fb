import { expect, it } from 'vitest';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { Clipping } from './clipping.ts';

/** `seconds` of a tone of 100 Hz whose amplitude is `level` of full scale, cut off there. */
function tone(level: number, seconds = 1): Int16Array {
  return Int16Array.from({ length: seconds * PIPELINE_RATE }, (_, i) => {
    const value = Math.round(level * 32_767 * Math.sin((2 * Math.PI * 100 * i) / PIPELINE_RATE));
    return Math.max(-32_768, Math.min(32_767, value));
  });
}

it('reports the share of samples at full scale, once for an episode', () => {
  const clipping = new Clipping();
  // A sine of twice full scale is beyond it from 30 to 150 degrees: two thirds of the time.
  expect(clipping.hear(tone(2))).toBeCloseTo(2 / 3, 1);
  expect(clipping.hear(tone(2, 5))).toBeUndefined();
  // A pause of nine seconds belongs to it, one of ten does not.
  expect(clipping.hear(tone(0.1, 9))).toBeUndefined();
  expect(clipping.hear(tone(2))).toBeUndefined();
  expect(clipping.hear(tone(0.1, 10))).toBeUndefined();
  expect(clipping.hear(tone(2))).toBeGreaterThan(0.6);
});

it('does not report loud audio, nor single peaks', () => {
  const clipping = new Clipping();
  expect(clipping.hear(tone(0.99, 20))).toBeUndefined();
  const peaks = tone(0.5);
  for (let i = 0; i < 60; i++) peaks[i * 100] = 32_767;
  expect(clipping.hear(peaks)).toBeUndefined();
});

it('counts seconds of audio, whatever the pieces', () => {
  const clipping = new Clipping();
  const sound = tone(1.5);
  const reports: (number | undefined)[] = [];
  for (let at = 0; at < sound.length; at += 333) reports.push(clipping.hear(sound.subarray(at, at + 333)));
  expect(reports.filter((share) => share !== undefined)).toHaveLength(1);
  expect(reports.at(-1)).toBeDefined();
});
