import loadSpeex from '@echogarden/speex-resampler-wasm/simd';
import { describe, expect, test } from 'vitest';
import type { Pcm } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import { resamplerOn, speexResampler } from './resampler.ts';

const RATES = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000];
const PAIRS = RATES.flatMap((from) => RATES.map((to) => ({ from, to })));
const AMPLITUDE = 10_000;

function sine<Rate extends number>(hz: number, rate: Rate, samples: number): Pcm<Rate> {
  const wave = (_: unknown, at: number) => Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hz * at) / rate));
  return { rate, samples: Int16Array.from({ length: samples }, wave) };
}

/** Repeatable noise, full band. */
function noise(samples: number): Int16Array {
  let state = 12_345;
  return Int16Array.from({ length: samples }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) - 32_768;
  });
}

function rms(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

async function whole<From extends number, To extends number>(pcm: Pcm<From>, to: To): Promise<Int16Array> {
  const resampler = (await speexResampler()).create(pcm.rate, to);
  const parts = [resampler.push(pcm).samples, resampler.flush().samples];
  resampler.close();
  return Int16Array.from(parts.flatMap((part) => [...part]));
}

describe.each(PAIRS)('from $from Hz to $to Hz', ({ from, to }) => {
  test('a stream keeps its duration, to the sample', async () => {
    for (const length of [0, 1, 7, 160, 4_099]) {
      const output = await whole(sine(440, from, length), to);
      expect(output.length).toBe(Math.round((length * to) / from));
    }
  });

  test('a sine comes out as the same sine at the same time and level', async () => {
    const output = await whole(sine(440, from, from / 2), to);

    const expected = sine(440, to, output.length).samples;
    const differences = output.map((sample, at) => Math.abs(sample - (expected[at] ?? 0)));
    // The filter rings at the edges. Elsewhere 0.03 % of level or a hundredth of a sample would show.
    expect(Math.max(...differences.subarray(to / 20, -to / 20))).toBeLessThanOrEqual(3);
  });

  test('a click stays where it was', async () => {
    const click = new Int16Array(from / 10);
    click[1_000 % click.length] = 20_000;

    const output = await whole({ rate: from, samples: click }, to);

    const expectedAt = ((1_000 % click.length) * to) / from;
    expect(Math.abs(output.indexOf(Math.max(...output)) - expectedAt)).toBeLessThanOrEqual(1);
  });

  test('odd pieces give the same samples as one big piece', async () => {
    const input = noise(9_001);
    const expected = await whole({ rate: from, samples: input }, to);

    const resampler = (await speexResampler()).create(from, to);
    const output: number[] = [];
    for (let at = 0, size = 1; at < input.length; at += size, size = (size * 7) % 997)
      output.push(...resampler.push({ rate: from, samples: input.subarray(at, at + size) }).samples);
    output.push(...resampler.flush().samples);
    resampler.close();

    expect(Int16Array.from(output)).toEqual(expected);
  });
});

test('frequencies above the lower rate are filtered out, not aliased', async () => {
  const output = await whole(sine(12_000, 48_000, 48_000), 16_000);

  expect(rms(output.subarray(1_000, -1_000))).toBeLessThan(AMPLITUDE / 1_000);
});

test('loud noise is limited, not wrapped around', async () => {
  const square = Int16Array.from({ length: 16_000 }, (_, at) => (at % 100 < 50 ? 32_767 : -32_768));

  const output = await whole({ rate: 16_000, samples: square }, 48_000);

  // In the middle of each half wave the sign is the same as in the input.
  for (let half = 2; half < 300; half++)
    expect(Math.sign(output[half * 150 + 75] ?? 0)).toBe(half % 2 === 0 ? 1 : -1);
});

test('after flush the same resampler starts a new stream', async () => {
  const resampler = (await speexResampler()).create(48_000, 16_000);
  const input: Pcm<48_000> = { rate: 48_000, samples: noise(4_801) };

  const first = [...resampler.push(input).samples, ...resampler.flush().samples];
  const second = [...resampler.push(input).samples, ...resampler.flush().samples];
  resampler.close();

  expect(second).toEqual(first);
});

test('equal rates pass the samples through without copying', async () => {
  const resampler = (await speexResampler()).create(16_000, 16_000);
  const input = noise(320);

  expect(resampler.push({ rate: 16_000, samples: input }).samples).toBe(input);
  expect(resampler.flush().samples).toHaveLength(0);
});

test('many streams at once do not disturb each other', async () => {
  const factory = await speexResampler();
  const inputs = Array.from({ length: 50 }, (_, i) => sine(200 + 10 * i, 8_000, 1_600));
  const expected = await Promise.all(inputs.map((input) => whole(input, 16_000)));

  const streams = inputs.map((input) => ({
    input,
    resampler: factory.create(8_000, 16_000),
    output: [] as number[],
  }));
  for (let at = 0; at < 1_600; at += 160)
    for (const { input, resampler, output } of streams)
      output.push(...resampler.push({ rate: 8_000, samples: input.samples.subarray(at, at + 160) }).samples);
  for (const { resampler, output } of streams) output.push(...resampler.flush().samples);

  expect(streams.map(({ output }) => Int16Array.from(output))).toEqual(expected);
  for (const { resampler } of streams) resampler.close();
});

test('closed streams free their memory', async () => {
  const speex = await loadSpeex();
  const factory = resamplerOn(speex);
  const bytesBefore = speex.HEAP16.byteLength;

  for (let i = 0; i < 5_000; i++) {
    const resampler = factory.create(44_100, 16_000);
    resampler.push({ rate: 44_100, samples: new Int16Array(100) });
    resampler.close();
  }
  expect(speex.HEAP16.byteLength).toBe(bytesBefore);

  // Control: streams that stay open do increase the memory.
  const open = Array.from({ length: 5_000 }, () => factory.create(44_100, 16_000));
  expect(speex.HEAP16.byteLength).toBeGreaterThan(bytesBefore);
  for (const resampler of open) resampler.close();
});

test('misuse is refused, and closing twice is allowed', async () => {
  const factory = await speexResampler();
  const resampler = factory.create<number, number>(48_000, 16_000);

  expect(() => resampler.push({ rate: 8_000, samples: noise(8) })).toThrow(ParleyError);
  resampler.close();
  resampler.close();
  expect(() => resampler.push({ rate: 48_000, samples: noise(8) })).toThrow('closed');
  expect(() => resampler.flush()).toThrow('closed');
  expect(() => factory.create(0, 16_000)).toThrow('cannot resample');
});
