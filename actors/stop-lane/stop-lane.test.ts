import { describe, expect, it } from 'vitest';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { VirtualClock } from '../../machines/clock.ts';
import type { StopListener, StopWanted } from '../ports/stop-spotter.ts';
import type { VadWindow } from '../ports/vad.ts';
import { StopLane, type StopLaneParts } from './stop-lane.ts';

const WINDOW = 512;

/** A lane whose spotter and detector the test plays; everything that happens is written down in order. */
function lane(parts: Partial<StopLaneParts> = {}, when: StopWanted = 'always') {
  const log: string[] = [];
  const clock = new VirtualClock();
  const listeners: StopListener[] = [];
  let onWindow = (_window: VadWindow) => {};
  const stop = new StopLane({
    clock,
    emit: (event) => log.push(JSON.stringify(event)),
    spotter: {
      ...{ name: 'scripted', phrases: ['stop'], when, close: async () => {} },
      listen(listener) {
        listeners.push(listener);
        log.push('listen');
        return {
          push: (samples) => log.push(`audio ${samples[0]} to ${samples.at(-1)}`),
          end: () => log.push('end'),
          abort: () => log.push('abort'),
        };
      },
    },
    ...parts,
  });
  const vad = stop.beside({
    ...{ name: 'scripted', close: async () => {} },
    open(listener) {
      onWindow = listener;
      return { push: () => {}, hurry: (on) => log.push(`hurry ${on}`), close: () => {} };
    },
  });
  const stream = vad.open(
    () => {},
    () => {},
  );
  let sent = 0;
  /** Hears `windows` windows of this probability; each sample's value is the number of its window. */
  const hear = (windows: number, probability: number) => {
    for (let i = 0; i < windows; i++) {
      clock.advance(32);
      stream.push({ rate: PIPELINE_RATE, samples: new Int16Array(WINDOW).fill(sent / WINDOW) });
      onWindow({ startSample: sent, samples: WINDOW, probability });
      sent += WINDOW;
    }
  };
  const early = (probability: number) =>
    onWindow({ startSample: sent, samples: 128, probability, judged: WINDOW });
  return { log, hear, early, clock, stream, spotter: () => listeners.at(-1) };
}

describe('the stop lane', () => {
  it('hands possible speech to the spotter, from 600 ms before its first window to 500 ms after its last', () => {
    const { log, hear } = lane();
    hear(40, 0.01);
    expect(log).toEqual([]);
    hear(2, 0.2);
    // Window 40 begins at 1 280 ms; 900 ms before it is within window 11.
    expect(log).toEqual(['listen', 'audio 11 to 40', 'audio 41 to 41']);
    hear(20, 0);
    expect(log.slice(-2)).toEqual(['audio 57 to 57', 'end']);
  });

  it('leaves early verdicts to the ear, which may ask for them through it', () => {
    const { log, hear, early, stream } = lane();
    hear(40, 0.01);
    stream.hurry?.(true);
    early(1);
    expect(log).toEqual(['hurry true']);
  });

  it.each([
    ['acting', 'isActing'],
    ['busy', 'isBusy'],
  ] as const)(
    'for a robot that is %s opens when it is, for what was said before too, and hears that to its end',
    (when, is) => {
      let busy = false;
      const { log, hear } = lane({ [is]: () => busy }, when);
      hear(40, 0.9);
      expect(log).toEqual([]);
      busy = true;
      hear(1, 0.9);
      expect(log).toEqual(['listen', 'audio 11 to 40']);
      busy = false;
      hear(1, 0.9);
      hear(20, 0);
      expect(log.slice(-2)).toEqual(['audio 57 to 57', 'end']);
      hear(10, 0.9);
      expect(log.at(-1)).toBe('end');
    },
  );

  it('reports a suspicion with the sample in the session and how long ago it was said', () => {
    const { log, hear, spotter } = lane();
    hear(40, 0);
    hear(10, 0.9);
    log.length = 0;
    // The stretch begins at sample 20 480 − 14 400.
    spotter()?.onSuspected('stop', 18_800);
    spotter()?.onConfirmed('stop');
    spotter()?.onSuspected('stop', 19_520);
    spotter()?.onRefuted();
    expect(log.map((line) => JSON.parse(line))).toEqual([
      { type: 'stop.suspected', phrase: 'stop', sample: 24_880, ageMs: 45 },
      { type: 'stop.confirmed', phrase: 'stop' },
      { type: 'stop.suspected', phrase: 'stop', sample: 25_600, ageMs: 0 },
      { type: 'stop.refuted' },
    ]);
  });

  it('ignores a stop phrase that the robot is just saying', () => {
    const { log, hear, spotter } = lane({ ownWords: () => 'It did not Stop, when' });
    hear(10, 0.9);
    log.length = 0;
    spotter()?.onSuspected('stop', 100);
    spotter()?.onConfirmed('stop');
    expect(log).toEqual([]);
  });

  it('does not take a part of a word of the robot for the phrase', () => {
    const { log, hear, spotter } = lane({ ownWords: () => 'we stopped' });
    hear(10, 0.9);
    log.length = 0;
    spotter()?.onSuspected('stop', 100);
    expect(log).toHaveLength(1);
  });

  it('listens anew after a spotter that was lost, and reports the loss once', () => {
    const problems: string[] = [];
    const { log, hear, spotter } = lane({ onProblem: ({ message }) => problems.push(message) });
    hear(1, 0.9);
    spotter()?.onLost(new Error('overloaded'));
    hear(1, 0.9);
    spotter()?.onLost(new Error('overloaded'));
    hear(1, 0.9);
    expect({ problems, listened: log.filter((line) => line === 'listen').length }).toEqual({
      problems: ['overloaded'],
      listened: 3,
    });
  });

  it('reports a spotter that cannot be loaded, unless the session has ended', async () => {
    const reported = async (isOver: boolean) => {
      const problems: string[] = [];
      let fail = (_error: Error) => {};
      const warm = () => new Promise<void>((_resolve, reject) => (fail = reject));
      const { stream } = lane({
        spotter: { name: 'slow', phrases: [], listen: () => expect.fail(), close: async () => {}, warm },
        onProblem: ({ message }) => problems.push(message),
      });
      if (isOver) stream.close();
      fail(new Error('closed'));
      await Promise.resolve();
      return problems;
    };
    expect([await reported(false), await reported(true)]).toEqual([['closed'], []]);
  });

  it('ends with the session', () => {
    const { log, hear, stream } = lane();
    hear(1, 0.9);
    stream.close();
    expect(log.at(-1)).toBe('abort');
  });
});
