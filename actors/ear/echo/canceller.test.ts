import { describe, expect, it } from 'vitest';
import { Random } from '../../../testing/simulation/random.ts';
import { BLOCK } from './adaptive-filter.ts';
import { EchoCanceller } from './canceller.ts';

const RATE = 16_000;

/** Noise in bursts, as syllables are: 200 ms with sound, 100 ms without. */
function bursts(seconds: number, name: string, level = 0.1): Float32Array {
  const noise = noiseOf(name);
  let smooth = 0;
  return Float32Array.from({ length: seconds * RATE }, (_, i) => {
    smooth += 0.4 * (noise() - smooth);
    return i % 4_800 < 3_200 ? 2 * level * smooth : 0;
  });
}

function noiseOf(name: string): () => number {
  const random = Random.named(1, name);
  return () => 2 * random.next() - 1;
}

/** A room: the direct sound after `delay` samples, and an answer that decays by 60 dB in 200 ms. */
function room(delay: number, name = 'room', gain = 0.5): { at: number; gain: number }[] {
  const noise = noiseOf(name);
  const taps = [{ at: delay, gain }];
  for (let i = 40; i < 2_000; i += 7)
    taps.push({ at: delay + i, gain: 0.2 * gain * noise() * 10 ** (-3 * (i / 3_200)) });
  return taps;
}

function echoOf(played: Float32Array, taps: { at: number; gain: number }[]): Float32Array {
  const echo = new Float32Array(played.length);
  for (const { at, gain } of taps)
    for (let i = at; i < echo.length; i++) echo[i] = (echo[i] ?? 0) + gain * (played[i - at] ?? 0);
  return echo;
}

/** The same by a clock that runs faster by `share`. */
function faster(sound: Float32Array, share: number): Float32Array {
  return sound.map((_, i) => {
    const at = i * (1 + share);
    const [before, part] = [Math.floor(at), at % 1];
    return (1 - part) * (sound[before] ?? 0) + part * (sound[before + 1] ?? 0);
  });
}

/** What is left of `heard` while `played` plays; playback begins at each of `starts`, and `early` samples before it is said to. */
function cancelled(
  heard: Float32Array,
  played: Float32Array,
  starts: Record<number, number> = {},
  expected = true,
  onRead: (from: number) => void = () => {},
) {
  let early = 0;
  const left = new Float32Array(heard.length);
  let emitted = 0;
  const canceller = new EchoCanceller(
    (from, out) => {
      onRead(from);
      for (let i = 0; i < out.length; i++) out[i] = played[from + early + i] ?? 0;
    },
    expected,
    (_, block) => {
      left.set(block, emitted);
      emitted += block.length;
    },
  );
  for (let at = 0; at < heard.length; at += BLOCK) {
    const start = starts[at];
    if (start !== undefined) {
      early = start;
      canceller.restart();
    }
    canceller.process(heard.subarray(at, at + BLOCK), at);
  }
  canceller.release();
  return left;
}

/** Power between two times, dB. */
function levelDb(samples: Float32Array, fromS: number, toS: number): number {
  const part = samples.subarray(fromS * RATE, toS * RATE);
  return 10 * Math.log10(part.reduce((sum, one) => sum + one * one, 0) / part.length + 1e-12);
}

function sum(...all: Float32Array[]): Float32Array {
  return Float32Array.from({ length: all[0]?.length ?? 0 }, (_, i) =>
    all.reduce((s, one) => s + (one[i] ?? 0), 0),
  );
}

const hiss = (seconds: number) =>
  bursts(seconds, 'hiss', 0)
    .map(noiseOf('hiss'))
    .map((one) => 0.0003 * one);
/** `samples` only between two times. */
const between = (samples: Float32Array, fromS: number, toS: number) =>
  samples.map((one, i) => (i >= fromS * RATE && i < toS * RATE ? one : 0));

describe('the echo canceller', () => {
  it.each([0, 50, 200, 400])('removes an echo that comes %i ms later by 25 dB and more', (ms) => {
    const played = bursts(6, 'robot');
    const echo = echoOf(played, room((ms * RATE) / 1_000));
    const left = cancelled(sum(echo, hiss(6)), played);
    expect(levelDb(echo, 4, 6) - levelDb(left, 4, 6)).toBeGreaterThan(25);
  });

  it('lets nothing of the robot’s first words through', () => {
    const played = bursts(2, 'robot');
    const echo = echoOf(played, room(300));
    const left = cancelled(sum(echo, hiss(2)), played);
    expect(levelDb(echo, 0, 1) - levelDb(left, 0, 1)).toBeGreaterThan(20);
  });

  it('lets a person through who is as loud as the echo, and does not unlearn the room meanwhile', () => {
    const played = bursts(8, 'robot');
    const echo = echoOf(played, room(300));
    const person = between(bursts(8, 'person', 0.05), 4, 6);
    const left = cancelled(sum(echo, person, hiss(8)), played);
    expect(Math.abs(levelDb(left, 4, 6) - levelDb(person, 4, 6))).toBeLessThan(1.5);
    expect(levelDb(echo, 6.1, 6.6) - levelDb(left, 6.1, 6.6)).toBeGreaterThan(20);
  });

  it('leaves a person alone after the first seconds of playback if there is no echo', () => {
    const played = bursts(6, 'robot');
    const person = between(bursts(6, 'person', 0.05), 3, 5);
    const left = cancelled(sum(person, hiss(6)), played);
    expect(Math.abs(levelDb(left, 3, 5) - levelDb(person, 3, 5))).toBeLessThan(1);
  });

  it('hears a person from the first word on where no echo is expected, and still learns one', () => {
    const played = bursts(6, 'robot');
    const person = between(bursts(6, 'person', 0.05), 0, 1);
    const alone = cancelled(sum(person, hiss(6)), played, {}, false);
    expect(Math.abs(levelDb(alone, 0, 1) - levelDb(person, 0, 1))).toBeLessThan(1);
    const echo = echoOf(played, room(300));
    const left = cancelled(sum(echo, hiss(6)), played, {}, false);
    expect(levelDb(echo, 3, 6) - levelDb(left, 3, 6)).toBeGreaterThan(25);
  });

  it('computes nothing in a room without an echo in silence, and less and less while a user speaks', () => {
    const played = bursts(40, 'robot');
    const reads: number[] = [];
    const share = (heard: Float32Array) => {
      reads.length = 0;
      const left = cancelled(heard, played, {}, false, (from) => reads.push(from));
      expect(left.every((one, i) => reads.length > 0 || one === heard[i])).toBe(true);
      return (reads.length * BLOCK) / heard.length;
    };
    expect(share(hiss(40))).toBe(0);
    const interruption = between(bursts(4, 'person', 0.05), 2, 3);
    expect(share(sum(interruption, hiss(4)))).toBe(0);
    expect(share(sum(bursts(40, 'person', 0.05), hiss(40)))).toBeLessThan(0.4);
  });

  it('removes an echo that first appears after it has looked for one in vain', () => {
    const played = bursts(16, 'robot');
    const echo = between(echoOf(played, room(300)), 9, 16);
    const person = between(bursts(16, 'person', 0.05), 0, 3);
    const left = cancelled(sum(person, echo, hiss(16)), played, {}, false);
    expect(levelDb(echo, 14, 16) - levelDb(left, 14, 16)).toBeGreaterThan(20);
  });

  it('finds playback that began up to 25 ms off from when it was said to', () => {
    const played = bursts(9, 'robot');
    const echo = echoOf(played, room(800));
    const heard = sum(echo, hiss(9));
    const left = cancelled(heard, played, { [3 * RATE]: 137, [6 * RATE]: -200 });
    for (const [from, to] of [
      [3.4, 6],
      [6.4, 9],
    ] as const)
      expect(levelDb(echo, from, to) - levelDb(left, from, to)).toBeGreaterThan(25);
    // Nothing of it passes meanwhile, nor in the block in which it is found.
    for (const from of [3, 6])
      expect(levelDb(echo, from, from + 0.4) - levelDb(left, from, from + 0.4)).toBeGreaterThan(25);
  });

  it('learns the room anew when the microphone was moved', () => {
    const played = bursts(10, 'robot');
    const before = between(echoOf(played, room(300)), 0, 4);
    const after = between(echoOf(played, room(420, 'another room')), 4, 10);
    const left = cancelled(sum(before, after, hiss(10)), played);
    expect(levelDb(after, 8, 10) - levelDb(left, 8, 10)).toBeGreaterThan(20);
  });

  it('follows a loudspeaker whose clock runs faster than that of the microphone', () => {
    const noise = noiseOf('robot');
    // High frequencies are where a drift is heard: without following it, 15 dB of this go.
    const played = Float32Array.from({ length: 12 * RATE }, () => 0.1 * noise());
    const echo = faster(echoOf(played, room(300)), 120e-6);
    const left = cancelled(sum(echo, hiss(12)), played);
    expect(levelDb(echo, 8, 12) - levelDb(left, 8, 12)).toBeGreaterThan(17);
  });

  it('gives the same samples each time', () => {
    const played = bursts(2, 'robot');
    const heard = sum(echoOf(played, room(300)), hiss(2), bursts(2, 'person', 0.01));
    expect(cancelled(heard, played)).toEqual(cancelled(heard, played));
  });
});
