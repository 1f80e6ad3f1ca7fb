import { describe, expect, it } from 'vitest';
import { Downsampler } from './downsampler.ts';

const OUTPUT_RATE = 16_000;

function tone(rate: number, hertz: number, seconds: number): Float32Array {
  return Float32Array.from({ length: rate * seconds }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate));
}

/** Through the converter in pieces of `piece` samples, as an audio thread gives them. */
function convert(input: Float32Array, inputRate: number, piece = 128): Float32Array {
  const downsampler = new Downsampler(inputRate, OUTPUT_RATE);
  const parts: number[] = [];
  for (let at = 0; at < input.length; at += piece)
    parts.push(...downsampler.process(input.subarray(at, at + piece)));
  return Float32Array.from(parts);
}

/** RMS without the edges, where the filter swings in. */
function rms(samples: Float32Array): number {
  const middle = samples.subarray(200, samples.length - 200);
  return Math.sqrt(middle.reduce((sum, value) => sum + value * value, 0) / middle.length);
}

function decibels(ratio: number): number {
  return 20 * Math.log10(ratio);
}

describe('Downsampler', () => {
  it.each([8_000, 22_050, 44_100, 48_000, 96_000])('keeps a 1 kHz tone from %i Hz as it is', (rate) => {
    const output = convert(tone(rate, 1_000, 0.5), rate);

    const expected = tone(OUTPUT_RATE, 1_000, 0.5);
    const error = output.map((value, i) => value - (expected[i] ?? 0));
    expect(decibels(rms(error) / rms(expected))).toBeLessThan(-60);
  });

  it.each([44_100, 48_000])('keeps speech up to 6.5 kHz from %i Hz within 0.5 dB', (rate) => {
    for (const hertz of [100, 300, 3_000, 6_500])
      expect(Math.abs(decibels(rms(convert(tone(rate, hertz, 0.5), rate)) / Math.SQRT1_2))).toBeLessThan(0.5);
  });

  it.each([44_100, 48_000])('lets nothing above 8.5 kHz fold back from %i Hz', (rate) => {
    for (const hertz of [8_500, 10_000, 15_000, 19_000])
      expect(decibels(rms(convert(tone(rate, hertz, 0.5), rate)) / Math.SQRT1_2)).toBeLessThan(-60);
  });

  it('gives the same samples however the input is cut', () => {
    const input = tone(44_100, 700, 0.3);

    expect(convert(input, 44_100, 128)).toEqual(convert(input, 44_100, 1_000));
    expect(convert(input, 44_100, 1)).toEqual(convert(input, 44_100, input.length));
  });

  it('neither gains nor loses time over a long stream', () => {
    const output = convert(new Float32Array(44_100 * 10), 44_100);

    expect(output.length).toBeGreaterThan(160_000 - 20);
    expect(output.length).toBeLessThanOrEqual(160_000);
  });

  it('passes equal rates through untouched', () => {
    const input = tone(OUTPUT_RATE, 440, 0.1);

    expect(convert(input, OUTPUT_RATE)).toEqual(input);
  });
});
