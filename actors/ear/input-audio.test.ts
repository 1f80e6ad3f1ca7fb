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
  it('returns the written samples across the end of its ring', () => {
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

  it('starts at its oldest sample when older ones are requested', () => {
    const audio = new InputAudio(10);
    audio.write(ramp(0, 25));
    expect(audio.read(3, 100)).toEqual({ from: 15, samples: ramp(15, 10) });
    expect(audio.read(-5, 2)).toEqual({ from: 15, samples: ramp(15, 2) });
  });

  it('can be followed from the past on, up to its end when it was finished', async () => {
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

  it('can be followed to its end even if it was finished before', async () => {
    const audio = new InputAudio(1_000);
    audio.write(ramp(0, 50));
    expect(await readAll(audio.follow(0, AbortSignal.abort()))).toEqual([...ramp(0, 50)]);
  });

  it('starts with silence, so that a recogniser hears the beginning of speech', async () => {
    const audio = new InputAudio(1_000);
    audio.write(ramp(1, 50));
    const heard = await readAll(audio.follow(-100, AbortSignal.abort()));
    expect(heard).toEqual([...new Array<number>(100).fill(0), ...ramp(1, 50)]);
  });

  it('can be read by two readers at once', async () => {
    const audio = new InputAudio(1_000);
    const finished = new AbortController();
    const readers = [readAll(audio.follow(0, finished.signal)), readAll(audio.follow(10, finished.signal))];
    audio.write(ramp(0, 30));
    finished.abort();
    expect((await Promise.all(readers)).map(({ length }) => length)).toEqual([30, 20]);
  });

  it('returns the written samples across its memory chunks', () => {
    const audio = new InputAudio(100_000);
    for (let at = 0; at < 30_000; at += 700) audio.write(ramp(at, 700));
    expect(audio.read(7_900, 8_300)).toEqual({ from: 7_900, samples: ramp(7_900, 8_300) });
    expect(audio.read(0, 100_000).samples).toEqual(ramp(0, audio.written));
  });

  it('frees memory that is not needed any more', () => {
    let wanted = 0;
    const audio = new InputAudio(500_000, () => wanted);
    for (let at = 0; at < 1_000_000; at += 320) {
      wanted = at - 5_000;
      audio.write(ramp(at, 320));
    }
    expect(audio.held).toBeLessThanOrEqual(24_000);
    expect(audio.read(audio.written - 5_000, 5_000).samples).toEqual(ramp(audio.written - 5_000, 5_000));
  });

  it('keeps audio while it is needed, up to its capacity', () => {
    let wanted = 1_000;
    const audio = new InputAudio(50_000, () => wanted);
    for (let at = 0; at < 40_000; at += 320) audio.write(ramp(at, 320));
    expect(audio.read(1_000, 10)).toEqual({ from: 1_000, samples: ramp(1_000, 10) });
    for (let at = 40_000; at < 400_000; at += 320) audio.write(ramp(at, 320));
    expect(audio.held).toBeLessThanOrEqual(66_000);
    wanted = Number.POSITIVE_INFINITY;
    for (let at = 400_000; at < 410_000; at += 320) audio.write(ramp(at, 320));
    expect(audio.held).toBeLessThanOrEqual(16_000);
  });

  it('keeps unread audio of a reader, even beyond the needed range', async () => {
    const audio = new InputAudio(500_000, () => Number.POSITIVE_INFINITY);
    const finished = new AbortController();
    const reader = audio.follow(100, finished.signal, 50)[Symbol.asyncIterator]();
    audio.write(ramp(0, 200));
    const first = await reader.next();
    for (let at = 200; at < 40_000; at += 200) audio.write(ramp(at, 200));
    const second = await reader.next();
    await reader.return();
    expect([first.value?.samples, second.value?.samples]).toEqual([ramp(100, 50), ramp(150, 50)]);
  });
});
