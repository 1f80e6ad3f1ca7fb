import { expect, test } from 'vitest';
import {
  amplified,
  concat,
  haveRecordings,
  pieces,
  recording,
  recordings,
  silence,
  spanOf,
  speak,
  withNoise,
} from './speech.ts';

function rms(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

test('a synthetic voice speaks at the pipeline rate, without surrounding silence, deterministically', () => {
  const word = speak('hello');

  expect(word.rate).toBe(16_000);
  expect(word.samples.length).toBeGreaterThan(0.2 * 16_000);
  expect(word.samples.length).toBeLessThan(1.5 * 16_000);
  expect(Math.abs(word.samples[0] ?? 0)).toBeGreaterThan(100);
  expect(rms(word.samples)).toBeGreaterThan(1_000);
  expect(speak('hello')).toBe(word);
  expect(speak('hello', { voice: 'en+f3' }).samples).not.toEqual(word.samples);
});

test('an unknown voice gives an error with its name', () => {
  expect(() => speak('hello', { voice: 'qqq-none' })).toThrow('qqq-none');
});

test('without espeak-ng the error says what to install', () => {
  const path = process.env.PATH;
  process.env.PATH = '';
  try {
    expect(() => speak('said by nobody before')).toThrow('apt-get install espeak-ng');
  } finally {
    process.env.PATH = path;
  }
});

test('text that looks like an option is spoken', () => {
  expect(speak('--version').samples.length).toBeGreaterThan(1_600);
});

test('sounds are joined, cut into pieces, and made softer', () => {
  const sound = concat(silence(30), { rate: 16_000, samples: Int16Array.of(1_000, -1_000) }, silence(10));

  expect(sound.samples).toHaveLength(642);
  expect([...pieces(sound)].map(({ samples }) => samples.length)).toEqual([320, 320, 2]);
  expect(concat(...pieces(sound))).toEqual(sound);
  expect([...amplified(sound, -20).samples.subarray(480, 482)]).toEqual([100, -100]);
  expect([...amplified(sound, 60).samples.subarray(480, 482)]).toEqual([32_767, -32_768]);
});

test('noise has the requested loudness, and the same seed gives the same noise', () => {
  const noisy = withNoise(silence(1_000), { rms: 300, seed: 7 });

  expect(rms(noisy.samples)).toBeGreaterThan(290);
  expect(rms(noisy.samples)).toBeLessThan(310);
  expect(withNoise(silence(1_000), { rms: 300, seed: 7 })).toEqual(noisy);
  expect(withNoise(silence(1_000), { rms: 300, seed: 8 })).not.toEqual(noisy);
});

test('available recordings can be read, and their marks are within them', () => {
  expect(haveRecordings).toBe(recordings.length > 0);
  for (const name of recordings) {
    const { rate, samples } = recording(name);
    expect(rate).toBe(16_000);
    expect(rms(samples)).toBeGreaterThan(0);
    const span = spanOf(name);
    if (!span) continue;
    expect(span.startSample).toBeLessThan(span.endSample);
    expect(span.endSample).toBeLessThanOrEqual(samples.length);
  }
});
