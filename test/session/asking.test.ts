import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import type { ReadWords } from '../../machines/session/turn/reading.ts';
import { type Conversation, settle } from '../../testing/conversation.ts';
import type { SttScript } from '../../testing/scripted-engines.ts';
import {
  answeredAloud,
  askAloud,
  askByText,
  assistant,
  backToIdle,
  parameters,
  REPLY,
  type Scene,
  say,
  scene,
  type Talk,
  user,
} from './scene.ts';

const LEFT = 'turn left';
const QUESTION = 'Did you say: turn left?';
const AGAIN = 'Sorry, please say it again.';

/** As a dialog has it: an order and a yes are asked about below 0.7, a voice stop never. */
const read: ReadWords = (text) =>
  text === 'stop' ? { askBelow: 0 } : /^turn|^Yes/u.test(text) ? { askBelow: 0.7 } : undefined;

const unsure: SttScript = { text: LEFT, confidence: 0.5 };

function unlike(nearest: string, confidence: number): SttScript {
  return { text: '', rejected: { reason: 'unlike', nearest, confidence } };
}

function robot(said: readonly SttScript[], options: Scene = {}): Promise<Talk> {
  const drive = { text: REPLY, actions: [{ type: 'action' as const, id: 'a', name: 'drive', args: {} }] };
  return scene({
    read,
    said,
    replies: [drive],
    parameters: parameters({ words: { halt: ['stop'] } }),
    ...options,
  });
}

/** What happened, in order: states, texts of replies, and actions. */
function story(talk: Conversation): string[] {
  return talk.heard.flatMap((heard) => {
    if (heard.type === 'state') return [heard.value];
    if (heard.type === 'reply.end') return [`${heard.reason}: ${heard.heard}`];
    return heard.type === 'action' && heard.status === 'started' ? [`starts ${heard.name}`] : [];
  });
}

/** Says something unsure and waits until the question was spoken. */
async function asked(talk: Conversation): Promise<void> {
  await askAloud(talk);
  await talk.until(() => talk.state === 'listening');
}

describe('over a reply', () => {
  it('words that were rejected interrupt it unless they are plainly for others or a listener’s; those nearly understood are asked about', async () => {
    for (const [nearest, confidence, ends] of [
      [LEFT, 0.4, ['interrupted', `completed: ${QUESTION}`]],
      [LEFT, 0.1, ['interrupted', 'completed: Sorry, I did not get that.']],
      [LEFT, 0.005, ['completed']],
      ['uh-huh', 0.4, ['completed']],
    ] as const) {
      const talk = await robot([
        { text: LEFT, confidence: 0.9 },
        { ...unlike(nearest, confidence), partial: 'uh-huh' },
      ]);
      await askAloud(talk);
      await talk.wait(300);
      await say(talk, 400);
      await backToIdle(talk);
      const replies = talk
        .of('reply.end')
        .map(({ reason, heard }, i) => (i === 0 ? reason : `${reason}: ${heard}`));
      expect(replies).toEqual(ends);
    }
  });
});

describe('words that the recogniser is not sure of', () => {
  it('are asked about, and nothing moves before the answer', async () => {
    const talk = await robot([unsure]);
    await asked(talk);
    expect(story(talk)).toEqual([
      ...['idle', 'listening', 'processing', 'processing', 'speaking', 'processing'].slice(0, 4),
      ...['speaking', `completed: ${QUESTION}`, 'listening'],
    ]);
    expect(talk.of('transcript').at(-1)).toMatchObject({ text: LEFT, final: true, confidence: 0.5 });
    expect(talk.asked).toEqual([]);
  });

  it('are asked about also if the client had asked for the reply that they delay', async () => {
    const slow = { text: REPLY, actions: [{ type: 'action' as const, id: 'a', name: 'drive', args: {} }] };
    const talk = await robot([unsure], { replies: [{ ...slow, firstTokenMs: 5_000 }] });
    talk.send({ type: 'respond' });
    await talk.wait(100);
    await asked(talk);
    expect(talk.of('action')).toEqual([]);
    expect(talk.of('reply.end').at(-1)?.heard).toBe(QUESTION);
  });

  it.each([
    ['', {}],
    [', which need not be sure itself', { confidence: 0.2 }],
  ])('are the turn after a yes%s', async (_, how) => {
    const talk = await robot([unsure, { text: 'Yes!', ...how }]);
    await asked(talk);
    await answeredAloud(talk);
    expect(talk.asked).toEqual([[assistant(QUESTION), user(LEFT)]]);
    expect(talk.of('action').map(({ name, status }) => `${name} ${status}`)[0]).toBe('drive started');
    expect(talk.turns.map(({ userText, heard }) => [userText, heard])).toEqual([
      ['', QUESTION],
      [LEFT, REPLY],
    ]);
  });

  it('are dropped after a no: the user is to say it again', async () => {
    const talk = await robot([unsure, { text: 'no' }, { text: 'turn right', confidence: 0.9 }]);
    await asked(talk);
    await answeredAloud(talk);
    expect(talk.of('reply.end').map(({ heard }) => heard)).toEqual([QUESTION, AGAIN]);
    await answeredAloud(talk);
    expect(talk.asked.map((messages) => messages.at(-1))).toEqual([user('turn right')]);
  });

  it('give way to a new turn that is sure', async () => {
    const talk = await robot([unsure, { text: 'turn right', confidence: 0.8 }]);
    await asked(talk);
    await answeredAloud(talk);
    expect(talk.asked.map((messages) => messages.at(-1))).toEqual([user('turn right')]);
  });

  it('are asked about once more if the answer is not sure either, and no third time', async () => {
    const talk = await robot([unsure, { text: 'turn right', confidence: 0.4 }, unsure]);
    await asked(talk);
    await asked(talk);
    await answeredAloud(talk);
    expect(talk.of('reply.end').map(({ heard }) => heard)).toEqual([
      QUESTION,
      'Did you say: turn right?',
      AGAIN,
    ]);
  });

  it('are dropped without an answer', async () => {
    const talk = await robot([unsure, { text: 'yes' }], { replies: ['Yes what?'] });
    await asked(talk);
    await talk.wait(5_900);
    expect(talk.state).toBe('listening');
    await talk.wait(200);
    expect(talk.state).toBe('idle');
    await answeredAloud(talk);
    expect(talk.asked.map((messages) => messages.at(-1))).toEqual([user('yes')]);
  });

  it('are waited for through a noise, until the same deadline', async () => {
    const clock = new VirtualClock({ settle });
    const talk = await robot([unsure, { text: '' }, { text: 'yes' }], { clock });
    await asked(talk);
    const fromMs = clock.nowMs();
    await talk.beSilent(300);
    await say(talk, 200);
    expect(talk.state).toBe('listening');
    await talk.until(() => talk.state === 'idle');
    expect(clock.nowMs() - fromMs).toBeLessThanOrEqual(6_050);
  });
});

describe('an utterance that was rejected', () => {
  it('is asked about if the nearest phrase is likely enough', async () => {
    const talk = await robot([unlike(LEFT, 0.4), { text: 'yes' }]);
    await asked(talk);
    await answeredAloud(talk);
    expect(talk.asked.map((messages) => messages.at(-1))).toEqual([user(LEFT)]);
  });

  it('is not asked about if it is not, or if the nearest phrase is a voice stop', async () => {
    for (const rejected of [unlike(LEFT, 0.1), unlike('stop', 0.6)]) {
      const talk = await robot([rejected]);
      await say(talk);
      expect(talk.of('reply')).toEqual([]);
    }
  });
});

describe('while the question is spoken', () => {
  it.each([
    ['a yes', 'yes', LEFT],
    ['a word that would be a backchannel', 'yeah', LEFT],
    ['other words', 'turn right', 'turn right'],
  ])('%s interrupts and answers it', async (_, text, turn) => {
    const talk = await robot([unsure, { partial: text, text, confidence: 0.9 }]);
    await askAloud(talk);
    await talk.wait(300);
    await say(talk, 600);
    await backToIdle(talk);
    expect(talk.of('reply.end').map(({ reason }) => reason)).toEqual(['interrupted', 'completed']);
    expect(talk.asked.map((messages) => messages.at(-1))).toEqual([user(turn)]);
  });

  it('and after it, a voice stop stops', async () => {
    for (const waits of [askAloud, asked]) {
      const talk = await robot([unsure, { text: 'stop', confidence: 0.3 }]);
      await waits(talk);
      await say(talk, 600);
      await talk.until(() => talk.state === 'stopped');
      talk.send({ type: 'rearm' });
      await talk.until(() => talk.state === 'idle');
      expect(talk.asked).toEqual([]);
    }
  });
});

describe('what ends the wait for an answer', () => {
  it('is typed text, which is never asked about', async () => {
    const talk = await robot([unsure]);
    await asked(talk);
    await askByText(talk, LEFT);
    await backToIdle(talk);
    expect(talk.asked.map((messages) => messages.at(-1))).toEqual([user(LEFT)]);
  });

  it('is an interrupt, and a request for a reply', async () => {
    const talk = await robot([unsure]);
    await asked(talk);
    talk.send({ type: 'interrupt' });
    await talk.until(() => talk.state === 'idle');
    await asked(talk);
    talk.send({ type: 'respond', say: 'Well.' });
    await backToIdle(talk);
    expect(talk.of('reply.end').at(-1)).toMatchObject({ heard: 'Well.' });
  });
});

it('without asking, the words are the turn', async () => {
  const talk = await robot([unsure], { parameters: parameters({ asking: { enabled: false } }) });
  await answeredAloud(talk);
  expect(talk.asked).toEqual([[user(LEFT)]]);
});
