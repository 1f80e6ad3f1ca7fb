import { describe, expect, it } from 'vitest';
import { withRecogniser } from '../../actors/dialog/mod.ts';
import type { VadEngine, VadWindow } from '../../actors/ports/vad.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { settle } from '../../testing/conversation.ts';
import { askByText, backToIdle, parameters, playback, REPLY, type Scene, scene, type Talk } from './scene.ts';

const WINDOW = 512;

/** A conversation whose detector says what the test says, a window of 32 ms at a time. */
async function ducking(options: Scene = {}) {
  const clock = new VirtualClock({ settle });
  let hear: (window: VadWindow) => void = () => {};
  let at = 0;
  const vad: VadEngine = {
    name: 'by hand',
    open: (onWindow) => {
      hear = onWindow;
      return { push: () => {}, close: () => {} };
    },
    close: async () => {},
  };
  const talk = await scene({ clock, vad, ...options });
  await askByText(talk);
  await talk.wait(400);
  const windows = async (...probabilities: readonly number[]) => {
    for (const probability of probabilities) {
      await talk.wait(32);
      hear({ startSample: at, samples: WINDOW, probability });
      at += WINDOW;
    }
  };
  return { talk, windows };
}

/** Frames sent between two changes of the playback, by the state that they were sent in. */
function framesBy(talk: Talk): Record<string, number> {
  let state = 'playing';
  const counts: Record<string, number> = {};
  for (const one of talk.heard) {
    if (one.type === 'playback') state = one.state;
    else if (one.type === 'audio') counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

describe('a first sign of speech during a reply', () => {
  it('makes it softer, and then loud again if nothing follows, without a gap', async () => {
    const { talk, windows } = await ducking();
    await windows(0.7, 0.1, 0.1, 0.1, 0.1);
    expect(playback(talk)).toEqual(['ducked']);
    await windows(0.1);
    expect(playback(talk)).toEqual(['ducked', 'playing']);
    await backToIdle(talk);
    expect(framesBy(talk).ducked).toBeGreaterThan(5);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
    expect(talk.of('speech')).toEqual([]);
  });

  it('keeps it soft while more signs come', async () => {
    const { talk, windows } = await ducking();
    await windows(0.7, 0.1, 0.1, 0.7, 0.1, 0.1, 0.7, 0.1, 0.1);
    expect(playback(talk)).toEqual(['ducked']);
    await backToIdle(talk);
    expect(playback(talk)).toEqual(['ducked', 'playing']);
  });

  it('makes it softer before certain speech pauses it', async () => {
    const { talk, windows } = await ducking({ said: [{ text: 'wait' }], replies: [REPLY, 'Fine.'] });
    await windows(0.7, 0.99, 0.99);
    expect(playback(talk)).toEqual(['ducked', 'paused']);
    await windows(...Array<number>(10).fill(0.99), ...Array<number>(30).fill(0.01));
    await talk.until(() => talk.of('reply.end').length === 2);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted' }, { heard: 'Fine.' }]);
  });

  it('changes nothing if speech does not interrupt, or ducking is turned off', async () => {
    const deaf = await ducking();
    deaf.talk.send({ type: 'settings', turnDetection: { mode: 'auto', interrupt: false } });
    await deaf.windows(0.7, 0.1);
    expect(playback(deaf.talk)).toEqual([]);
    const never = await ducking({ parameters: parameters({ bargeIn: { duckMs: 0 } }) });
    await never.windows(0.7, 0.1);
    expect(playback(never.talk)).toEqual([]);
  });

  it('is an event only while a reply sounds', async () => {
    const { talk, windows } = await ducking();
    await backToIdle(talk);
    await windows(0.7, 0.1);
    expect(talk.log.filter((one) => one.type === 'event' && one.event.type === 'speech.hint')).toEqual([]);
  });
});

describe('a sound whose meaning is not clear', () => {
  it('lets the reply go on softer as soon as its words are a listener’s', async () => {
    const { talk, windows } = await ducking({ said: [{ partial: 'mm', text: 'mm' }] });
    await windows(...Array<number>(20).fill(0.99), ...Array<number>(8).fill(0.01));
    await backToIdle(talk);
    expect(playback(talk)).toEqual(['paused', 'ducked', 'playing']);
    expect(framesBy(talk).paused).toBeUndefined();
    expect(framesBy(talk).ducked).toBeGreaterThan(10);
  });

  it('leaves it paused for 200 ms once the sound has ended, then lets it go on softer until its words decide', async () => {
    const { talk, windows } = await ducking({ said: [{ text: '', finalMs: 400 }] });
    await windows(0.99, 0.99, ...Array<number>(20).fill(0.01));
    await backToIdle(talk);
    expect(playback(talk)).toEqual(['paused', 'ducked', 'playing']);
    expect(framesBy(talk).ducked).toBe(10);
  });

  it('lets it go on softer at once if it need not wait for words', async () => {
    const { talk, windows } = await ducking({
      said: [{ text: '', finalMs: 400 }],
      parameters: parameters({ bargeIn: { wordsMs: 0 } }),
    });
    await windows(0.99, 0.99, ...Array<number>(20).fill(0.01));
    await backToIdle(talk);
    expect(playback(talk)).toEqual(['paused', 'ducked', 'playing']);
    expect(framesBy(talk).ducked).toBe(20);
  });

  it('ends it by a word known just after the sound, and nothing of it is heard in between', async () => {
    const { talk, windows } = await ducking({
      said: [{ text: 'wait', finalMs: 100 }],
      replies: [REPLY, 'Fine.'],
    });
    await windows(0.99, 0.99, ...Array<number>(30).fill(0.01));
    await talk.until(() => talk.of('reply.end').length === 2);
    expect(playback(talk)).toEqual(['paused']);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted' }, { heard: 'Fine.' }]);
  });

  it('ends it by a sentence whose words are known only at its end, and nothing is heard meanwhile', async () => {
    const { talk, windows } = await ducking({
      said: [{ text: 'tell me a joke', finalMs: 100 }],
      replies: [REPLY, 'Fine.'],
      parameters: withRecogniser(parameters({}), true),
    });
    await windows(...Array<number>(32).fill(0.99), ...Array<number>(30).fill(0.01));
    await talk.until(() => talk.of('reply.end').length === 2);
    expect(playback(talk)).toEqual(['paused']);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted' }, { heard: 'Fine.' }]);
  });

  it('makes it softer, and does not end it, where words would be known by now', async () => {
    const { talk, windows } = await ducking({
      said: [{ text: '' }],
      parameters: withRecogniser(parameters({ bargeIn: { firstWordsMs: 200 } }), true),
    });
    await windows(...Array<number>(30).fill(0.99), ...Array<number>(30).fill(0.01));
    await backToIdle(talk);
    expect(playback(talk)).toEqual(['paused', 'ducked', 'playing']);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it('never pauses the reply if it is not to be paused at once, and ends it when it is clear', async () => {
    const options: Scene = { parameters: parameters({ bargeIn: { pauseAtOnce: false } }) };
    const kept = await ducking({ ...options, said: [{ partial: 'mm', text: 'mm' }] });
    await kept.windows(...Array<number>(10).fill(0.99), ...Array<number>(8).fill(0.01));
    await backToIdle(kept.talk);
    expect(playback(kept.talk)).toEqual(['ducked', 'playing']);
    const ended = await ducking({ ...options, said: [{ text: 'wait' }], replies: [REPLY, 'Fine.'] });
    await ended.windows(...Array<number>(12).fill(0.99), ...Array<number>(30).fill(0.01));
    await ended.talk.until(() => ended.talk.of('reply.end').length === 2);
    expect(playback(ended.talk)).toEqual(['ducked']);
    expect(ended.talk.of('reply.end')).toMatchObject([{ reason: 'interrupted' }, { heard: 'Fine.' }]);
  });
});
