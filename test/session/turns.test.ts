import { describe, expect, it } from 'vitest';
import type { MemoryPort } from '../../actors/ports/memory.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { settle } from '../../testing/conversation.ts';
import { pause } from '../../testing/scripted-engines.ts';
import {
  answered,
  askByText,
  assistant,
  backToIdle,
  facts,
  parameters,
  REPLY,
  say,
  scene,
  user,
} from './scene.ts';

describe('a turn', () => {
  it('is answered when spoken', async () => {
    const unprepared = parameters({ speculation: { enabled: false } });
    const said = [{ partial: 'hello', text: 'hello there' }];
    const talk = await scene({ said, parameters: unprepared });
    await talk.beSilent(200);
    await say(talk, 600);
    await backToIdle(talk);
    expect(talk.states()).toEqual(['idle', 'listening', 'processing', 'processing', 'speaking', 'idle']);
    expect(talk.asked).toEqual([[user('hello there')]]);
    expect(talk.of('transcript')).toMatchObject([
      { turn: 1, text: 'hello', final: false },
      { turn: 1, text: 'hello there', final: true },
    ]);
    expect(
      talk
        .of('reply')
        .map(({ text }) => text)
        .join(''),
    ).toBe(REPLY);
    expect(talk.of('reply.end')).toMatchObject([
      { turn: 1, generation: 1, reason: 'completed', heard: REPLY },
    ]);
  });

  it('reports why its words were rejected, with the nearest phrase', async () => {
    const rejected = { nearest: 'turn left', confidence: 0.12, reason: 'unlike' } as const;
    const talk = await scene({ said: [{ text: '', rejected }] });
    await say(talk, 900);
    await backToIdle(talk);
    expect(talk.of('transcript')).toEqual([{ type: 'transcript', turn: 1, text: '', final: true, rejected }]);
  });

  it('reports when each word was said, in ms of the session’s audio', async () => {
    const words = [{ text: 'hello', startMs: 350, endMs: 600 }];
    const talk = await scene({ said: [{ text: 'hello', words }] });
    await talk.beSilent(1_000);
    await say(talk, 600);
    await backToIdle(talk);
    const [transcript] = talk.of('transcript').filter(({ final }) => final);
    // The recogniser heard from 596 ms on: the preroll of 300 ms, and what the detector adds before the onset.
    expect(transcript?.words).toEqual([{ text: 'hello', startMs: 946, endMs: 1_196 }]);
  });

  it('reports how long each stage took', async () => {
    const talk = await scene({ said: [{ text: 'hello', finalMs: 70 }] });
    await say(talk, 600);
    await backToIdle(talk);
    const [end] = talk.of('reply.end');
    // The first segment is ready with its last token: six more tokens of 20 ms and the end of the stream.
    expect(end?.timings).toEqual({
      endpoint: 500,
      stt: 70,
      llmFirstToken: 100,
      firstSegment: 7 * 20,
      ttsFirstAudio: 50,
      firstFrame: 0,
      firstAudio: 500 + 70 + 100 + 7 * 20 + 50,
    });
    expect(talk.turns[0]?.timings).toEqual(end?.timings);
  });

  it('is answered when typed', async () => {
    const talk = await scene();
    talk.send({ type: 'text', text: '  good morning ' });
    await talk.until(() => talk.state === 'speaking');
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ turn: 1, reason: 'completed', heard: REPLY }]);
    expect(talk.of('reply.end')[0]?.timings).not.toHaveProperty('endpoint');
    expect(talk.turns).toMatchObject([{ turn: 1, userText: 'good morning', heard: REPLY }]);
  });

  it('reports the recall time, and when a client that reports its position played the first sample', async () => {
    const clock = new VirtualClock({ settle });
    const memory: MemoryPort = {
      recall: async (_request, signal) => {
        await pause(clock, 80, signal);
        return ['It is noon.'];
      },
    };
    const talk = await scene({ clock, memory });
    await askByText(talk);
    // The client has 100 ms of latency: 150 ms after the first frame it has played 50 ms.
    await talk.wait(150 - (clock.nowMs() - (talk.of('audio')[0]?.atMs ?? 0)));
    talk.send({ type: 'played', generation: 1, samples: 50 * 24 });
    await talk.wait(500);
    talk.send({ type: 'played', generation: 1, samples: 550 * 24 });
    await backToIdle(talk);
    expect(talk.of('reply.end')[0]?.timings).toMatchObject({ recall: 80, firstPlayed: 100 });
  });

  it('includes the earlier turns', async () => {
    const talk = await scene({
      said: [{ text: 'first' }, { text: 'third' }],
      replies: ['One.', 'Two.', 'Three.'],
    });
    for (const typed of [false, true, false]) {
      if (typed) talk.send({ type: 'text', text: 'second' });
      else {
        await say(talk, 400);
      }
      await talk.wait(300);
      await backToIdle(talk);
    }
    expect(talk.asked[2]).toEqual([
      user('first'),
      assistant('One.'),
      user('second'),
      assistant('Two.'),
      user('third'),
    ]);
    expect(talk.of('reply.end').map(({ turn, generation }) => [turn, generation])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  it('includes at most the configured history', async () => {
    const talk = await scene({
      replies: ['One.', 'Two.', 'Three.'],
      parameters: parameters({ history: { maxMessages: 2 } }),
    });
    for (const text of ['first', 'second', 'third']) {
      await answered(talk, text);
    }
    expect(talk.asked[2]).toEqual([user('second'), assistant('Two.'), user('third')]);
  });

  it('without history gives the language engine only the current words', async () => {
    const talk = await scene({ parameters: parameters({ history: { maxMessages: 0 } }) });
    for (const text of ['first', 'second']) {
      await answered(talk, text);
    }
    expect(talk.asked[1]).toEqual([user('second')]);
  });

  it('gives the language engine the facts of the memory', async () => {
    const memory = { recall: async () => ['The user is called Ada.', 'She likes tea.'] };
    const talk = await scene({ memory });
    await answered(talk, 'who am I?');
    expect(talk.asked).toEqual([[facts('The user is called Ada.\nShe likes tea.'), user('who am I?')]]);
  });

  it('is kept in the store, and continues if the store fails', async () => {
    const storeFails = new ParleyError('STORE_FAILED', 'disk full');
    const talk = await scene({ storeFails, problems: ['the store failed: disk full'] });
    await answered(talk);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed' }]);
    expect(talk.of('error')).toMatchObject([{ code: 'STORE_FAILED', fatal: false }]);
  });

  it('with an empty reply ends silently', async () => {
    const talk = await scene({ replies: [''] });
    talk.send({ type: 'text', text: 'hello' });
    await talk.wait(1_000);
    expect(talk.state).toBe('idle');
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: '' }]);
    expect(talk.of('audio')).toEqual([]);
  });

  it('replaces the turn that is being answered', async () => {
    const talk = await scene({ replies: [REPLY, 'Second.'] });
    await askByText(talk, 'first');
    await talk.wait(1_000);
    talk.send({ type: 'text', text: 'second' });
    await talk.until(() => talk.of('reply.end').length === 2);
    // 60 ms per letter: "There are two" ends at 840 ms, "chairs" at 1,260 ms.
    expect(talk.of('reply.end')).toMatchObject([
      { turn: 1, generation: 1, reason: 'interrupted', heard: 'There are two' },
      { turn: 2, generation: 2, reason: 'completed', heard: 'Second.' },
    ]);
    expect(talk.asked[1]).toEqual([user('first'), assistant('There are two'), user('second')]);
  });

  it('typed while the user speaks replaces the speech', async () => {
    const talk = await scene();
    await talk.speak(400);
    talk.send({ type: 'text', text: 'typed' });
    await say(talk, 200, 500);
    await talk.until(() => talk.state === 'speaking');
    await backToIdle(talk);
    expect(talk.asked).toEqual([[user('typed')]]);
  });
});
