import { describe, expect, it } from 'vitest';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { Random } from '../../testing/simulation/random.ts';
import { speexResampler } from '../audio/resampler.ts';
import { rnnoise } from './rnnoise.ts';

const SECONDS = 4;

/** A voice: harmonics of 120 Hz whose pitch and level move, with pauses. */
function voice(): Int16Array {
  let phase = 0;
  return Int16Array.from({ length: SECONDS * PIPELINE_RATE }, (_, i) => {
    const t = i / PIPELINE_RATE;
    phase += (2 * Math.PI * (120 + 25 * Math.sin(2 * Math.PI * 2 * t))) / PIPELINE_RATE;
    let sum = 0;
    for (let k = 1; k <= 25; k++) sum += Math.sin(k * phase) / k;
    return t % 0.5 < 0.35 ? 4_000 * sum * Math.sin((Math.PI * (t % 0.5)) / 0.35) : 0;
  });
}

function hiss(amplitude: number): Int16Array {
  const random = Random.named(1, 'hiss');
  return Int16Array.from({ length: SECONDS * PIPELINE_RATE }, () => amplitude * (2 * random.next() - 1));
}

async function cleaned(samples: Int16Array, pieceSizes: readonly number[] = [320]): Promise<Int16Array> {
  const denoiser = (await rnnoise(await speexResampler())).create();
  const out: number[] = [];
  for (let at = 0, turn = 0; at < samples.length; turn++) {
    const size = pieceSizes[turn % pieceSizes.length] ?? 1;
    out.push(...denoiser.process(samples.subarray(at, at + size)));
    at += size;
  }
  denoiser.close();
  return Int16Array.from(out);
}

function levelDb(samples: Int16Array): number {
  const second = samples.subarray(samples.length / 2);
  return 10 * Math.log10(second.reduce((sum, one) => sum + one * one, 0) / second.length + 1e-9);
}

describe('RNNoise', () => {
  it('removes hiss by 15 dB and more, and leaves a voice its level', async () => {
    const noise = hiss(2_000);
    expect(levelDb(noise) - levelDb(await cleaned(noise))).toBeGreaterThan(15);
    const spoken = voice();
    expect(Math.abs(levelDb(spoken) - levelDb(await cleaned(spoken)))).toBeLessThan(3);
  });

  it('gives each sample its own place, at most 25 ms later', async () => {
    const spoken = voice();
    const out = await cleaned(spoken);
    expect(spoken.length - out.length).toBeLessThanOrEqual(400);
    const likeness = (shift: number) => {
      let sum = 0;
      for (let i = 16_000; i < 48_000; i++) sum += (spoken[i] ?? 0) * (out[i + shift] ?? 0);
      return sum;
    };
    const shifts = Array.from({ length: 401 }, (_, i) => i - 200);
    const best = shifts.reduce((a, b) => (likeness(b) > likeness(a) ? b : a));
    expect(Math.abs(best)).toBeLessThanOrEqual(1);
  });

  it('gives the same samples in pieces of any size', async () => {
    const noise = hiss(500);
    const noisy = voice().map((one, i) => one + (noise[i] ?? 0));
    const out = await cleaned(noisy, [7, 160, 1_600]);
    expect(out).toEqual((await cleaned(noisy)).subarray(0, out.length));
  });
});
