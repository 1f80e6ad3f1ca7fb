import { expect, test } from 'vitest';
import type { JournalAudio } from '../../../actors/ports/journal.ts';
import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import { arrivingFrames } from './microphone.ts';

/** Recorded input: each sample holds the ms at which it was spoken, counted in samples. */
function input(fromMs: number, toMs: number): JournalAudio {
  const [sample, end] = [samplesInMs(fromMs, PIPELINE_RATE), samplesInMs(toMs, PIPELINE_RATE)];
  const samples = Int16Array.from({ length: end - sample }, (_, index) => (sample + index) / 16);
  return { direction: 'in', generation: 0, sample, rate: PIPELINE_RATE, samples };
}

function event(source: 'ear' | 'client', t: number, positionMs: number, ageMs?: number) {
  const sample = samplesInMs(positionMs, PIPELINE_RATE);
  return { t, source, event: JSON.stringify({ type: 'any', sample, ageMs }) };
}

/** When frames arrive, with the first ms of sound in each. */
function arrivals(records: ReturnType<typeof event>[], audio: JournalAudio[]): [number, number][] {
  return arrivingFrames({ records }, audio).map(({ atMs, samples }) => [atMs, samples[0] ?? -1]);
}

test('sound arrives when the journal says that it was heard, whenever that was reported', () => {
  const heard = event('ear', 190, 60, 100);
  expect(arrivals([heard], [input(0, 80)])).toEqual([
    ...[
      [50, 0],
      [70, 20],
      [90, 40],
      [110, 60],
    ],
  ]);
});

test('a pause of the microphone lies after what was heard before it', () => {
  const [before, after] = [event('ear', 40, 40, 0), event('ear', 580, 80, 0)];
  expect(arrivals([before, after], [input(0, 80)])).toEqual([
    ...[
      [20, 0],
      [40, 20],
      [560, 40],
      [580, 60],
    ],
  ]);
});

test('what was sent before a command is there when the command comes', () => {
  const [heard, command] = [event('ear', 80, 60, 0), event('client', 70, 60)];
  expect(arrivals([heard, command], [input(0, 60)])).toEqual([
    ...[
      [40, 0],
      [60, 20],
      [70, 40],
    ],
  ]);
});

test('a gap in the recording is silence, of two seconds at most', () => {
  const frames = arrivingFrames({ records: [] }, [input(0, 20), input(60, 80), input(9_000, 9_020)]);
  expect(frames.map(({ samples }) => samples[0])).toEqual([0, 0, 0, 60, ...Array(100).fill(0), 9_000]);
});
