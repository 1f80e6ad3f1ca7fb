import { afterAll, describe, expect, test } from 'vitest';
import type { VadEngine, VadWindow } from '../../actors/ports/vad.ts';
import {
  defaultDetectorParameters,
  detectSpeech,
  initialDetectorState,
  type SpeechEvent,
} from '../../actors/speech-detector.ts';
import { msOfSamples, PIPELINE_RATE } from '../../machines/audio.ts';
import { afterTest } from '../../test/support/after-test.ts';
import { amplified, concat, type Sound, silence, speak, withNoise } from '../../test/support/speech.ts';
import { failureOf, listen } from './vad-test-util.ts';
import { type WebRtcVadOptions, webRtcVad } from './webrtc.ts';

const SENTENCE = concat(silence(700), speak('put the kettle on, please'), silence(700));
const vad = webRtcVad();
afterAll(() => vad.close());

/** An engine that is closed when the test has finished. */
function engine(options?: WebRtcVadOptions): VadEngine {
  const made = webRtcVad(options);
  afterTest(() => made.close());
  return made;
}

/** The parameters that docs/how-to/engines.md gives for this engine. */
const PATIENT = { ...defaultDetectorParameters, startEvidenceMs: 100, hintEvidenceMs: 60 };

async function eventsIn(sound: Sound, parameters = PATIENT): Promise<SpeechEvent[]> {
  let detector = initialDetectorState;
  return (await listen(vad, sound)).flatMap((window) => {
    const { state, event } = detectSpeech(detector, window, parameters);
    detector = state;
    return event && event.type !== 'hint' ? [event] : [];
  });
}

/** Harmonics of the mains at `amplitude` of 32 768. */
function hum(amplitude: number): Sound {
  const samples = Int16Array.from({ length: 5 * PIPELINE_RATE }, (_, i) =>
    [50, 100, 150].reduce((sum, hz) => sum + amplitude * Math.sin((2 * Math.PI * hz * i) / PIPELINE_RATE), 0),
  );
  return concat(silence(500), { rate: PIPELINE_RATE, samples });
}

describe.each([
  ['as it is', (sound: Sound) => sound],
  ['20 dB softer', (sound: Sound) => amplified(sound, -20)],
  ['in white noise', (sound: Sound) => withNoise(sound, { rms: 100 })],
])('speech between silence, %s', (_, change) => {
  test.each(['en', 'en-us', 'en+f3', 'en+m3'])('of the voice %s has one start and one end', async (voice) => {
    for (const text of ['no', 'mm', 'yes', 'stop', 'go', 'put the kettle on, please']) {
      const spoken = speak(text, { voice });
      const startSample = (700 * PIPELINE_RATE) / 1_000;
      const endSample = startSample + spoken.samples.length;

      const events = await eventsIn(change(concat(silence(700), spoken, silence(900))));

      expect({ text, events: events.map(({ type }) => type) }).toEqual({ text, events: ['start', 'stop'] });
      const noticedMs = msOfSamples((events[0]?.detectedSample ?? 0) - startSample, PIPELINE_RATE);
      const endedMs = msOfSamples((events[1]?.detectedSample ?? 0) - endSample, PIPELINE_RATE);
      expect(noticedMs).toBeGreaterThan(0);
      expect(noticedMs).toBeLessThanOrEqual(260);
      // The last of a soft "ng" may be missed.
      expect(endedMs).toBeGreaterThanOrEqual(-50);
      expect(endedMs).toBeLessThanOrEqual(270);
    }
  });
});

test('silence, a soft hum and steady noise are not speech', async () => {
  for (const sound of [silence(5_000), hum(100), hum(200)]) expect(await eventsIn(sound)).toEqual([]);
  for (const rms of [10, 100, 300, 1_000])
    expect(await eventsIn(withNoise(silence(5_000), { rms }))).toEqual([]);
});

test.each([10, 20, 30])(
  'windows of %i ms are contiguous, certain, and the same for any piece sizes',
  async (frameMs) => {
    const made = engine({ frameMs });
    const length = (frameMs * PIPELINE_RATE) / 1_000;
    const expected = await listen(made, SENTENCE);

    expect(made.windowSamples).toBe(length);
    expect(expected).toHaveLength(Math.floor(SENTENCE.samples.length / length));
    expect(expected.map(({ startSample }) => startSample)).toEqual(expected.map((_, i) => i * length));
    expect(new Set(expected.map(({ probability }) => probability))).toEqual(new Set([0, 1]));
    for (const ms of [1, 7, 33, 10_000]) expect(await listen(made, SENTENCE, ms)).toEqual(expected);
  },
);

test('the more aggressive, the less is speech', async () => {
  const sound = withNoise(SENTENCE, { rms: 100 });
  const voiced = async (aggressiveness: number) =>
    (await listen(engine({ aggressiveness }), sound)).filter(({ probability }) => probability === 1).length;

  const counts = [await voiced(0), await voiced(2), await voiced(3)];

  expect(counts).toEqual([...counts].sort((a, b) => b - a));
  expect(new Set(counts).size).toBe(3);
});

test('sessions at the same time get the same windows as alone', async () => {
  const sounds = ['yes', 'no', 'maybe', 'three of clubs'].flatMap((text) =>
    ['en', 'en-us', 'en+f3'].map((voice, i) => concat(silence(90 * i + 10), speak(text, { voice }))),
  );
  const heard: VadWindow[][] = sounds.map(() => []);
  const streams = sounds.map((_, i) =>
    vad.open(
      (window) => heard[i]?.push(window),
      (error) => expect.fail(error.message),
    ),
  );
  const longest = Math.max(...sounds.map(({ samples }) => samples.length));
  await vad.warm?.();

  for (let at = 0; at < longest; at += 320)
    for (const [i, { rate, samples }] of sounds.entries())
      streams[i]?.push({ rate, samples: samples.subarray(at, at + 320) });

  for (const [i, sound] of sounds.entries()) {
    streams[i]?.close();
    expect(heard[i]).toEqual(await listen(engine(), sound));
  }
});

test('a stream closed by its listener gets no more windows, and the others continue', async () => {
  await vad.warm?.();
  let count = 0;
  const stream = vad.open(
    () => {
      if (++count === 10) stream.close();
    },
    (error) => expect.fail(error.message),
  );
  stream.push(SENTENCE);
  stream.push(SENTENCE);

  expect(count).toBe(10);
  expect((await listen(vad, SENTENCE)).length).toBeGreaterThan(10);
});

describe('a stream gets VAD_FAILED once', () => {
  test('when its listener throws; others continue', async () => {
    const errors: Error[] = [];
    await vad.warm?.();
    const stream = vad.open(
      () => {
        throw new Error('no thanks');
      },
      (error) => errors.push(error),
    );
    stream.push(SENTENCE);
    stream.push(SENTENCE);

    expect(errors).toMatchObject([{ code: 'VAD_FAILED', cause: new Error('no thanks') }]);
    expect((await listen(vad, SENTENCE)).length).toBeGreaterThan(0);
  });

  test('for audio at another rate', async () => {
    // Forbidden by the types, but possible for an untyped caller.
    const wrong: Sound = JSON.parse('{"rate":8000}');
    expect((await failureOf(vad, wrong)).message).toContain('8000');
  });

  test('when more than 30 s arrive before the detector is loaded', async () => {
    expect((await failureOf(engine(), silence(31_000))).message).toContain('30 s');
  });

  test.each([{ aggressiveness: 4 }, { frameMs: 15 }])('for %o', async (options) => {
    expect(await failureOf(engine(options), SENTENCE)).toMatchObject({ code: 'VAD_FAILED' });
  });

  test('when the engine is closed', async () => {
    const made = engine();
    await made.close();
    expect(await failureOf(made, SENTENCE)).toMatchObject({ code: 'VAD_FAILED' });
    await expect(made.warm?.()).rejects.toMatchObject({ code: 'VAD_FAILED' });
  });
});
