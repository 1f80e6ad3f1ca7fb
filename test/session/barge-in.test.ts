import { describe, expect, it } from 'vitest';
import type { SttEngine } from '../../actors/ports/stt.ts';
import type { VadEngine, VadWindow } from '../../actors/ports/vad.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { type Conversation, settle } from '../../testing/conversation.ts';
import { pause } from '../../testing/scripted-engines.ts';
import {
  answeredAloud,
  askAloud,
  askByText,
  assistant,
  backToIdle,
  parameters,
  playback,
  REPLY,
  say,
  scene,
  user,
} from './scene.ts';

/** A brief noise that begins sooner may be the robot's own voice, and is held back for 0.6 s. */
const BEGINNING_MS = 900;

/** Time of the first matching message, and of the last frame, from the session's log. */
function loggedAtMs(talk: Conversation, fits: (message: { readonly type: string }) => boolean): number {
  const entry = talk.log.find(
    (one) => one.type === 'command' && one.command.type === 'publish' && fits(one.command.message),
  );
  if (!entry) throw new Error('nothing of that kind was logged');
  return entry.atMs;
}

function frames(talk: Conversation, generation = 1) {
  return talk.of('audio').filter((frame) => frame.generation === generation);
}

describe('speech during a reply', () => {
  it('pauses the playback at once, and interrupts after 250 ms', async () => {
    const talk = await scene({
      said: [{ text: 'hello' }, { text: 'wait a moment' }],
      replies: [REPLY, 'Fine.'],
    });
    await askAloud(talk);
    await talk.beSilent(600);
    await say(talk, 800);
    await talk.until(() => talk.of('reply.end').length === 2);
    const pausedAtMs = loggedAtMs(talk, ({ type }) => type === 'playback');
    const flushAtMs = loggedAtMs(talk, ({ type }) => type === 'flush');
    const startAtMs = talk.log.filter((one) => one.type === 'event' && one.event.type === 'speech.start')[1]
      ?.atMs;
    expect(pausedAtMs).toBe(startAtMs);
    expect(flushAtMs).toBe(pausedAtMs + 250);
    expect(
      talk.log.filter((one) => one.type === 'frame' && one.generation === 1 && one.atMs > pausedAtMs),
    ).toEqual([]);
    const [first, second] = talk.of('reply.end');
    expect(first).toMatchObject({ turn: 1, reason: 'interrupted' });
    expect(second).toMatchObject({ turn: 2, reason: 'completed', heard: 'Fine.' });
    expect(talk.asked[1]).toEqual([user('hello'), assistant(first?.heard ?? '?'), user('wait a moment')]);
    expect(talk.of('flush')).toEqual([{ type: 'flush', generation: 1 }]);
  });

  it('interrupts sooner with a word that is not a backchannel', async () => {
    const talk = await scene({ said: [{ text: 'hello' }, { partial: 'stop', text: 'stop that' }] });
    await askAloud(talk);
    await talk.beSilent(600);
    await talk.speak(600);
    const pausedAtMs = loggedAtMs(talk, ({ type }) => type === 'playback');
    expect(loggedAtMs(talk, ({ type }) => type === 'flush')).toBeLessThan(pausedAtMs + 100);
    await talk.beSilent(900);
    await backToIdle(talk);
  });

  it.each([
    ['en', 'uh-huh'],
    ['zh-CN', '嗯'],
    ['ja', 'うんうん'],
  ])(
    'that is a listener’s sound (%s) lets the reply continue at the same sample, without a turn',
    async (language, sound) => {
      const talk = await scene({ language, said: [{ text: 'hello' }, { partial: sound, text: sound }] });
      await askAloud(talk);
      await talk.beSilent(600);
      await say(talk, 400);
      await backToIdle(talk);
      expect(playback(talk)).toEqual(['paused', 'ducked', 'playing']);
      expect(talk.of('reply.end')).toMatchObject([{ turn: 1, reason: 'completed', heard: REPLY }]);
      expect(talk.turns).toHaveLength(1);
      const untouched = await scene({ language });
      await answeredAloud(untouched);
      // The same audio, but with a pause in it.
      expect(frames(talk).map(({ seq }) => seq)).toEqual(frames(untouched).map(({ seq }) => seq));
      expect(frames(talk).map(({ samples }) => samples)).toEqual(
        frames(untouched).map(({ samples }) => samples),
      );
    },
  );

  it('that is a short noise lets the reply continue', async () => {
    const talk = await scene({ said: [{ text: 'hello' }, { text: '' }] });
    await askAloud(talk);
    await talk.beSilent(BEGINNING_MS);
    await say(talk, 100, 400);
    await backToIdle(talk);
    expect(playback(talk)).toEqual(['paused', 'playing']);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it('that is a noise as the reply begins, behind which the client sends no audio, lets the reply continue too', async () => {
    const talk = await scene({ said: [{ text: 'hello' }, { text: '' }] });
    await askAloud(talk);
    await talk.beSilent(200);
    await say(talk, 100, 300);
    await backToIdle(talk);
    expect(playback(talk)).toEqual(['paused', 'playing']);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it('that is short lets the reply continue if its words do not arrive in time', async () => {
    const talk = await scene({ said: [{ text: 'hello' }, { text: 'stop', finalMs: 3_000 }] });
    await askAloud(talk);
    await talk.beSilent(600);
    await say(talk, 100, 1_400);
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed' }]);
  });

  it('that is one short word interrupts once the word is known', async () => {
    const talk = await scene({
      said: [{ text: 'hello' }, { text: 'stop', finalMs: 200 }],
      replies: [REPLY, 'Fine.'],
    });
    await askAloud(talk);
    await talk.beSilent(600);
    await say(talk, 100, 900);
    await talk.until(() => talk.of('reply.end').length === 2);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted' }, { turn: 2, reason: 'completed' }]);
    expect(talk.turns[1]).toMatchObject({ userText: 'stop' });
  });

  it('that continues after recognition was asked to finish is heard to the end', async () => {
    const clock = new VirtualClock({ settle });
    const finals = ['hello', 'stop', 'stop and go home'];
    let utterances = 0;
    const stt: SttEngine = {
      name: 'slow',
      async *transcribe(audio, _request, signal) {
        const number = utterances++;
        for await (const _ of audio);
        // The second utterance's first word arrives after its end was requested, and its last one long after that.
        if (number === 1) {
          yield { type: 'partial', text: 'stop' };
          await pause(clock, 2_000, signal);
        }
        yield { type: 'final', text: finals[number] ?? '' };
      },
      close: async () => {},
    };
    const talk = await scene({ clock, stt, replies: [REPLY, 'Fine.'] });
    await askAloud(talk);
    await talk.beSilent(BEGINNING_MS);
    await say(talk, 100, 300);
    expect(talk.state).toBe('listening');
    await say(talk, 600);
    await talk.until(() => talk.of('reply.end').length === 2);
    expect(talk.turns[1]).toMatchObject({ userText: 'stop and go home' });
  });

  it('that is a yes interrupts a reply that asks something, and no other', async () => {
    for (const [reply, reason] of [
      [REPLY, 'completed'],
      ['Shall I? There are two chairs.', 'interrupted'],
    ] as const) {
      const talk = await scene({
        said: [{ text: 'hello' }, { partial: 'yes', text: 'yes' }],
        replies: [reply],
      });
      await askAloud(talk);
      await talk.wait(300);
      await say(talk, 200);
      await backToIdle(talk);
      expect(talk.of('reply.end')[0]?.reason).toBe(reason);
    }
  });

  it('that continues after a backchannel interrupts', async () => {
    const talk = await scene({
      said: [{ text: 'hello' }, { partial: 'yeah', text: 'yeah but no' }],
      parameters: parameters({ bargeIn: { backchannelMaxMs: 1_000 } }),
    });
    await askAloud(talk);
    await talk.beSilent(300);
    await say(talk, 1_500);
    await talk.until(() => talk.of('reply.end').length === 1);
    const duckedAtMs = loggedAtMs(talk, (message) => 'state' in message && message.state === 'ducked');
    expect(loggedAtMs(talk, ({ type }) => type === 'flush')).toBe(duckedAtMs + 1_000);
    await talk.until(() => talk.state === 'speaking');
    await backToIdle(talk);
  });

  it('that is what the robot is saying is not an interruption', async () => {
    const talk = await scene({ said: [{ partial: 'there are', text: 'there are two chairs' }] });
    await askByText(talk);
    await talk.wait(500);
    await say(talk, 900, 400);
    await backToIdle(talk);
    expect(playback(talk)).toEqual(['paused', 'ducked', 'playing']);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
    expect(talk.turns).toHaveLength(1);
  });

  it.each([
    ['says other words', 'two lamps', []],
    ['repeats what was said long ago', 'there are', []],
    ['says a stop phrase that the robot is saying', 'a desk', ['a desk']],
  ])('interrupts if the user %s', async (_, text, halt) => {
    const talk = await scene({
      said: [{ partial: text, text }],
      replies: [REPLY, 'Fine.'],
      parameters: parameters({ words: { halt } }),
    });
    await askByText(talk);
    await talk.wait(1_700);
    await say(talk, 300, 900);
    await talk.until(() => talk.of('reply.end').length > 0);
    expect(talk.of('reply.end')[0]).toMatchObject({ reason: 'interrupted' });
  });

  it('twice in a row interrupts twice', async () => {
    const talk = await scene({ said: [{ text: 'one' }, { text: 'two' }, { text: 'three' }] });
    await askAloud(talk);
    for (let i = 0; i < 2; i++) {
      await talk.beSilent(500);
      await askAloud(talk);
    }
    await backToIdle(talk);
    expect(talk.of('reply.end').map(({ turn, generation, reason }) => [turn, generation, reason])).toEqual([
      [1, 1, 'interrupted'],
      [2, 2, 'interrupted'],
      [3, 3, 'completed'],
    ]);
  });

  it('with a noise twice in a row pauses and resumes twice', async () => {
    const LONG = `${REPLY} ${REPLY}`;
    const talk = await scene({ said: [{ text: 'one' }, { text: '' }], replies: [LONG] });
    await askAloud(talk);
    await talk.beSilent(BEGINNING_MS - 200);
    for (let i = 0; i < 2; i++) {
      await talk.beSilent(200);
      await say(talk, 100, 300);
    }
    // The second follows the beginning of what is left of the reply.
    await talk.beSilent(600);
    await backToIdle(talk);
    expect(playback(talk)).toEqual(['paused', 'playing', 'paused', 'playing']);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: LONG }]);
  });

  it('that the recogniser fails on lets the reply continue if it is short, with an error for the user', async () => {
    const talk = await scene({ said: [{ text: 'hello' }, { fails: new ParleyError('STT_FAILED') }] });
    await askAloud(talk);
    await talk.beSilent(BEGINNING_MS);
    await say(talk, 100, 400);
    await backToIdle(talk);
    expect(talk.of('error')).toMatchObject([{ code: 'STT_FAILED' }]);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it('that the recogniser fails on interrupts if it is long, and is answered by the phrase', async () => {
    const talk = await scene({ said: [{ text: 'hello' }, { fails: new ParleyError('STT_FAILED') }] });
    await askAloud(talk);
    await talk.beSilent(400);
    await say(talk, 700);
    await talk.until(() => talk.of('reply.end').length === 2);
    expect(talk.of('error')).toMatchObject([{ code: 'STT_FAILED' }]);
    expect(talk.of('reply.end')).toMatchObject([
      { reason: 'interrupted' },
      { reason: 'failed', heard: 'Sorry, I could not hear that.' },
    ]);
  });

  it.each(['before', 'after'])(
    'in the same tick as the end of the reply, just %s it, loses neither',
    async (order) => {
      const clock = new VirtualClock({ settle });
      let hear: (window: VadWindow) => void = () => {};
      let at = 0;
      const windows = (count: number, probability: number) => {
        for (let i = 0; i < count; i++, at += 512) hear({ startSample: at, samples: 512, probability });
      };
      const open: VadEngine['open'] = (onWindow) => {
        hear = onWindow;
        return { push: () => {}, close: () => {} };
      };
      const vad: VadEngine = { name: 'by hand', open, close: async () => {} };
      const talk = await scene({ clock, vad, said: [{ text: 'again' }], replies: [REPLY, 'Fine.'] });
      await askByText(talk);
      const endsAtMs = (talk.of('audio')[0]?.atMs ?? 0) + REPLY.length * 60;
      // Timers with the same time fire in the order in which they were set.
      clock.setTimer(endsAtMs - clock.nowMs(), () => {
        if (order === 'before') windows(2, 0.99);
        else clock.setTimer(0, () => windows(2, 0.99));
      });
      await talk.wait(endsAtMs - clock.nowMs() + 400);
      windows(4, 0);
      await talk.until(() => talk.of('reply.end').length === 2);
      expect(talk.of('reply.end').map(({ turn, heard }) => [turn, heard])).toEqual([
        [1, REPLY],
        [2, 'Fine.'],
      ]);
      expect(talk.of('playback')).toHaveLength(order === 'before' ? 1 : 0);
    },
  );

  it('together with the client’s interrupt ends the reply once', async () => {
    const talk = await scene({
      said: [{ text: 'hello' }, { text: 'and now this' }],
      replies: [REPLY, 'Fine.'],
    });
    await askAloud(talk);
    await talk.beSilent(400);
    await talk.speak(120);
    talk.send({ type: 'interrupt' });
    await talk.speak(500);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted' }]);
    await talk.beSilent(800);
    await talk.until(() => talk.of('reply.end').length === 2);
    expect(talk.turns[1]).toMatchObject({ turn: 2, userText: 'and now this' });
  });
});

describe('the client’s interrupt', () => {
  it('ends a sounding reply', async () => {
    const talk = await scene();
    await askByText(talk);
    await talk.wait(1_000);
    talk.send({ type: 'interrupt' });
    await talk.wait(2_000);
    expect(talk.state).toBe('idle');
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted', heard: 'There are two' }]);
  });

  it('ends a reply that is still being generated', async () => {
    const talk = await scene();
    talk.send({ type: 'text', text: 'hello' });
    await talk.wait(50);
    talk.send({ type: 'interrupt' });
    await talk.wait(2_000);
    expect(talk.states()).toEqual(['idle', 'processing', 'idle']);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted', heard: '' }]);
    expect(talk.of('audio')).toEqual([]);
  });

  it('changes nothing without a reply', async () => {
    const talk = await scene();
    talk.send({ type: 'interrupt' });
    await talk.speak(300);
    talk.send({ type: 'interrupt' });
    await answeredAloud(talk, 300);
    expect(talk.of('reply.end')).toMatchObject([{ turn: 1, reason: 'completed' }]);
  });
});
