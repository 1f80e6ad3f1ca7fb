import { describe, expect, it } from 'vitest';
import type { Conversation } from '../../testing/conversation.ts';
import { backToIdle, parameters, REPLY, type Scene, say, scene } from './scene.ts';

/** Recognition takes a second: time for the client to send something first. */
const SLOW = 1_000;
const stops: Scene = {
  parameters: parameters({ words: { halt: ['stop'] }, deadlines: { sttMs: 3_000 } }),
  said: [{ text: 'Stop.', finalMs: SLOW }],
};

/** Says "stop" until its turn has ended; the transcript comes a second later. */
const untilTranscribing = async (talk: Conversation) => {
  await say(talk, 300, 500);
  await talk.until(() => talk.state === 'processing');
};
/** Is still saying it. */
const whileSaying = async (talk: Conversation) => {
  await talk.speak(250);
  await talk.until(() => talk.state === 'listening');
};

const discards: readonly [
  what: string,
  when: (talk: Conversation) => Promise<void>,
  act: (talk: Conversation) => void,
][] = [
  ['an interrupt before its transcript', untilTranscribing, (talk) => talk.send({ type: 'interrupt' })],
  ['a text before its transcript', untilTranscribing, (talk) => talk.send({ type: 'text', text: 'go on' })],
  ['a text while it is said', whileSaying, (talk) => talk.send({ type: 'text', text: 'go on' })],
  ['a clear while it is said', whileSaying, (talk) => talk.send({ type: 'clear' })],
  [
    'the change to manual turns while it is said',
    whileSaying,
    (talk) => talk.send({ type: 'settings', turnDetection: { mode: 'manual' } }),
  ],
  ['a lost connection before its transcript', untilTranscribing, (talk) => talk.present(false)],
  ['a lost connection while it is said', whileSaying, (talk) => talk.present(false)],
  [
    'an interrupt, and a text behind it',
    untilTranscribing,
    (talk) => {
      talk.send({ type: 'interrupt' });
      talk.send({ type: 'text', text: 'turn left' });
    },
  ],
  [
    'an interrupt, and words for Parley to say',
    untilTranscribing,
    (talk) => {
      talk.send({ type: 'interrupt' });
      talk.send({ type: 'respond', say: 'Here I go.' });
    },
  ],
  [
    'a text, and another language',
    untilTranscribing,
    (talk) => {
      talk.send({ type: 'text', text: 'go on' });
      talk.send({ type: 'settings', language: 'de' });
    },
  ],
];

describe('a spoken stop', () => {
  it.each(discards)('is in force although it is discarded by %s', async (_what, when, act) => {
    const talk = await scene(stops);
    await when(talk);
    act(talk);
    await talk.beSilent(SLOW + 1_500);
    expect(talk.state).toBe('stopped');
    expect(talk.asked).toEqual([]);
    expect(talk.of('audio')).toEqual([]);
    expect(talk.of('transcript').at(-1)).toMatchObject({ text: 'Stop.', final: true });
  });

  it('counts when the user goes on speaking before its transcript', async () => {
    const talk = await scene({
      ...stops,
      said: [{ text: 'stop', finalMs: SLOW }, { text: 'stop the music' }],
    });
    await untilTranscribing(talk);
    await say(talk, 400, 2_000);
    expect(talk.state).toBe('stopped');
  });

  it('counts over a reply, although its transcript is later than the verdict', async () => {
    const talk = await scene({
      ...stops,
      parameters: parameters({ words: { halt: ['stop'] }, bargeIn: { verdictMs: 500 } }),
      said: [{ text: 'hello' }, { text: 'stop', finalMs: SLOW }],
      replies: [`${REPLY} ${REPLY} ${REPLY}`],
    });
    await say(talk, 500, 900);
    await talk.until(() => talk.state === 'speaking');
    await talk.beSilent(300);
    await say(talk, 100, 700);
    expect(talk.state).toBe('speaking');
    await talk.beSilent(1_000);
    expect(talk.state).toBe('stopped');
  });

  it('counts by its words so far, when the recogniser fails or gives no words in time', async () => {
    for (const fault of [{ hangs: true }, { finalMs: 9_000 }]) {
      const talk = await scene({ ...stops, said: [{ partial: 'stop', ...fault }] });
      await untilTranscribing(talk);
      talk.send({ type: 'interrupt' });
      await talk.wait(3_100);
      expect(talk.state).toBe('stopped');
    }
  });
});

describe('a typed text over speech', () => {
  it('waits for the words of the speech, and is then answered', async () => {
    const talk = await scene({ ...stops, said: [{ text: 'good morning', finalMs: SLOW }] });
    await untilTranscribing(talk);
    talk.send({ type: 'text', text: 'turn left' });
    await talk.wait(500);
    expect([talk.state, talk.asked.length]).toEqual(['processing', 0]);
    await talk.until(() => talk.state === 'speaking');
    expect(talk.asked.map((messages) => messages.at(-1)?.content)).toEqual(['turn left']);
    await backToIdle(talk);
    expect(talk.of('reply.end')).toHaveLength(1);
  });

  it('waits no longer than the deadlines for the end of the speech and for its words', async () => {
    const talk = await scene({ ...stops, said: [{ hangs: true }] });
    await whileSaying(talk);
    talk.send({ type: 'text', text: 'turn left' });
    await talk.speak(4_900);
    expect(talk.asked).toEqual([]);
    await talk.speak(250);
    expect(talk.asked).toHaveLength(1);
  });
});
