import { describe, expect, it } from 'vitest';
import { InputAudio } from './input-audio.ts';

function ramp(from: number, count: number): Int16Array {
  return Int16Array.from({ length: count }, (_, i) => from + i);
}

async function readAll(pieces: AsyncIterable<{ readonly samples: Int16Array }>): Promise<number[]> {
  const all: number[] = [];
  for await (const { samples } of pieces) all.push(...samples);
  return all;
}

describe('input audio', () => {
  it('gives back what was written, across the end of its ring', () => {
    const audio = new InputAudio(10);
    for (const [from, count] of [
      [0, 7],
      [7, 7],
      [14, 3],
    ] as const)
      audio.write(ramp(from, count));
    expect(audio.written).toBe(17);
    expect(audio.read(9, 5)).toEqual({ from: 9, samples: ramp(9, 5) });
    expect(audio.read(15, 100)).toEqual({ from: 15, samples: ramp(15, 2) });
  });

  it('begins with the oldest it has when older samples are asked for', () => {
    const audio = new InputAudio(10);
    audio.write(ramp(0, 25));
    expect(audio.read(3, 100)).toEqual({ from: 15, samples: ramp(15, 10) });
    expect(audio.read(-5, 2)).toEqual({ from: 15, samples: ramp(15, 2) });
  });

  it('tells how long ago a sample was heard by the audio that came since', () => {
    const audio = new InputAudio(1_000);
    audio.write(new Int16Array(480));
    expect(audio.ageMs(0)).toBe(30);
    expect(audio.ageMs(480)).toBe(0);
    expect(audio.ageMs(800)).toBe(0);
  });

  it('is followed from the past into the future, up to what was there when it was finished', async () => {
    const audio = new InputAudio(1_000);
    audio.write(ramp(0, 50));
    const finished = new AbortController();
    const reading = readAll(audio.follow(20, finished.signal, 16));
    audio.write(ramp(50, 30));
    await Promise.resolve();
    audio.write(ramp(80, 20));
    finished.abort();
    audio.write(ramp(100, 20));
    expect(await reading).toEqual([...ramp(20, 80)]);
  });

  it('is followed to the end even if it was finished before', async () => {
    const audio = new InputAudio(1_000);
    audio.write(ramp(0, 50));
    expect(await readAll(audio.follow(0, AbortSignal.abort()))).toEqual([...ramp(0, 50)]);
  });

  it('is silent before its first sample, so that a recogniser hears speech begin', async () => {
    const audio = new InputAudio(1_000);
    audio.write(ramp(1, 50));
    const heard = await readAll(audio.follow(-100, AbortSignal.abort()));
    expect(heard).toEqual([...new Array<number>(100).fill(0), ...ramp(1, 50)]);
  });

  it('is read by two at once', async () => {
    const audio = new InputAudio(1_000);
    const finished = new AbortController();
    const readers = [readAll(audio.follow(0, finished.signal)), readAll(audio.follow(10, finished.signal))];
    audio.write(ramp(0, 30));
    finished.abort();
    expect((await Promise.all(readers)).map(({ length }) => length)).toEqual([30, 20]);
  });
});
