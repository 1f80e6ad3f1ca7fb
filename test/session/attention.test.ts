import { describe, expect, it } from 'vitest';
import type { ReadWords } from '../../machines/session/turn/reading.ts';
import type { Conversation } from '../../testing/conversation.ts';
import type { SttScript } from '../../testing/scripted-engines.ts';
import {
  answered,
  answeredAloud,
  askAloud,
  backToIdle,
  parameters,
  playback,
  REPLY,
  type Scene,
  say,
  scene,
  type Talk,
  user,
} from './scene.ts';

const read: ReadWords = (text) => (text.includes('turn') ? { askBelow: 0 } : undefined);

function attentive(
  attention: Scene['attention'],
  said: readonly SttScript[],
  replies = [REPLY],
): Promise<Talk> {
  return scene({
    ...{ said, read, replies },
    ...(attention && { attention }),
    parameters: parameters({
      attention: { windowMs: 5_000 },
      words: { wake: ['robot'], halt: ['stop'] },
    }),
  });
}

const led = (talk: Conversation) => talk.of('attention').map(({ state }) => state);
const turns = (talk: Talk) => talk.asked.map((messages) => messages.at(-1));

/** Says something, and waits until it was answered or dropped. */
async function said(talk: Conversation): Promise<void> {
  await say(talk, 900, 1_200);
  await backToIdle(talk);
}

describe('with attention: wake', () => {
  it('speech without the wake phrase gets no answer, not even that it was not understood', async () => {
    const talk = await attentive('wake', [{ text: 'turn left' }, { text: '' }]);
    await said(talk);
    await said(talk);
    expect(talk.of('reply')).toEqual([]);
    expect(led(talk)).toEqual(['asleep']);
  });

  it('the wake phrase and an order in one breath are a turn of the order', async () => {
    const talk = await attentive('wake', [{ text: 'Robot, turn left.' }]);
    await answeredAloud(talk);
    expect(turns(talk)).toEqual([user('turn left')]);
    expect(led(talk)).toEqual(['asleep', 'awake', 'window']);
  });

  it('the wake phrase alone opens the window, in which none is needed', async () => {
    const talk = await attentive('wake', [{ text: 'robot' }, { text: 'turn left' }]);
    await said(talk);
    expect(led(talk)).toEqual(['asleep', 'awake', 'window']);
    await answeredAloud(talk);
    expect(turns(talk)).toEqual([user('turn left')]);
  });

  it('the window closes, and a turn that began in it is still taken', async () => {
    const talk = await attentive('wake', [{ text: 'robot' }, { text: 'turn left' }, { text: 'turn right' }]);
    await said(talk);
    await talk.beSilent(3_500);
    await answeredAloud(talk, 2_000);
    expect(turns(talk)).toEqual([user('turn left')]);
    await talk.beSilent(5_100);
    expect(led(talk).at(-1)).toBe('asleep');
    await said(talk);
    expect(turns(talk)).toEqual([user('turn left')]);
  });

  it('the voice stop works asleep', async () => {
    const talk = await attentive('wake', [{ text: 'stop' }]);
    await say(talk);
    expect(talk.state).toBe('stopped');
  });

  it('a typed turn is always taken, and wakes', async () => {
    const talk = await attentive('wake', [{ text: 'turn left' }]);
    await answered(talk, 'hello');
    await talk.beSilent(100);
    await answeredAloud(talk);
    expect(turns(talk)).toEqual([user('hello'), user('turn left')]);
  });
});

describe('with attention: addressed', () => {
  it('what is plainly not for the robot gets no answer', async () => {
    const talk = await attentive('addressed', [
      { text: '' },
      { text: 'and then we went all the way back to the station' },
    ]);
    await said(talk);
    await said(talk);
    expect(talk.of('reply')).toEqual([]);
  });

  it('what the dialog knows, short words, and anything after a question of ours are answered', async () => {
    const talk = await attentive(
      'addressed',
      [
        { text: 'would you please be so kind and turn left' },
        { text: 'who are you' },
        { text: 'and then we went all the way back to the station' },
        { text: 'and there we waited for the next train to come' },
      ],
      ['Turning left.', 'Where were you?', 'I see.'],
    );
    for (let turn = 0; turn < 3; turn++) {
      await answeredAloud(talk);
      await talk.beSilent(100);
    }
    await said(talk);
    expect(turns(talk)).toHaveLength(3);
  });

  it('a sound without words over a reply makes it softer and does not interrupt it', async () => {
    const talk = await attentive('addressed', [{ text: 'turn left' }, { text: '', finalMs: 1 }]);
    await askAloud(talk);
    await talk.wait(300);
    await say(talk, 1_500);
    await backToIdle(talk);
    expect(playback(talk)).toEqual(['paused', 'ducked', 'playing']);
    expect(talk.of('reply.end').map(({ reason }) => reason)).toEqual(['completed']);
  });

  it('words that are not for the robot do not interrupt, and words that may be do', async () => {
    for (const [text, reason] of [
      ['and then we went all the way back to the station', 'completed'],
      ['turn right', 'interrupted'],
    ] as const) {
      const talk = await attentive('addressed', [{ text: 'turn left' }, { text, finalMs: 1 }]);
      await askAloud(talk);
      await talk.wait(300);
      await say(talk, 400);
      await backToIdle(talk);
      expect(talk.of('reply.end')[0]?.reason).toBe(reason);
    }
  });
});

it('with attention: push the ear takes no turn; a commit makes one', async () => {
  const talk = await attentive('push', [{ text: 'turn left' }]);
  await say(talk);
  expect(talk.of('speech')).toEqual([]);
  talk.send({ type: 'clear' });
  await talk.speak(500);
  talk.send({ type: 'commit' });
  await talk.until(() => talk.state === 'speaking');
  expect(turns(talk)).toEqual([user('turn left')]);
  await backToIdle(talk);
});

describe('speech in which the recogniser is sure to hear nothing that the robot knows', () => {
  const unlike = (confidence: number): SttScript => ({
    text: '',
    rejected: { reason: 'unlike', nearest: 'turn left', confidence },
  });

  it('gets no reply; what is a little like a phrase gets the apology', async () => {
    const talk = await attentive(undefined, [unlike(0.005), unlike(0.1)]);
    await said(talk);
    await said(talk);
    expect(talk.of('reply').map(({ text }) => text)).toEqual(['Sorry, I did not get that.']);
  });

  it('gets the apology where the robot has asked something, or the client has ended the turn', async () => {
    const talk = await attentive(undefined, [{ text: 'turn left' }, unlike(0.005)], ['Which way?']);
    await answeredAloud(talk);
    await said(talk);
    const pushed = await attentive('push', [unlike(0.005)]);
    await pushed.speak(900);
    pushed.send({ type: 'commit' });
    await backToIdle(pushed);
    for (const { heard } of [talk, pushed])
      expect(heard.findLast(({ type }) => type === 'reply')).toMatchObject({
        text: 'Sorry, I did not get that.',
      });
  });
});

it('a session that always listens says nothing about it', async () => {
  const talk = await attentive(undefined, [{ text: 'turn left' }]);
  await answeredAloud(talk);
  expect(led(talk)).toEqual([]);
});
