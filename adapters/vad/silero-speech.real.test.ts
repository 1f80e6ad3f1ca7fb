import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { detectSpeech, initialDetectorState, type SpeechEvent } from '../../actors/speech-detector.ts';
import { msOfSamples, PIPELINE_RATE } from '../../machines/audio.ts';
import {
  amplified,
  concat,
  recording,
  recordings,
  type Sound,
  type SpeechSpan,
  silence,
  spanOf,
  speak,
  withNoise,
} from '../../test/support/speech.ts';
import { sileroVad } from './silero.ts';
import { listen } from './vad-test-util.ts';

// The detector's default parameters on real sound, through the model, as in a session.

const vad = sileroVad();
beforeAll(() => vad.warm?.());
afterAll(() => vad.close());

/** The detector's events in `sound`, sent like a client does. */
async function eventsIn(sound: Sound): Promise<SpeechEvent[]> {
  let detector = initialDetectorState;
  return (await listen(vad, sound)).flatMap((window) => {
    const { state, event } = detectSpeech(detector, window);
    detector = state;
    return event ? [event] : [];
  });
}

/** The starts and stops in `sound`: a hint may come before a start, or alone. */
async function speechIn(sound: Sound): Promise<Exclude<SpeechEvent, { type: 'hint' }>[]> {
  return (await eventsIn(sound)).filter((event) => event.type !== 'hint');
}

/** ms from `from` to `to`, both in samples. */
function ms(from: number, to: number): number {
  return msOfSamples(to - from, PIPELINE_RATE);
}

/** Fails unless `events` cover all speech in `span`, detected in time. */
function expectHeard(events: readonly SpeechEvent[], span: SpeechSpan): void {
  const first = events[0];
  const last = events.at(-1);
  if (first?.type !== 'start' || last?.type !== 'stop')
    throw new Error(`not a start and a stop, but ${JSON.stringify(events)}`);
  expect(ms(span.startSample, first.detectedSample)).toBeLessThanOrEqual(150);
  expect(ms(span.startSample, first.startSample)).toBeLessThanOrEqual(0);
  expect(ms(span.startSample, first.startSample)).toBeGreaterThanOrEqual(-150);
  expect(ms(span.endSample, last.endSample)).toBeGreaterThanOrEqual(-50);
  expect(ms(span.endSample, last.endSample)).toBeLessThanOrEqual(250);
  expect(ms(span.endSample, last.detectedSample)).toBeLessThanOrEqual(250);
}

const LEVELS: readonly [string, (sound: Sound) => Sound][] = [
  ['as recorded', (sound) => sound],
  ['10 dB softer', (sound) => amplified(sound, -10)],
  ['20 dB softer', (sound) => amplified(sound, -20)],
  ['in white noise', (sound) => withNoise(sound, { rms: 100 })],
];

describe.each(['en', 'en-us', 'en-gb-scotland', 'en+f3', 'en+m3'])('the synthetic voice %s', (voice) => {
  test.each(LEVELS)('is heard saying one short word, %s', async (_, change) => {
    for (const text of ['no', 'mm', 'yes', 'stop', 'go']) {
      const word = speak(text, { voice });
      const sound = change(concat(silence(500), word, silence(700)));
      const startSample = (500 * PIPELINE_RATE) / 1_000;
      const endSample = startSample + word.samples.length;

      const events = await speechIn(sound);

      const starts = events.filter(({ type }) => type === 'start');
      expect({ text, starts: starts.length }).toEqual({ text, starts: 1 });
      expect(events.at(-1)?.type).toBe('stop');
      // A word that begins with a long "s" is detected at its vowel, 100 ms later.
      const noticed = ms(startSample, starts[0]?.detectedSample ?? Number.POSITIVE_INFINITY);
      expect({ text, late: noticed > (text === 'stop' ? 220 : 150) }).toEqual({ text, late: false });
      expect(ms(endSample, events.at(-1)?.detectedSample ?? 0)).toBeLessThanOrEqual(400);
    }
  });
});

test('silence, and white noise from faint to loud, is not speech', async () => {
  for (const rms of [0, 10, 100, 300, 1_000, 3_000])
    expect(await eventsIn(withNoise(silence(5_000), { rms }))).toEqual([]);
});

describe.each(recordings.map((name) => ({ name })))('the recording $name', ({ name }) => {
  const sound = concat(recording(name), silence(500));
  const span = spanOf(name);

  if (name.startsWith('noise_'))
    test('is not speech', async () => {
      expect(await eventsIn(sound)).toEqual([]);
      expect(await eventsIn(amplified(sound, -10))).toEqual([]);
    });
  else if (span)
    test.each(LEVELS.filter(([level]) => level !== '20 dB softer'))(
      'is heard as marked, %s',
      async (_, change) => {
        expectHeard(await speechIn(change(sound)), span);
      },
    );
  else
    test.each(LEVELS)('is heard, %s', async (_, change) => {
      const events = await speechIn(change(sound));

      expect(events[0]?.type).toBe('start');
      expect(events.at(-1)?.type).toBe('stop');
    });
});
