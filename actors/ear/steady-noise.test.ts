import { describe, expect, it } from 'vitest';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { Random } from '../../testing/simulation/random.ts';
import { SteadyNoiseFilter } from './steady-noise.ts';

const db = (samples: Int16Array) =>
  10 * Math.log10(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);

/** Two seconds of white noise, and a tone of half a second over it, from one second on. */
function noisyTone(): Int16Array {
  const random = Random.named(1, 'noise');
  return Int16Array.from({ length: 2 * PIPELINE_RATE }, (_, i) => {
    const sounds = i >= PIPELINE_RATE && i < 1.5 * PIPELINE_RATE;
    const tone = sounds ? 4_000 * Math.sin((2 * Math.PI * 500 * i) / PIPELINE_RATE) : 0;
    return Math.round(tone + 300 * (2 * random.next() - 1));
  });
}

/** In pieces of `size`, which need not fit the frames. */
function filtered(samples: Int16Array, size: number): Int16Array {
  const denoiser = new SteadyNoiseFilter();
  const pieces: number[] = [];
  for (let at = 0; at < samples.length; at += size)
    pieces.push(...denoiser.process(samples.subarray(at, at + size)));
  return Int16Array.from(pieces);
}

describe('the denoiser', () => {
  it('takes out steady noise and keeps what begins after it, at its sample', () => {
    const sound = noisyTone();
    const clean = filtered(sound, 320);
    const part = (samples: Int16Array, from: number, to: number) =>
      samples.subarray(from * PIPELINE_RATE, to * PIPELINE_RATE);
    expect(db(part(sound, 0.5, 0.9)) - db(part(clean, 0.5, 0.9))).toBeGreaterThan(2);
    expect(Math.abs(db(part(sound, 1.1, 1.4)) - db(part(clean, 1.1, 1.4)))).toBeLessThan(1);
    expect(clean[PIPELINE_RATE + 8]).toBeGreaterThan(2_000);
  });

  it('takes out the tones of a motor, which wander', () => {
    let phase = 0;
    const hum = Int16Array.from({ length: 2 * PIPELINE_RATE }, (_, i) => {
      phase += (2 * Math.PI * (270 + 40 * Math.sin((4.4 * i) / PIPELINE_RATE))) / PIPELINE_RATE;
      return Math.round(1_000 * Math.sin(phase) + 300 * Math.sin(3 * phase));
    });
    expect(db(hum.subarray(PIPELINE_RATE)) - db(filtered(hum, 320).subarray(PIPELINE_RATE))).toBeGreaterThan(
      8,
    );
  });

  it('gives the same sound for pieces of any size', () => {
    const sound = noisyTone();
    const [small, large] = [filtered(sound, 100), filtered(sound, 5_000)];
    expect(small).toEqual(large);
    expect(sound.length - small.length).toBeLessThan(512);
  });
});
