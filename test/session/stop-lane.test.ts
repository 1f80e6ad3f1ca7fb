import { describe, expect, it } from 'vitest';
import type { ActionPort } from '../../actors/ports/action.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { SttScript } from '../../testing/scripted-engines.ts';
import {
  askAloud,
  askByText,
  backToIdle,
  parameters,
  playback,
  REPLY,
  say,
  scene,
  type Talk,
} from './scene.ts';

const SUSPECTED = { type: 'stop.suspected', phrase: 'stop', sample: 0, ageMs: 40 } as const;
const REFUTED = { type: 'stop.refuted' } as const;
const CONFIRMED = { type: 'stop.confirmed', phrase: 'stop' } as const;

function holds(talk: Talk): (boolean | undefined)[] {
  return talk.of('hold').map(({ held }) => held);
}

function framesAfter(talk: Talk, atMs: number, untilMs = Number.POSITIVE_INFINITY): readonly LogEntry[] {
  return talk.log.filter((one) => one.type === 'frame' && one.atMs > atMs && one.atMs < untilMs);
}

function now(talk: Talk): number {
  return talk.log.at(-1)?.atMs ?? 0;
}

const WAVE = {
  text: 'I wave. And now there is more to say.',
  actions: [{ type: 'action', id: 'a', name: 'wave', args: {} } as const],
};

/** A brief noise that begins sooner may be the robot's own voice, and is held back for 0.6 s. */
const BEGINNING_MS = 900;

describe('a stop that the recogniser rejects too narrowly', () => {
  const rejected = (nearest: string, confidence: number): SttScript => ({
    text: '',
    ...{ partial: 'mhm', rejected: { reason: 'unlike', nearest, confidence } },
  });

  /** Over a reply a user says what the recogniser rejects; the lane suspects a stop in it if `suspected`. */
  async function stateAfter(script: SttScript, suspected: boolean): Promise<string> {
    const talk = await scene({ said: [script], parameters: parameters({ words: { halt: ['stop'] } }) });
    await askByText(talk);
    await talk.wait(300);
    await talk.speak(300);
    if (suspected) talk.stopHeard(SUSPECTED);
    await talk.speak(100);
    if (suspected) talk.stopHeard(REFUTED);
    await talk.beSilent(800);
    return talk.state;
  }

  it('is one if the lane suspected it, even if it then refuted it', async () => {
    expect(await stateAfter(rejected('stop', 0.3), true)).toBe('stopped');
  });

  it('is none without the lane, far from the phrase, or nearer to another one', async () => {
    expect(await stateAfter(rejected('stop', 0.3), false)).not.toBe('stopped');
    expect(await stateAfter(rejected('stop', 0.1), true)).not.toBe('stopped');
    expect(await stateAfter(rejected('mhm', 0.3), true)).toBe('speaking');
  });
});

describe('the stop lane of a session', () => {
  it('listens from when the robot moves, or also when it speaks, as its spotter asks', async () => {
    for (const [when, begun] of [
      ['acting', [0, 0, 1]],
      ['busy', [0, 1, 2]],
      ['always', [1, 2, 3]],
    ] as const) {
      let stretches = 0;
      const heard: number[] = [];
      const listen = () => {
        stretches += 1;
        return { push() {}, end() {}, abort() {} };
      };
      const talk = await scene({
        said: [{ text: 'hello' }, { text: '' }, { text: '' }],
        stopSpotter: { name: 'counting', phrases: ['stop'], when, listen, close: async () => {} },
      });
      await say(talk, 500, 1_000);
      heard.push(stretches);
      await say(talk, 100, 1_000);
      heard.push(stretches);
      await backToIdle(talk);
      talk.send({ type: 'body', moving: true, noise: -80 });
      await say(talk, 100, 1_000);
      heard.push(stretches);
      await backToIdle(talk);
      expect([when, heard]).toEqual([when, begun]);
    }
  });
});

describe('a suspected stop', () => {
  it('pauses the reply at once and lets it go on at the same sample when it is refuted', async () => {
    const talk = await scene();
    await askByText(talk);
    await talk.wait(400);
    const atMs = now(talk);
    talk.stopHeard(SUSPECTED);
    expect(playback(talk)).toEqual(['paused']);
    expect(talk.of('hold')).toEqual([{ type: 'hold', held: true, phrase: 'stop' }]);
    await talk.wait(300);
    expect(framesAfter(talk, atMs)).toEqual([]);
    talk.stopHeard(REFUTED);
    expect(playback(talk)).toEqual(['paused', 'playing']);
    expect(holds(talk)).toEqual([true, false]);
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
    const seqs = talk.of('audio').map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, i) => i));
  });

  it('lasts 500 ms at most, however often it is suspected', async () => {
    const talk = await scene();
    await askByText(talk);
    await talk.wait(400);
    const atMs = now(talk);
    talk.stopHeard(SUSPECTED);
    await talk.wait(300);
    talk.stopHeard(SUSPECTED);
    await talk.wait(199);
    expect(playback(talk)).toEqual(['paused']);
    await talk.wait(1);
    expect(playback(talk)).toEqual(['paused', 'playing']);
    expect(framesAfter(talk, atMs, atMs + 500)).toEqual([]);
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it('that is confirmed is in force at once, and only rearm leaves it', async () => {
    const actions: ActionPort = {
      run: (_request, signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    };
    const talk = await scene({ replies: [WAVE], actions });
    await askByText(talk);
    await talk.wait(200);
    talk.stopHeard(SUSPECTED);
    talk.stopHeard(CONFIRMED);
    expect(talk.state).toBe('stopped');
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted' }]);
    expect(talk.of('action').at(-1)).toMatchObject({ status: 'cancelled' });
    // Nothing asks the robot to continue before it is stopped.
    expect(holds(talk)).toEqual([true]);
    await talk.wait(1_000);
    talk.stopHeard(SUSPECTED);
    expect(holds(talk)).toEqual([true]);
    talk.send({ type: 'rearm' });
    expect(talk.state).toBe('idle');
  });

  it('needs no suspicion before it: a confirmed one stops in every state', async () => {
    const talk = await scene();
    talk.stopHeard(CONFIRMED);
    expect(talk.state).toBe('stopped');
    talk.stopHeard(CONFIRMED);
    talk.send({ type: 'rearm' });
    await talk.speak(300);
    talk.stopHeard(CONFIRMED);
    expect(talk.state).toBe('stopped');
  });

  it('holds and stops a robot that sleeps, and one whose motors are heard', async () => {
    const asleep = await scene({ attention: 'wake', parameters: parameters({ words: { wake: ['robot'] } }) });
    const moving = await scene();
    moving.send({ type: 'body', moving: true });
    for (const talk of [asleep, moving]) {
      talk.stopHeard(SUSPECTED);
      talk.stopHeard(REFUTED);
      expect(holds(talk)).toEqual([true, false]);
      talk.stopHeard(SUSPECTED);
      talk.stopHeard(CONFIRMED);
      expect(talk.state).toBe('stopped');
    }
    expect(asleep.of('attention')).toMatchObject([{ state: 'asleep' }]);
  });

  it('keeps a reply from beginning to sound', async () => {
    const talk = await scene();
    talk.stopHeard(SUSPECTED);
    const atMs = now(talk);
    talk.send({ type: 'text', text: 'hello' });
    await talk.wait(490);
    expect(framesAfter(talk, atMs)).toEqual([]);
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it('keeps an action from beginning', async () => {
    const talk = await scene({ replies: [WAVE] });
    talk.stopHeard(SUSPECTED);
    const atMs = now(talk);
    talk.send({ type: 'text', text: 'hello' });
    await backToIdle(talk);
    const begun = talk.log.find(({ type }) => type === 'action.start');
    expect(begun?.atMs).toBeGreaterThanOrEqual(atMs + 500);
    expect(talk.of('action').map(({ status }) => status)).toEqual(['started', 'done']);
  });

  it('leaves a reply paused that is paused for the user, and the user’s words decide', async () => {
    const talk = await scene({ said: [{ text: 'hello' }, { text: 'mm' }] });
    await askAloud(talk);
    await talk.beSilent(BEGINNING_MS);
    await talk.speak(100);
    talk.stopHeard(SUSPECTED);
    talk.stopHeard(REFUTED);
    expect(playback(talk)).toEqual(['paused', 'paused']);
    await talk.beSilent(500);
    await backToIdle(talk);
    expect(playback(talk)).toEqual(['paused', 'paused', 'playing']);
  });

  it('outlives the verdict on a sound: the reply stays paused until the suspicion is over', async () => {
    const talk = await scene({ said: [{ text: 'hello' }, { text: '' }] });
    await askAloud(talk);
    await talk.beSilent(BEGINNING_MS);
    await talk.speak(100);
    talk.stopHeard(SUSPECTED);
    await talk.beSilent(400);
    expect(playback(talk)).toEqual(['paused', 'paused']);
    await talk.beSilent(100);
    expect(playback(talk)).toEqual(['paused', 'paused', 'playing']);
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it('is sent to the client of an idle robot too, and ends with a barge-in like any reply', async () => {
    const talk = await scene({ replies: [REPLY, 'Fine.'] });
    talk.stopHeard(SUSPECTED);
    await talk.wait(600);
    expect(holds(talk)).toEqual([true, false]);
    await askByText(talk);
    talk.stopHeard(SUSPECTED);
    await say(talk, 700);
    await talk.until(() => talk.of('reply.end').length === 2);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted' }, { heard: 'Fine.' }]);
  });
});
