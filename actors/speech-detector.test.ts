import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  defaultDetectorParameters,
  detectSpeech,
  initialDetectorState,
  type SpeechDetectorState,
  type SpeechEvent,
  startsEarly,
} from './speech-detector.ts';

const WINDOW = 512;

interface Run {
  readonly events: readonly SpeechEvent[];
  readonly states: readonly SpeechDetectorState[];
}

/** The detector's results for windows of 32 ms with these probabilities. */
function run(probabilities: readonly number[], parameters = defaultDetectorParameters): Run {
  const events: SpeechEvent[] = [];
  const states: SpeechDetectorState[] = [initialDetectorState];
  for (const [i, probability] of probabilities.entries()) {
    const before = states[i] ?? initialDetectorState;
    const { state, event } = detectSpeech(
      before,
      { startSample: i * WINDOW, samples: WINDOW, probability },
      parameters,
    );
    states.push(state);
    if (event) events.push(event);
  }
  return { events, states };
}

function times(count: number, probability: number): number[] {
  return Array<number>(count).fill(probability);
}

/** Names the windows with an event: `start@9 stop@30`. */
function eventNames({ events }: Run): string {
  return events.map(({ type, detectedSample }) => `${type}@${detectedSample / WINDOW - 1}`).join(' ');
}

describe('a start', () => {
  test('is reported after one window of clear speech, with the onset before it', () => {
    const { events } = run([...times(10, 0), 1, 1]);

    // 96 ms are three windows.
    expect(events).toEqual([{ type: 'start', startSample: 7 * WINDOW, detectedSample: 11 * WINDOW }]);
  });

  test('takes longer the less clear speech is', () => {
    expect(eventNames(run(times(9, 0.85)))).toBe('start@0');
    expect(eventNames(run(times(9, 0.75)))).toBe('hint@0 start@1');
    expect(eventNames(run(times(9, 0.65)))).toBe('hint@0 start@2');
    expect(eventNames(run(times(9, 0.6)))).toBe('hint@1 start@3');
  });

  test('is not put before the first sample', () => {
    expect(run([1, 1]).events[0]).toMatchObject({ startSample: 0 });
  });

  test.each([
    ['a doubtful window now and then', [0.6, 0.2, 0.6, 0.2, 0.6, 0.2, 0.6, 0.2]],
    ['what is never more likely speech than not', times(500, 0.5)],
    ['a bark, as the model hears it', [0.02, 0.12, 0.21, 0.15, 0.09, 0.12, 0.06, 0.02]],
  ])('is not made by %s', (_, probabilities) => {
    expect(run(probabilities).events).toEqual([]);
  });

  test('is made by a word whose beginning is doubtful', () => {
    // "stop" by eSpeak NG: the model is uncertain about the "s".
    expect(eventNames(run([0.01, 0.81, 0.73, 0.64, 0.97, 1, 1]))).toBe('hint@1 start@2');
  });
});

describe('a stop', () => {
  const speech = [...times(3, 0), ...times(20, 1)];

  test('is reported after four windows of silence, with the end where they began', () => {
    const { events } = run([...speech, ...times(10, 0)]);

    expect(events[1]).toEqual({
      type: 'stop',
      endSample: 23 * WINDOW,
      detectedSample: 27 * WINDOW,
      speechSamples: 20 * WINDOW,
    });
  });

  test('is not made by a gap within a word, nor by unclear speech', () => {
    expect(eventNames(run([...speech, 0, 0, 0, 1, 0, 0, 0, 1]))).toBe('start@3');
    expect(eventNames(run([...speech, ...times(50, 0.4)]))).toBe('start@3');
  });

  test('is not delayed by sound too faint to be speech', () => {
    expect(eventNames(run([...speech, 0.1, 0.4, 0.1, 0.4]))).toBe('start@3 stop@26');
  });

  test('is followed by a new start, which does not reach into the speech before', () => {
    const { events } = run([...speech, ...times(5, 0), 1, 1]);

    expect(events.map(({ type }) => type)).toEqual(['start', 'stop', 'start']);
    expect(events[2]).toMatchObject({ startSample: 25 * WINDOW });
    expect(
      run([...speech, ...times(4, 0), 1, 1], { ...defaultDetectorParameters, onsetPadMs: 500 }).events[2],
    )
      // As far back as the end of the earlier speech.
      .toMatchObject({ startSample: 23 * WINDOW });
  });
});

describe('an early verdict', () => {
  /** Silence, then a verdict when `samples` of the next window are there. */
  const early = (probability: number, parameters = defaultDetectorParameters, state = initialDetectorState) =>
    detectSpeech(state, { startSample: 10 * WINDOW, samples: 128, probability, judged: WINDOW }, parameters);

  test('makes a start at the newest sample, placed as the complete window would place it', () => {
    expect(early(0.9).event).toEqual({
      type: 'start',
      startSample: 7 * WINDOW,
      detectedSample: 10 * WINDOW + 128,
    });
  });

  test('asks for more than a complete window, and never for less', () => {
    expect(early(0.87).event).toBeUndefined();
    expect(early(0.8, { ...defaultDetectorParameters, earlyEvidenceMs: 10 }).event).toBeUndefined();
    expect(early(0.82, { ...defaultDetectorParameters, earlyEvidenceMs: 10 }).event?.type).toBe('start');
    expect(early(1, { ...defaultDetectorParameters, startEvidenceMs: 90 }).event).toBeUndefined();
  });

  test('changes nothing if it makes no start, and nothing in speech', () => {
    const doubtful = run([0, 0.6]).states.at(-1) ?? initialDetectorState;
    const speech = run([1, 1]).states.at(-1) ?? initialDetectorState;

    for (const state of [initialDetectorState, doubtful, speech])
      for (const probability of [0, 0.6, 0.87])
        expect(early(probability, defaultDetectorParameters, state)).toEqual({ state });
    expect(early(1, defaultDetectorParameters, speech)).toEqual({ state: speech });
  });

  test('does not count its audio as speech, because the complete window does', () => {
    const { state } = early(1);
    const next = detectSpeech(state, { startSample: 10 * WINDOW, samples: WINDOW, probability: 1 });

    expect(state.speechSamples).toBe(0);
    expect(next.state.speechSamples).toBe(WINDOW);
  });

  test('is of use only if a window can have that much evidence', () => {
    expect(startsEarly(defaultDetectorParameters, WINDOW)).toBe(true);
    expect(startsEarly({ ...defaultDetectorParameters, earlyEvidenceMs: 33 }, WINDOW)).toBe(false);
    expect(startsEarly({ ...defaultDetectorParameters, startEvidenceMs: 90 }, WINDOW)).toBe(false);
  });
});

test('speech is measured as it goes, without its pauses', () => {
  const { states } = run([0, ...times(5, 1), 0, 0, ...times(3, 1)]);

  const measured = states.map((state) => state.speechSamples / WINDOW);
  expect(measured).toEqual([0, 0, 1, 2, 3, 4, 5, 5, 5, 6, 7, 8]);
});

test('parameters apply: one window can suffice, and a stop can require long silence', () => {
  const eager = { ...defaultDetectorParameters, startEvidenceMs: 30, stopSilenceMs: 320 };

  expect(eventNames(run([1, ...times(20, 0)], eager))).toBe('start@0 stop@10');
});

test('for any input, starts and stops take turns, in order, and the state survives as JSON', () => {
  const probability = fc.oneof(fc.constantFrom(0, 0.35, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true }));
  fc.assert(
    fc.property(fc.array(probability, { maxLength: 300 }), (probabilities) => {
      const { events, states } = run(probabilities);

      let last = 0;
      for (const [i, event] of events.filter(({ type }) => type !== 'hint').entries()) {
        expect(event.type).toBe(i % 2 === 0 ? 'start' : 'stop');
        const sample = event.type === 'stop' ? event.endSample : event.startSample;
        expect(sample).toBeGreaterThanOrEqual(last);
        expect(sample).toBeLessThan(event.detectedSample);
        last = sample;
      }
      for (const state of states) expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    }),
  );
});
