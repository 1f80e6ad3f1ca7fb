import { expect, it } from 'vitest';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { VirtualClock } from '../../machines/clock.ts';
import type { EarReport } from '../../machines/wire.ts';
import { Random } from '../../testing/simulation/random.ts';
import type { VadEngine } from '../ports/vad.ts';
import { noResampling } from '../reply/no-resampling-test-util.ts';
import { openEar } from './ear.ts';
import { InputAudio } from './input-audio.ts';

const FRAME = 320;
const FRAME_MS = 20;
const SECOND = PIPELINE_RATE / FRAME;

/** The detector hears the same of every frame. */
function vad(probability: number): VadEngine {
  return {
    name: 'constant',
    open: (onWindow) => ({
      push: ({ samples }) => onWindow({ startSample: 0, samples: samples.length, probability }),
      close: () => {},
    }),
    close: async () => {},
  };
}

/** Noise in bursts, as syllables are. */
function voice(name: string, seconds: number): Int16Array {
  const random = Random.named(1, name);
  return Int16Array.from({ length: seconds * PIPELINE_RATE }, (_, i) =>
    i % 4_800 < 3_200 ? 4_000 * (2 * random.next() - 1) : 0,
  );
}

/** The reports of an ear that hears `heard` while the session plays `played`, in frames of 20 ms. */
async function reportsOf(heard: Int16Array, played?: Int16Array): Promise<EarReport[]> {
  const clock = new VirtualClock();
  const reports: EarReport[] = [];
  const ear = openEar({
    ...{ vad: vad(0.25), audio: new InputAudio(200_000), clock, emit: () => {} },
    ...{ echo: 'present', outputRate: PIPELINE_RATE, resamplers: noResampling },
    onReport: (report) => reports.push(report),
  });
  for (let at = 0; at < heard.length; at += FRAME) {
    if (played) ear.sent(1, played.slice(at, at + FRAME));
    await clock.advance(FRAME_MS);
    ear.hear(new Uint8Array(heard.slice(at, at + FRAME).buffer), undefined);
  }
  ear.close();
  return reports;
}

it('reports level and probability of speech five times a second, and no echo while nothing plays', async () => {
  const reports = await reportsOf(new Int16Array(PIPELINE_RATE).fill(0x8000 / 10));
  expect(reports).toEqual(Array.from({ length: 5 }, () => ({ levelDb: -20, speech: 0.25 })));
});

it('reports silence as the smallest step of 16 bits', async () => {
  expect((await reportsOf(new Int16Array(3_200)))[0]?.levelDb).toBe(-96);
});

it('reports when the robot’s own voice is heard, how much of it was removed, and who else passed', async () => {
  const played = voice('robot', 8);
  const person = voice('person', 8).map((one, i) => (i < 6 * PIPELINE_RATE ? 0 : one));
  const late = (150 * PIPELINE_RATE) / 1_000;
  const heard = played.map((_, i) => 0.5 * (played[i - late] ?? 0) + (person[i] ?? 0) + (i % 2));
  const reports = await reportsOf(heard, played);

  expect(reports[0]?.echo?.delayMs).toBeUndefined();
  const alone = reports.slice(4 * 5, 6 * 5).map(({ echo }) => echo);
  for (const echo of alone) {
    // The frame that was being recorded when the sample was sent began 20 ms before.
    expect(Math.abs((echo?.delayMs ?? 0) - 150)).toBeLessThanOrEqual(FRAME_MS);
    expect(echo?.passed).toBeLessThan(0.1);
  }
  expect(Math.max(...alone.map((echo) => echo?.removedDb ?? 0))).toBeGreaterThan(20);
  const both = reports.slice(6 * 5 + 1).map(({ echo }) => echo?.passed ?? 0);
  expect(Math.max(...both)).toBeGreaterThan(0.5);
  expect(reports).toHaveLength((8 * SECOND) / 10);
});
