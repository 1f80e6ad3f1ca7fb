import { describe, expect, it } from 'vitest';
import { PIPELINE_RATE as RATE } from '../../../machines/audio.ts';
import type { EchoState } from '../../../machines/wire.ts';
import { Random } from '../../../testing/simulation/random.ts';
import type { ResamplerFactory } from '../../ports/resampler.ts';
import { PlayedAudio } from './played-audio.ts';
import { EchoStage } from './stage.ts';

const FRAME = RATE / 50;
const SECONDS = 12;

const asItIs: ResamplerFactory = {
  create: (from, to) => ({
    from,
    to,
    push: ({ samples }) => ({ rate: to, samples: samples.slice() }),
    flush: () => ({ rate: to, samples: new Int16Array(0) }),
    close: () => {},
  }),
};

function noise(name: string): () => number {
  const random = Random.named(1, name);
  return () => 2 * random.next() - 1;
}

/** Noise in syllables: 200 ms with sound, 100 ms without. */
function syllables(seconds: number, name: string, level: number): Int16Array {
  const next = noise(name);
  let smooth = 0;
  return Int16Array.from({ length: seconds * RATE }, (_, i) => {
    smooth += 0.4 * (next() - smooth);
    return i % 4_800 < 3_200 ? Math.round(level * smooth) : 0;
  });
}

const VOICE = syllables(SECONDS, 'robot', 8_000);
const HISS = noise('hiss');
const hiss = () => Math.round(6 * HISS());

/** The robot's voice after 60 ms in a room that answers for 100 ms. */
const ECHO = (() => {
  const next = noise('room');
  const taps = [{ at: 960, gain: 0.5 }];
  for (let i = 40; i < 1_600; i += 7)
    taps.push({ at: 960 + i, gain: 0.1 * next() * 10 ** (-3 * (i / 3_200)) });
  return Int16Array.from({ length: VOICE.length }, (_, i) =>
    Math.round(taps.reduce((sum, { at, gain }) => sum + gain * (VOICE[i - at] ?? 0), 0)),
  );
})();

interface Run {
  readonly state: EchoState;
  /** How far ahead of its playing each frame is sent, ms. */
  readonly aheadMs?: number;
  readonly heard: Int16Array;
  /** What the robot says. */
  readonly voice?: Int16Array;
  readonly during?: (stage: EchoStage, second: number) => void;
}

/** One reply whose client plays as it should; the microphone's audio passes in frames of 20 ms. */
function run({ state, aheadMs = 0, heard, voice = VOICE, during }: Run) {
  const wrongAtS: number[] = [];
  let at = 0;
  const stage = new EchoStage(new PlayedAudio(RATE, asItIs), state, () => wrongAtS.push(at / RATE));
  const passed: number[] = [];
  let sent = 0;
  for (at = 0; at < heard.length; at += FRAME) {
    if (at % RATE === 0) during?.(stage, at / RATE);
    while (sent < voice.length && sent < at + FRAME + (aheadMs * RATE) / 1_000) {
      stage.sent(1, voice.subarray(sent, sent + FRAME), at);
      sent += FRAME;
    }
    passed.push(...stage.process(heard.subarray(at, at + FRAME), at));
  }
  stage.close();
  return { wrongAtS, passed };
}

/** Power of a stretch, dB. */
function db(samples: ArrayLike<number>, fromS: number, toS: number): number {
  let sum = 1e-9;
  for (let i = fromS * RATE; i < toS * RATE; i++) sum += (samples[i] ?? 0) ** 2;
  return 10 * Math.log10(sum / ((toS - fromS) * RATE));
}

const mixed = (...all: readonly Int16Array[]) =>
  Int16Array.from(
    { length: VOICE.length },
    (_, i) => hiss() + all.reduce((sum, one) => sum + (one[i] ?? 0), 0),
  );

describe('a client that says cancelled', () => {
  it('and whose microphone hears the robot is found out once, within four seconds of speech; nothing of the echo passes meanwhile', () => {
    const heard = mixed(ECHO);
    const { wrongAtS, passed } = run({ state: 'cancelled', heard });
    expect(wrongAtS).toHaveLength(1);
    expect(wrongAtS[0]).toBeLessThan(4);
    expect(db(heard, 0, 3) - db(passed, 0, 3)).toBeGreaterThan(15);
    expect(db(heard, 6, 12) - db(passed, 6, 12)).toBeGreaterThan(15);
    expect(passed.length).toBeGreaterThan(heard.length - FRAME);
  });

  it.each<[string, Int16Array]>([
    ['a person who speaks all the while', mixed(syllables(SECONDS, 'person', 9_000))],
    ['nothing but noise', mixed()],
  ])('and whose microphone hears %s is believed, and its audio stays as it is', (_what, heard) => {
    const { wrongAtS, passed } = run({ state: 'cancelled', heard });
    expect(wrongAtS).toEqual([]);
    expect(passed).toEqual([...heard]);
  });

  it('and whose canceller leaves the distorted rest of an echo is believed, and its audio stays as it is once that was checked', () => {
    const rest = ECHO.map((one) => Math.round((80 * (one / 4_000) ** 3) % 120));
    const heard = mixed(rest);
    const { wrongAtS, passed } = run({ state: 'cancelled', heard });
    expect(wrongAtS).toEqual([]);
    expect(passed.slice(4 * RATE)).toEqual([...heard.subarray(4 * RATE)]);
  });

  it('is checked until three replies brought a verdict: one that was cut short brings none', () => {
    const followed: number[] = [];
    const played = new PlayedAudio(RATE, asItIs);
    const stage = new EchoStage(played, 'cancelled');
    let at = 0;
    const reply = (generation: number, ms: number) => {
      for (let sent = 0; sent < (ms * RATE) / 1_000; sent += FRAME, at += FRAME) {
        stage.sent(generation, VOICE.subarray(sent, sent + FRAME), at);
        if (sent === 0 && played.heardNear(at, 0)) followed.push(generation);
        stage.process(Int16Array.from({ length: FRAME }, hiss), at);
      }
      stage.flushed(generation, at);
      // Until nothing of it can be heard any more: the next reply begins anew.
      if (ms < 1_000) at += 2 * RATE;
      for (let quiet = 0; ms >= 1_000 && quiet < 2 * RATE; quiet += FRAME, at += FRAME)
        stage.process(Int16Array.from({ length: FRAME }, hiss), at);
    };
    for (const generation of [1, 2, 3]) reply(generation, 200);
    for (const generation of [4, 5, 6, 7]) reply(generation, 2_000);
    stage.close();
    expect(followed).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('in mid-session is believed from then on, and checked again', () => {
    const heard = mixed(ECHO);
    const { wrongAtS } = run({
      ...{ state: 'unknown', heard },
      during: (stage, second) => {
        if (second === 6) stage.setState('cancelled');
      },
    });
    expect(wrongAtS.length).toBe(1);
    expect(wrongAtS[0]).toBeGreaterThanOrEqual(6);
  });
});

it.each<EchoState>(['unknown', 'present'])(
  'audio that is sent long before it is played, as to clients with a queue of their own, is removed when it comes back (%s)',
  (state) => {
    const heard = mixed(ECHO);
    const { passed } = run({ state, heard, aheadMs: 30_000 });
    expect(db(heard, 6, 12) - db(passed, 6, 12)).toBeGreaterThan(15);
  },
);

describe('a client that does not know whether its microphone hears the robot', () => {
  it('never gets the robot’s first words as a person’s, and is not deaf to a person meanwhile', () => {
    const echo = run({ state: 'unknown', heard: mixed(ECHO) }).passed;
    expect(db(mixed(ECHO), 0, 3) - db(echo, 0, 3)).toBeGreaterThan(15);
    const person = syllables(SECONDS, 'person', 9_000).map((one, i) => (i < RATE / 2 ? 0 : one));
    const heard = mixed(person);
    expect(run({ state: 'unknown', heard }).passed).toEqual([...heard]);
  });

  it('whose microphone gives exact zeros between sounds hears nothing of the robot either', () => {
    const { passed } = run({ state: 'unknown', heard: ECHO });
    expect(db(ECHO, 0, 12) - db(passed, 0, 12)).toBeGreaterThan(15);
  });

  it('and plays tones gets none of them as a person’s', () => {
    const tone = Int16Array.from(
      { length: VOICE.length },
      (_, i) => 4_000 * Math.sin((2 * Math.PI * 440 * i) / RATE),
    );
    const heard = Int16Array.from({ length: VOICE.length }, (_, i) => 0.3 * (tone[i - 1_280] ?? 0));
    const { passed } = run({ state: 'unknown', heard, voice: tone });
    expect(db(heard, 0, 12) - db(passed, 0, 12)).toBeGreaterThan(15);
  });
});

it('lets pass at once what is held back when the client says where its audio ends', () => {
  const heard = mixed(
    new Int16Array([...new Int16Array(5 * FRAME), ...syllables(1, 'person', 9_000)]),
  ).subarray(0, 10 * FRAME);
  const stage = new EchoStage(new PlayedAudio(RATE, asItIs), 'unknown');
  stage.sent(1, VOICE.subarray(0, RATE), 0);
  const passed = [...stage.process(heard, 0)];
  expect(passed.length).toBeLessThan(6 * FRAME);
  passed.push(...stage.settle());
  expect(passed).toEqual([...heard]);
  stage.close();
});
