import { expect, it } from 'vitest';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { HighPass } from './high-pass.ts';

const AMPLITUDE = 20_000;

function tone(hz: number, offset = 0): Int16Array {
  return Int16Array.from({ length: PIPELINE_RATE }, (_, i) =>
    Math.round(offset + AMPLITUDE * Math.sin((2 * Math.PI * hz * i) / PIPELINE_RATE)),
  );
}

/** Effective value of the second half, when the filter has settled. */
function settled(samples: Int16Array): number {
  const half = samples.subarray(samples.length / 2);
  return Math.sqrt(half.reduce((sum, one) => sum + one * one, 0) / half.length);
}

it.each([
  // 1 / √(1 + (tan(π·80/rate) / tan(π·f/rate))⁴), in dB.
  [20, -24.1],
  [40, -12.3],
  [80, -3.01],
  [160, -0.26],
  [300, -0.02],
  [3_000, 0],
])('at 80 Hz, a tone of %i Hz comes out at %f dB', (hz, db) => {
  const out = new HighPass(80).process(tone(hz));
  expect(20 * Math.log10(settled(out) / (AMPLITUDE / Math.SQRT2))).toBeCloseTo(db, 1);
});

it('removes a constant offset and keeps the rest', () => {
  const out = new HighPass(80).process(tone(1_000, 5_000));
  const half = out.subarray(out.length / 2);
  expect(Math.abs(half.reduce((sum, one) => sum + one, 0) / half.length)).toBeLessThan(1);
  expect(settled(out)).toBeCloseTo(AMPLITUDE / Math.SQRT2, -1);
  expect(settled(new HighPass(80).process(new Int16Array(PIPELINE_RATE).fill(5_000)))).toBe(0);
});

it('gives the same samples in pieces of any size', () => {
  const sound = tone(120, 900);
  const whole = new HighPass(80).process(sound).slice();
  for (const size of [1, 7, 320, 5_000]) {
    const filter = new HighPass(80);
    const pieces: number[] = [];
    for (let at = 0; at < sound.length; at += size)
      pieces.push(...filter.process(sound.subarray(at, at + size)));
    expect(Int16Array.from(pieces)).toEqual(whole);
  }
});

it('leaves its input alone, and clips rather than wraps', () => {
  const square = Int16Array.from({ length: 4_000 }, (_, i) => (i % 400 < 200 ? 32_767 : -32_768));
  const before = square.slice();
  const out = new HighPass(80).process(square);
  expect(square).toEqual(before);
  // Each step of a square wave overshoots full scale.
  expect(out[400]).toBe(32_767);
  expect(out[600]).toBe(-32_768);
});
