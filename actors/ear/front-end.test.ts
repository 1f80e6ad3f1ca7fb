import { describe, expect, it } from 'vitest';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { Random } from '../../testing/simulation/random.ts';
import { defaultEarParameters, type EarParameters, FrontEnd } from './front-end.ts';
import { GainControl } from './gain-control.ts';
import { NoiseGate } from './noise-gate.ts';

const SECOND = PIPELINE_RATE;
const ALL: EarParameters = { highPassHz: 80, gateDbfs: -45, targetDbfs: -20 };

/** Noise of a level, dBFS. */
function noise(db: number, seconds: number, name = 'noise'): Int16Array {
  const random = Random.named(1, name);
  const amplitude = Math.sqrt(3) * 0x8000 * 10 ** (db / 20);
  return Int16Array.from({ length: seconds * SECOND }, () => amplitude * (2 * random.next() - 1));
}

function levelDb(samples: Int16Array, fromS: number, toS: number): number {
  const part = samples.subarray(fromS * SECOND, toS * SECOND);
  const power = part.reduce((sum, one) => sum + one * one, 0) / part.length;
  return 10 * Math.log10(power / 0x8000 ** 2);
}

function joined(...parts: Int16Array[]): Int16Array {
  return Int16Array.from(parts.flatMap((part) => [...part]));
}

/** Speech of a level in a quiet room: 200 ms of sound and 100 ms without. */
function talk(db: number, seconds: number): Int16Array {
  const [loud, quiet] = [noise(db, seconds, 'talk'), noise(-75, seconds)];
  return quiet.map((one, i) => (i % 4_800 < 3_200 ? (loud[i] ?? 0) : one));
}

function through(stage: { process(samples: Int16Array): void }, samples: Int16Array): Int16Array {
  const out = samples.slice();
  stage.process(out);
  return out;
}

describe('the noise gate', () => {
  it('leaves what is above its threshold, and makes what is below it 20 dB softer', () => {
    const loud = through(new NoiseGate(-45), noise(-35, 2));
    expect(levelDb(loud, 0.1, 2)).toBeCloseTo(-35, 1);
    const soft = through(new NoiseGate(-45), noise(-55, 2));
    expect(levelDb(soft, 0.1, 2)).toBeCloseTo(-75, 0);
  });

  it('opens within 10 ms, and stays open through the stop in a word', () => {
    const out = through(new NoiseGate(-45), joined(noise(-80, 1), noise(-30, 1), noise(-80, 1)));
    expect(levelDb(out, 1.01, 1.02)).toBeGreaterThan(-31.5);
    expect(levelDb(out, 2.01, 2.19)).toBeGreaterThan(-82);
    expect(levelDb(out, 2.5, 3)).toBeLessThan(-96);
  });
});

describe('the gain control', () => {
  it.each([-38, -30, -12])('brings speech of %i dB to its target within three seconds', (db) => {
    const given = talk(db, 4);
    const out = through(new GainControl(-20), given);
    const change = levelDb(out, 3, 4) - levelDb(given, 3, 4);
    expect(Math.abs(change - (-20 - db))).toBeLessThan(1.5);
  });

  it('raises speech by at most 18 dB', () => {
    const given = talk(-50, 4);
    const out = through(new GainControl(-20), given);
    expect(levelDb(out, 3, 4) - levelDb(given, 3, 4)).toBeCloseTo(18, 0);
  });

  it('does not raise a room without speech', () => {
    const out = through(new GainControl(-20), noise(-60, 4));
    expect(levelDb(out, 3, 4)).toBeCloseTo(-60, 0);
  });

  it('never cuts off what becomes loud at once', () => {
    const out = through(new GainControl(-15), joined(talk(-38, 4), noise(-6, 1)));
    expect(Math.max(...out.map(Math.abs))).toBeLessThanOrEqual(32_000);
    expect(levelDb(out, 4.1, 5)).toBeLessThan(-5);
  });
});

describe('the front end', () => {
  it('gives the same samples in pieces of any size', () => {
    const given = joined(noise(-60, 1), talk(-30, 3));
    const whole = new FrontEnd(ALL, undefined).process(given, 0).slice();
    const pieces: Int16Array[] = [];
    const frontEnd = new FrontEnd(ALL, undefined);
    for (let at = 0, size = 1; at < given.length; at += size, size = (size * 7) % 1_001)
      pieces.push(frontEnd.process(given.subarray(at, at + size), at).slice());
    expect(joined(...pieces)).toEqual(whole);
  });

  it('changes nothing by default, and never the audio that it is given', () => {
    const given = talk(-30, 1);
    const before = given.slice();
    expect(new FrontEnd(defaultEarParameters, undefined).process(given, 0)).toBe(given);
    new FrontEnd({ ...ALL, highPassHz: 0 }, undefined).process(given, 0);
    expect(given).toEqual(before);
  });
});
