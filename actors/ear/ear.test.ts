import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import type { EarEvent } from '../../machines/session/events.ts';
import type { PublicState, SessionMessage } from '../../machines/wire.ts';
import type { VadEngine, VadWindow } from '../ports/vad.ts';
import { defaultDetectorParameters } from '../speech-detector.ts';
import { openEar } from './ear.ts';
import { defaultEarParameters } from './front-end.ts';
import { InputAudio } from './input-audio.ts';

const WINDOW = 512;

/** Each window of 512 samples is speech if its first sample is not zero. */
function vad(): VadEngine & { heard: number[]; fail: () => void; closed: boolean } {
  let held: number[] = [];
  let at = 0;
  const engine: VadEngine & { heard: number[]; fail: () => void; closed: boolean } = {
    name: 'by-sample',
    heard: [],
    fail: () => {},
    closed: false,
    open: (onWindow, onError) => {
      engine.fail = () => onError(new Error('out of memory'));
      return {
        push: ({ samples }) => {
          engine.heard.push(...samples);
          held.push(...samples);
          for (; held.length >= WINDOW; at += WINDOW, held = held.slice(WINDOW))
            onWindow({ startSample: at, samples: WINDOW, probability: held[0] === 0 ? 0 : 1 });
        },
        close: () => {
          engine.closed = true;
        },
      };
    },
    close: async () => {},
  };
  return engine;
}

function pcm(count: number, value: number): Uint8Array {
  return new Uint8Array(new Int16Array(count).fill(value).buffer);
}

function open() {
  const engine = vad();
  const audio = new InputAudio(100_000);
  const events: EarEvent[] = [];
  const clock = new VirtualClock();
  const emit = (event: EarEvent) => events.push(event);
  return { engine, audio, events, clock, ear: openEar({ vad: engine, audio, clock, emit }) };
}

describe('an ear', () => {
  it('reports when speech begins and ends, by sample and by age', () => {
    const { ear, events } = open();
    ear.hear(pcm(16_384, 0), undefined);
    ear.hear(pcm(2 * WINDOW, 1), undefined);
    // Placed 96 ms before the first loud window; detected with the second.
    expect(events).toEqual([{ type: 'speech.start', sample: 16_384 - 1_536, ageMs: 96 + 64 }]);
    ear.hear(pcm(4 * WINDOW, 0), undefined);
    expect(events[1]).toEqual({ type: 'speech.stop', sample: 16_384 + 2 * WINDOW, ageMs: 128 });
  });

  it('can ask for more evidence before it reports speech', () => {
    const events: EarEvent[] = [];
    const patient = { ...defaultDetectorParameters, startEvidenceMs: 3 * 32, onsetPadMs: 0 };
    const ear = openEar({
      vad: vad(),
      audio: new InputAudio(100_000),
      clock: new VirtualClock(),
      emit: (event) => events.push(event),
      detector: patient,
    });
    ear.hear(pcm(2 * WINDOW, 1), undefined);
    expect(events.map(({ type }) => type)).toEqual(['speech.hint']);
    events.length = 0;
    ear.hear(pcm(WINDOW, 1), undefined);
    expect(events).toEqual([{ type: 'speech.start', sample: 0, ageMs: 96 }]);
  });

  describe('while the session speaks', () => {
    const says = (value: PublicState) =>
      ({ type: 'state', value, turn: 1, generation: 1, seq: 1, at: 0 }) satisfies SessionMessage;

    function impatient(detector = defaultDetectorParameters) {
      const hurries: boolean[] = [];
      const events: EarEvent[] = [];
      let report = (_window: VadWindow) => {};
      const engine: VadEngine = {
        name: 'puppet',
        open: (onWindow) => {
          report = onWindow;
          return { push: () => {}, hurry: (on) => hurries.push(on), close: () => {} };
        },
        close: async () => {},
      };
      const ear = openEar({
        ...{ vad: engine, audio: new InputAudio(100_000), clock: new VirtualClock(), detector },
        emit: (event) => events.push(event),
      });
      return { ear, hurries, events, report };
    }

    it('asks for early verdicts until it hears speech, and again after it', () => {
      const { ear, hurries, events, report } = impatient();
      expect(hurries).toEqual([]);
      ear.ordered(says('speaking'));
      expect(hurries).toEqual([true]);
      report({ startSample: 0, samples: 320, probability: 1, judged: WINDOW });
      expect(events.map(({ type }) => type)).toEqual(['speech.start']);
      expect(hurries).toEqual([true, false]);
      for (let i = 0; i < 4; i++) report({ startSample: i * WINDOW, samples: WINDOW, probability: 0 });
      expect(hurries).toEqual([true, false, true]);
      ear.ordered(says('listening'));
      expect(hurries).toEqual([true, false, true, false]);
    });

    it('asks for none that could not begin speech, as beside motors', () => {
      const { ear, hurries } = impatient();
      ear.setDetector({ ...defaultDetectorParameters, startEvidenceMs: 90 });
      ear.ordered(says('speaking'));
      expect(hurries).toEqual([]);
      ear.setDetector(defaultDetectorParameters);
      expect(hurries).toEqual([true]);
    });

    it('has decided nothing about the audio of an early verdict', () => {
      const { ear, report } = impatient({ ...defaultDetectorParameters, onsetPadMs: 0 });
      ear.ordered(says('speaking'));
      report({ startSample: 0, samples: WINDOW, probability: 0 });
      report({ startSample: WINDOW, samples: 320, probability: 0, judged: WINDOW });
      expect(ear.undecidedFrom).toBe(WINDOW);
    });
  });

  it('includes the detector’s delay in the age', async () => {
    const late: (() => void)[] = [];
    const slow: VadEngine = {
      ...vad(),
      open: (onWindow, onError) => vad().open((window) => late.push(() => onWindow(window)), onError),
    };
    const clock = new VirtualClock();
    const events: EarEvent[] = [];
    const ear = openEar({
      ...{ vad: slow, audio: new InputAudio(100_000), clock },
      emit: (event) => events.push(event),
    });
    ear.hear(pcm(2 * WINDOW, 1), undefined);
    await clock.advance(25);
    for (const emit of late) emit();
    expect(events).toEqual([{ type: 'speech.start', sample: 0, ageMs: 64 + 25 }]);
  });

  it('fills a gap with silence', () => {
    const { ear, engine, audio } = open();
    ear.hear(pcm(100, 1), 0);
    ear.hear(pcm(100, 2), 300);
    expect(audio.written).toBe(400);
    expect(engine.heard.slice(100, 300)).toEqual(Array.from({ length: 200 }, () => 0));
    expect(engine.heard[300]).toBe(2);
  });

  it('ignores repeated samples', () => {
    const { ear, audio, engine } = open();
    ear.hear(pcm(100, 1), 0);
    ear.hear(pcm(100, 1), 0);
    ear.hear(pcm(100, 2), 50);
    expect(audio.written).toBe(150);
    expect(engine.heard[149]).toBe(2);
  });

  it('does not fill a gap of hours sample by sample, and continues from there', () => {
    const { ear, audio } = open();
    ear.hear(pcm(100, 1), 0);
    ear.hear(pcm(100, 1), 9_000_000_000);
    expect(audio.written).toBe(100 + 32_000 + 100);
    ear.hear(pcm(100, 1), 9_000_000_100);
    expect(audio.written).toBe(100 + 32_000 + 200);
  });

  it('removes an offset of the microphone before detection and recognition', () => {
    const engine = vad();
    const audio = new InputAudio(100_000);
    const ear = openEar({
      ...{ vad: engine, audio, clock: new VirtualClock(), emit: () => {} },
      ear: { ...defaultEarParameters, highPassHz: 80 },
    });
    for (let i = 0; i < 20; i++) ear.hear(pcm(1_000, 5_000), undefined);
    expect(engine.heard).toHaveLength(20_000);
    expect(engine.heard.slice(-10_000)).toEqual(Array.from({ length: 10_000 }, () => 0));
    expect([...audio.read(0, 20_000).samples]).toEqual(engine.heard);
  });

  it('reports audio at full scale once, whatever is removed from it', () => {
    const problems: string[] = [];
    const ear = openEar({
      ...{ vad: vad(), audio: new InputAudio(100_000), clock: new VirtualClock(), emit: () => {} },
      ear: { ...defaultEarParameters, highPassHz: 80 },
      onProblem: ({ code, message }) => problems.push(`${code} ${message}`),
    });
    for (let i = 0; i < 30; i++) ear.hear(pcm(1_600, i % 2 === 0 ? 32_767 : 100), undefined);
    expect(problems).toEqual([
      expect.stringMatching(/^AUDIO_CLIPPED .*: 50\.0 % of the samples in a second$/),
    ]);
  });

  it('reports its failure', () => {
    const { engine, events } = open();
    engine.fail();
    expect(events).toMatchObject([{ type: 'ear.failed', error: { code: 'VAD_FAILED' } }]);
  });

  it('refuses half a sample', () => {
    const { ear, audio } = open();
    expect(() => ear.hear(new Uint8Array(3), undefined)).toThrow();
    expect(audio.written).toBe(0);
  });

  it('frees its stream when it is closed', () => {
    const { ear, engine } = open();
    ear.close();
    expect(engine.closed).toBe(true);
  });
});
