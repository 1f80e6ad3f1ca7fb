import { describe, expect, it } from 'vitest';
import type { Conversation } from '../../testing/conversation.ts';
import { answeredAloud, askAloud, askByText, parameters, REPLY, type Scene, say, scene } from './scene.ts';

/** How to get a session into each of its states. */
const STATES: readonly [state: string, reach: (talk: Conversation) => Promise<void>][] = [
  ['idle', async () => {}],
  ['capturing', (talk) => talk.speak(300)],
  [
    'endpointing',
    async (talk) => {
      await say(talk, 300, 300);
    },
  ],
  [
    'transcribing',
    async (talk) => {
      await say(talk, 300, 540);
    },
  ],
  [
    'thinking',
    async (talk) => {
      talk.send({ type: 'text', text: 'hello' });
      await talk.wait(50);
    },
  ],
  ['speaking', (talk) => askByText(talk)],
  [
    'yielding',
    async (talk) => {
      await askByText(talk);
      await talk.beSilent(500);
      await talk.speak(120);
    },
  ],
];

async function expectSilence(talk: Conversation): Promise<void> {
  const frames = talk.of('audio').length;
  const seen = talk.states().length;
  await say(talk, 600, 1_000);
  talk.send({ type: 'interrupt' });
  talk.send({ type: 'halt' });
  await talk.wait(5_000);
  expect(talk.state).toBe('stopped');
  expect(talk.of('audio')).toHaveLength(frames);
  expect(talk.states()).toHaveLength(seen);
}

describe('voice stop', () => {
  it.each(STATES)(
    'by the client stops a session that is %s at once, with silence until rearm',
    async (_state, reach) => {
      const talk = await scene();
      await reach(talk);
      talk.send({ type: 'halt' });
      await talk.wait(0);
      expect(talk.state).toBe('stopped');
      await expectSilence(talk);
      talk.send({ type: 'rearm' });
      await talk.wait(0);
      expect(talk.state).toBe('idle');
      await answeredAloud(talk);
      expect(talk.of('reply.end').at(-1)).toMatchObject({ reason: 'completed', heard: REPLY });
    },
  );

  const spoken: Scene = { parameters: parameters({ words: { halt: ['Emergency stop!', 'halt'] } }) };

  it('can be spoken as a turn of its own', async () => {
    const talk = await scene({ ...spoken, said: [{ text: 'emergency  Stop.' }] });
    await say(talk);
    expect(talk.state).toBe('stopped');
    expect(talk.asked).toEqual([]);
    await expectSilence(talk);
  });

  it('is a complete sentence, so it takes effect after the short silence', async () => {
    const talk = await scene({ ...spoken, said: [{ partial: 'halt', text: 'halt', finalMs: 0 }] });
    await say(talk, 500, 300);
    expect(talk.state).toBe('stopped');
  });

  it('can be spoken into a reply', async () => {
    const talk = await scene({ ...spoken, said: [{ text: 'hello' }, { text: 'halt' }] });
    await askAloud(talk);
    await talk.beSilent(400);
    await say(talk, 150, 600);
    expect(talk.state).toBe('stopped');
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted' }]);
    await expectSilence(talk);
  });

  it('can be spoken after words without an answer yet', async () => {
    const talk = await scene({
      ...spoken,
      said: [{ text: 'turn left' }, { text: 'halt' }],
      replies: [{ text: REPLY, firstTokenMs: 2_000 }],
    });
    await say(talk);
    await say(talk, 300);
    expect(talk.state).toBe('stopped');
    await expectSilence(talk);
  });

  it('can be typed', async () => {
    const talk = await scene(spoken);
    talk.send({ type: 'text', text: 'HALT' });
    await talk.wait(0);
    expect(talk.state).toBe('stopped');
  });

  it('can be requested by the language engine, in the middle of its text', async () => {
    const talk = await scene({
      replies: [{ text: REPLY, actions: [{ type: 'action', id: 'a', name: 'halt', args: {} }] }],
    });
    talk.send({ type: 'text', text: 'hello' });
    await talk.wait(200);
    expect(talk.state).toBe('stopped');
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted', heard: '' }]);
    expect(talk.of('action')).toEqual([]);
    await expectSilence(talk);
  });

  it('stops the robot', async () => {
    const signals: AbortSignal[] = [];
    const actions = {
      run: (_request: unknown, signal: AbortSignal) => {
        signals.push(signal);
        return new Promise<null>(() => {});
      },
    };
    const talk = await scene({
      actions,
      replies: [{ text: REPLY, actions: [{ type: 'action', id: 'a', name: 'dance', args: {} }] }],
    });
    await askByText(talk);
    talk.send({ type: 'halt' });
    await talk.wait(0);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(talk.of('action').map(({ status }) => status)).toEqual(['started', 'cancelled']);
    await expectSilence(talk);
  });

  it('answers typed text with SESSION_STOPPED', async () => {
    const talk = await scene();
    talk.send({ type: 'halt' });
    talk.send({ type: 'text', text: 'hello' });
    await talk.wait(1_000);
    expect(talk.of('error')).toMatchObject([{ code: 'SESSION_STOPPED', fatal: false }]);
    expect(talk.state).toBe('stopped');
  });

  it('does not prevent the end of the session', async () => {
    const talk = await scene();
    talk.send({ type: 'halt' });
    talk.send({ type: 'bye' });
    await talk.wait(0);
    expect(talk.state).toBe('ended');
  });
});

describe('the end of a session', () => {
  it.each(STATES)('that is %s ends all of its work', async (_state, reach) => {
    const talk = await scene();
    await reach(talk);
    talk.send({ type: 'bye' });
    await talk.wait(0);
    expect(talk.state).toBe('ended');
    const messages = talk.heard.length;
    talk.send({ type: 'text', text: 'hello' });
    await say(talk, 600, 2_000);
    expect(talk.heard).toHaveLength(messages);
  });

  it.each(STATES)('that is %s and whose client is lost ends all of its work', async (_state, reach) => {
    const talk = await scene();
    await reach(talk);
    await talk.end();
    expect(talk.state).toBe('ended');
  });
});
