import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { PaceWatch } from './pace-watch.ts';

const RATE = 16_000;
/** A voice at 120 Hz with overtones, as recorded at `rate`; from `at` seconds on. */
const voice = (at: number) =>
  0.3 * Math.sin(2 * Math.PI * 120 * at) + 0.15 * Math.sin(2 * Math.PI * 613 * at + 1);

type Recorder = (seconds: number, fromS: number) => Uint8Array;

const bytesOf = (samples: Int16Array | Float32Array) => new Uint8Array(samples.buffer);
const mono =
  (rate: number): Recorder =>
  (seconds, from) =>
    bytesOf(Int16Array.from({ length: seconds * rate }, (_, at) => 32_767 * voice(from + at / rate)));
const stereo =
  (rate: number, right = 0.9): Recorder =>
  (seconds, from) =>
    bytesOf(
      Int16Array.from({ length: 2 * seconds * rate }, (_, at) => {
        const one = 32_767 * voice(from + Math.floor(at / 2) / rate);
        return at % 2 === 0 ? one : right * one;
      }),
    );
const float: Recorder = (seconds, from) =>
  bytesOf(Float32Array.from({ length: seconds * RATE }, (_, at) => voice(from + at / RATE)));

/** Sends `forMs` of what is recorded in pieces of `pieceMs`, each `lateMs` late; returns what is noticed, and when. */
async function sends(
  record: Recorder,
  { forMs = 12_000, pieceMs = 20, late = (_: number): number => 0 } = {},
) {
  const clock = new VirtualClock();
  const watch = new PaceWatch(clock, RATE);
  const noticed: { atMs: number; what: string }[] = [];
  for (let at = 0; at * pieceMs < forMs; at++) {
    const dueMs = (at + 1) * pieceMs + late(at);
    if (dueMs > clock.nowMs()) await clock.advance(dueMs - clock.nowMs());
    const what = watch.heard(record(pieceMs / 1_000, (at * pieceMs) / 1_000));
    if (what) noticed.push({ atMs: clock.nowMs(), what });
  }
  return noticed;
}

describe('audio at another pace than its rate says', () => {
  it.each([
    ['48 kHz as 16 kHz', mono(48_000), /3\.0 times .* probably recorded at 48000 Hz/, 2_000],
    ['44.1 kHz as 16 kHz', mono(44_100), /2\.[78] times .* probably recorded at 44100 Hz/, 2_500],
    ['32 kHz as 16 kHz', mono(32_000), /2\.0 times .* 32000 Hz/, 4_000],
    ['24 kHz as 16 kHz', mono(24_000), /1\.5 times .* probably recorded at 24000 Hz/, 7_500],
    ['8 kHz as 16 kHz', mono(8_000), /0\.5 times .* probably recorded at 8000 Hz/, 6_000],
    ['stereo', stereo(16_000), /2\.0 times .* probably stereo; send one channel/, 4_000],
    ['stereo of one microphone', stereo(16_000, 0), /probably stereo; send one channel/, 4_000],
    ['stereo at 48 kHz', stereo(48_000), /6\.0 times .* probably stereo at 48000 Hz/, 1_000],
    ['floating point', float, /probably 32-bit floating point/, 4_000],
  ])('is noticed once, with the likely mistake: %s', async (_what, record, what, withinMs) => {
    const noticed = await sends(record);
    expect(noticed).toEqual([{ atMs: expect.any(Number), what: expect.stringMatching(what) }]);
    expect(noticed[0]?.atMs).toBeLessThanOrEqual(withinMs);
  });

  it.each([10, 40, 60, 100])('is noticed in pieces of %i ms', async (pieceMs) => {
    expect(await sends(mono(48_000), { pieceMs })).toHaveLength(1);
    expect(await sends(mono(8_000), { pieceMs })).toHaveLength(1);
  });
});

describe('nothing is noticed of', () => {
  const right = mono(RATE);
  it.each([
    ['audio as it is recorded', {}],
    ['audio that is late by up to 80 ms', { late: (at: number) => (at * 37) % 80 }],
    [
      '3 s that were recorded before the session, sent at once',
      { late: (at: number) => (at < 150 ? 3_000 - 20 * (at + 1) : 0) },
    ],
    ['a network that delivers once in 300 ms', { late: (at: number) => 300 - ((20 * (at + 1)) % 300) }],
    [
      'two seconds without a network, delivered at once',
      { late: (at: number) => (at > 200 && at < 300 ? 2_000 - 20 * (at - 200) : 0) },
    ],
  ])('%s', async (_what, how) => {
    expect(await sends(right, how)).toEqual([]);
  });

  it('speech that is sent without its pauses', async () => {
    const clock = new VirtualClock();
    const watch = new PaceWatch(clock, RATE);
    for (let word = 0; word < 20; word++) {
      for (let at = 0; at < 25; at++) {
        await clock.advance(20);
        expect(watch.heard(right(0.02, at))).toBeUndefined();
      }
      await clock.advance(500);
    }
  });

  it('a clock that is 1 % wrong', async () => {
    expect(await sends(mono(16_160), { forMs: 60_000 })).toEqual([]);
  });
});
