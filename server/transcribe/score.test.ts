import { describe, expect, it } from 'vitest';
import { parseDialog } from '../../actors/dialog/mod.ts';
import { spansOf, type Utterance } from './hear.ts';
import { withNoiseAt } from './noise.ts';
import { outcome, scoreOf, understood } from './score.ts';

const dialog = parseDialog(`
language: en
slots: { speed: { slowly: 1, fast: 2 } }
backchannels: [uh-huh, mhm]
entries:
  - { id: stop, halt: true, phrases: "stop [now]" }
  - { id: follow, phrases: "follow me [{speed}]", defaults: { speed: 1 }, replies: yes }
  - { id: hello, phrases: hello | hi there, replies: hello }
`);

const heard = (...texts: string[]) =>
  understood(
    dialog,
    texts.map(
      (text): Utterance => ({ fromMs: 0, toMs: 1, text, ...(text === '' ? {} : { confidence: 0.9 }) }),
    ),
  );
const judged = (said: string | undefined, ...texts: string[]) => {
  const what = heard(...texts);
  return { said, heard: what, outcome: outcome(dialog, said, what) };
};

describe('what was heard in a recording', () => {
  it('is right if it means the same entry and slots, also in other words', () => {
    expect(judged('hello', 'hi there').outcome).toBe('right');
    expect(judged('follow me slowly', 'follow me').outcome).toBe('right');
    expect(judged('follow me slowly', 'follow me fast').outcome).toBe('wrong');
    expect(judged('mhm', 'uh-huh').outcome).toBe('right');
    expect(judged('hello', '').outcome).toBe('rejected');
  });

  it('is a false accept if the dialog has no entry for what was said', () => {
    expect(judged('a large cappuccino', '').outcome).toBe('ignored');
    expect(judged('a large cappuccino', 'hello').outcome).toBe('false-accept');
    expect(judged('', 'mhm').outcome).toBe('false-accept');
  });

  it('is joined from the utterances that were understood', () => {
    expect(heard('', 'follow me', 'fast')).toMatchObject({
      text: 'follow me fast',
      entry: 'follow',
      slots: { speed: 2 },
      confidence: 0.9,
    });
  });

  it('is counted, with voice stops apart, and the confusions with the most frequent first', () => {
    const score = scoreOf(dialog, [
      judged('hello', 'hello'),
      judged('hello', 'stop'),
      judged('hi there', 'stop now'),
      judged('stop', ''),
      judged('shop', 'stop'),
      judged('top', ''),
      judged(undefined, 'hello'),
    ]);
    expect(score).toEqual({
      labelled: 6,
      meant: 4,
      right: 1,
      wrong: 2,
      rejected: 1,
      other: 2,
      falseAccepts: 1,
      falseStops: 1,
      confusions: [
        { meant: 'hello', heard: 'stop', times: 2 },
        { meant: '(other) shop', heard: 'stop', times: 1 },
      ],
    });
  });
});

describe('noise mixed into a recording', () => {
  const tone = (amplitude: number, length = 16_000) => ({
    rate: 16_000 as const,
    samples: Int16Array.from({ length }, (_, i) => Math.round(amplitude * Math.sin(i / 5))),
  });
  const quiet = { rate: 16_000 as const, samples: new Int16Array(16_000) };
  const noise = {
    rate: 16_000 as const,
    samples: Int16Array.from({ length: 30_000 }, (_, i) => ((i * 7_919) % 201) - 100),
  };
  const rms = (samples: Int16Array) =>
    Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);

  it('has the given distance to the speech, whose pauses do not count', () => {
    const speech = tone(8_000);
    const paused = { rate: 16_000 as const, samples: new Int16Array(48_000) };
    paused.samples.set(speech.samples, 16_000);
    const mixed = withNoiseAt(paused, noise, 12, 'a');
    const level = rms(mixed.samples.subarray(0, 16_000));
    expect(20 * Math.log10(rms(speech.samples) / level)).toBeCloseTo(12, 0);
  });

  it('is the same for the same name, another stretch for another, and nothing for silence', () => {
    const speech = tone(8_000);
    expect(withNoiseAt(speech, noise, 6, 'a')).toEqual(withNoiseAt(speech, noise, 6, 'a'));
    expect(withNoiseAt(speech, noise, 6, 'a')).not.toEqual(withNoiseAt(speech, noise, 6, 'b'));
    expect(withNoiseAt(quiet, noise, 6, 'a')).toEqual(quiet);
    expect(withNoiseAt(speech, quiet, 6, 'a')).toEqual(speech);
  });
});

describe('utterances', () => {
  const start = (sample: number) => ({ type: 'speech.start' as const, sample });
  const stop = (sample: number) => ({ type: 'speech.stop' as const, sample });

  it('end with a pause of the given length, and with the recording', () => {
    expect(spansOf([start(10), stop(20), start(25), stop(40), start(60)], 100, 10)).toEqual([
      { from: 10, to: 40 },
      { from: 60, to: 100 },
    ]);
    expect(spansOf([], 100, 10)).toEqual([]);
  });
});
