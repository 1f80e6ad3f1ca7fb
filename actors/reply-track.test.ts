import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplyTrack } from './reply-track.ts';

const RATE = 16_000;

function pcm(from: number, count: number) {
  return { rate: RATE, samples: Int16Array.from({ length: count }, (_, i) => (from + i) % 30_000) } as const;
}

describe('a reply’s track', () => {
  it('returns the written samples in order, for any interleaving of reads and writes', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ write: fc.integer({ min: 1, max: 4_000 }) }),
        fc.record({ read: fc.integer({ min: 1, max: 2_000 }) }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 300 }), (all, heldMs) => {
        const track = new ReplyTrack(RATE, heldMs);
        let written = 0;
        let read = 0;
        for (const step of all) {
          if ('write' in step) {
            const taken = track.write(pcm(written, step.write));
            expect(taken).toBe(Math.min(step.write, track.capacity - (written - read)));
            written += taken;
          } else {
            const frame = new Int16Array(step.read);
            const count = track.read(frame);
            expect(count).toBe(Math.min(step.read, written - read));
            expect(frame.subarray(0, count).join()).toBe(pcm(read, count).samples.join());
            read += count;
          }
          expect(track.buffered).toBe(written - read);
          expect(track.written).toBe(written);
        }
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  it('continues a piece where it stopped', () => {
    const track = new ReplyTrack(RATE, 100);
    const piece = pcm(0, 2_000);
    expect(track.write(piece)).toBe(1_600);
    expect(track.write(piece, 1_600)).toBe(0);
    track.read(new Int16Array(320));
    expect(track.write(piece, 1_600)).toBe(320);
    const rest = new Int16Array(2_000);
    expect(track.read(rest)).toBe(1_600);
    expect(rest.subarray(0, 1_600)).toEqual(pcm(320, 1_600).samples);
  });

  it('keeps its samples when the writer reuses its buffer', () => {
    const track = new ReplyTrack(RATE);
    const { rate, samples } = pcm(1, 10);
    track.write({ rate, samples });
    samples.fill(0);
    const frame = new Int16Array(10);
    track.read(frame);
    expect(frame).toEqual(pcm(1, 10).samples);
  });

  it('notifies of writes, reads and its end, and drops audio after it', () => {
    const notified: string[] = [];
    const track = new ReplyTrack(RATE);
    track.onWrite(() => notified.push(`write ${track.buffered}`));
    track.onRead(() => notified.push(`read ${track.buffered}`));
    track.write(pcm(0, 100));
    track.read(new Int16Array(60));
    track.end();
    track.end();
    expect(track.write(pcm(0, 100))).toBe(100);
    track.read(new Int16Array(60));
    track.read(new Int16Array(60));
    expect(notified).toEqual(['write 100', 'read 40', 'write 40', 'read 0']);
  });

  it('returns each cue once, only those that precede the given sample', () => {
    const track = new ReplyTrack(RATE);
    for (const sample of [0, 50, 50, 120]) track.cue({ sample, phoneme: 'a', viseme: 1 });
    const taken = (before: number) => {
      const samples: number[] = [];
      for (let cue = track.takeCue(before); cue; cue = track.takeCue(before)) samples.push(cue.sample);
      return samples;
    };
    expect(taken(50)).toEqual([0]);
    expect(taken(51)).toEqual([50, 50]);
    expect(taken(Number.POSITIVE_INFINITY)).toEqual([120]);
  });
});
