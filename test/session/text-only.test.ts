import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { type Conversation, settle } from '../../testing/conversation.ts';
import { hang } from '../../testing/scripted-engines.ts';
import { assistant, backToIdle, parameters, REPLY, type Scene, scene, type Talk, user } from './scene.ts';

/** Two seconds of text, a word every 200 ms. */
const SLOW = { text: 'One two three four five six seven eight nine ten.', tokenMs: 200 };

function inText(options: Scene = {}): Promise<Talk> {
  return scene({ output: 'text', ...options });
}

function childrenStarted(talk: Conversation): Set<string> {
  return new Set(talk.log.flatMap((entry) => (entry.type === 'child.start' ? [entry.kind] : [])));
}

const textOf = (talk: Conversation) =>
  talk
    .of('reply')
    .map(({ text }) => text)
    .join('');

describe('a session with text output', () => {
  it('gets the reply as it comes, without speech synthesis or playback, and has heard all of it', async () => {
    const talk = await inText({ replies: [SLOW] });
    talk.send({ type: 'text', text: 'count' });
    await talk.until(() => talk.state === 'speaking');
    await talk.wait(900);
    expect(talk.of('reply')).toHaveLength(5);
    await backToIdle(talk);
    expect(textOf(talk)).toBe(SLOW.text);
    expect(talk.states().slice(1)).toEqual(['processing', 'speaking', 'processing', 'idle']);
    expect(talk.of('reply.end')).toMatchObject([
      { reason: 'completed', heard: SLOW.text, timings: { llmFirstToken: 100 } },
    ]);
    expect(Object.keys(talk.of('reply.end')[0]?.timings ?? {})).toEqual(['llmFirstToken']);
    expect(childrenStarted(talk)).toEqual(new Set(['llm', 'actions']));
    expect(talk.of('audio')).toEqual([]);
  });

  it('has heard what was sent when it interrupts, and the history says so', async () => {
    const talk = await inText({ replies: [SLOW, 'Fine.'] });
    talk.send({ type: 'text', text: 'count' });
    await talk.until(() => talk.of('reply').length === 3);
    talk.send({ type: 'interrupt' });
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted', heard: 'One two three' }]);
    await talk.wait(1_000);
    expect(talk.of('reply')).toHaveLength(3);
    talk.send({ type: 'text', text: 'go on' });
    await talk.until(() => talk.of('reply.end').length === 2);
    expect(talk.asked.at(-1)).toEqual([user('count'), assistant('One two three'), user('go on')]);
  });

  it('stops at once, and goes on after rearm', async () => {
    const talk = await inText({ replies: [SLOW, 'Fine.'] });
    talk.send({ type: 'text', text: 'count' });
    await talk.until(() => talk.of('reply').length === 2);
    talk.send({ type: 'halt' });
    expect(talk.state).toBe('stopped');
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted', heard: 'One two' }]);
    talk.send({ type: 'rearm' });
    talk.send({ type: 'text', text: 'go on' });
    await talk.until(() => talk.of('reply.end').length === 2);
    expect(talk.of('reply.end')[1]).toMatchObject({ reason: 'completed', heard: 'Fine.' });
  });

  it('replaces the reply by that to a new text', async () => {
    const talk = await inText({ replies: [SLOW, 'Fine.'] });
    talk.send({ type: 'text', text: 'count' });
    await talk.until(() => talk.of('reply').length === 2);
    talk.send({ type: 'text', text: 'never mind' });
    await talk.until(() => talk.of('reply.end').length === 2);
    expect(talk.of('reply.end')).toMatchObject([
      { reason: 'interrupted', heard: 'One two' },
      { reason: 'completed', heard: 'Fine.' },
    ]);
  });

  it('waits for the actions of the reply', async () => {
    const wave = { type: 'action' as const, id: 'a', name: 'wave', args: {} };
    const talk = await inText({
      replies: [{ text: 'Look!', actions: [wave] }],
      actions: { run: (_request, signal) => hang(signal) },
      parameters: parameters({ deadlines: { actionMs: 3_000 } }),
    });
    talk.send({ type: 'text', text: 'wave' });
    await talk.wait(2_000);
    expect(talk.state).toBe('processing');
    expect(talk.of('reply.end')).toEqual([]);
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: 'Look!' }]);
  });

  it('gets the apology in text when the language engine fails, and no filler before it', async () => {
    const talk = await inText({
      replies: [{ text: 'x', failsAt: 0, firstTokenMs: 3_000 }],
      parameters: parameters({ phrases: { fillers: ['One moment.'] } }),
    });
    talk.send({ type: 'text', text: 'hello' });
    await talk.until(() => talk.of('reply.end').length === 1);
    expect(textOf(talk)).toBe('Sorry, something went wrong. Please try again.');
    expect(talk.of('error')).toMatchObject([{ code: 'LLM_FAILED' }]);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'failed' }]);
  });

  it('answers speech in text, prepared while the user falls silent, and is interrupted by words alone', async () => {
    const talk = await inText({
      said: [
        { partial: 'count', text: 'count' },
        { partial: 'uh-huh', text: 'uh-huh' },
        { partial: 'stop', text: 'stop' },
      ],
      replies: [SLOW, 'Fine.'],
      voice: () => {
        throw new ParleyError('TTS_FAILED', 'nothing may be synthesised');
      },
    });
    await talk.speak(600);
    await talk.beSilent(900);
    await talk.until(() => talk.state === 'speaking');
    expect(childrenStarted(talk)).toContain('speculation');
    await talk.speak(150);
    await talk.beSilent(300);
    expect(talk.of('reply.end')).toEqual([]);
    await talk.speak(500);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted' }]);
    expect(talk.of('reply.end')[0]?.heard).toBe(textOf(talk).trim());
    await talk.beSilent(900);
    await talk.until(() => talk.of('reply.end').length === 2);
    expect(talk.of('reply.end')[1]).toMatchObject({ reason: 'completed', heard: 'Fine.' });
    expect(talk.of('playback')).toEqual([]);
  });
});

describe('a session with text input', () => {
  it('has no ear: it opens no voice activity detection and refuses audio', async () => {
    const talk = await scene({
      input: 'text',
      clock: new VirtualClock({ settle }),
      vad: {
        name: 'none',
        open: () => {
          throw new Error('it must not be opened');
        },
        close: async () => {},
      },
    });
    await expect(talk.speak(20)).rejects.toMatchObject({ code: 'AUDIO_NOT_TAKEN' });
    talk.send({ type: 'text', text: 'hello' });
    await talk.until(() => talk.of('reply.end').length === 1);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
    expect(talk.of('audio').length).toBeGreaterThan(0);
  });
});
