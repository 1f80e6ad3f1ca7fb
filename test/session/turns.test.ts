import { describe, expect, it } from 'vitest';
import type { MemoryPort } from '../../actors/ports/memory.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { settle } from '../../testing/conversation.ts';
import { pause } from '../../testing/scripted-engines.ts';
import { askByText, backToIdle, finish, parameters, REPLY, say, scene } from './scene.ts';

describe('a turn', () => {
  it('is answered when spoken', async () => {
    const asked: unknown[] = [];
    const unprepared = parameters({ speculation: { enabled: false } });
    const said = [{ partial: 'hello', text: 'hello there' }];
    const talk = await scene({ said, parameters: unprepared }, asked);
    await talk.beSilent(200);
    await say(talk, 600);
    await backToIdle(talk);
    expect(talk.states()).toEqual(['idle', 'listening', 'processing', 'processing', 'speaking', 'idle']);
    expect(asked).toEqual([[{ role: 'user', content: 'hello there' }]]);
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
    await finish(talk);
  });

  it('reports why its words were rejected, with the nearest phrase', async () => {
    const rejected = { nearest: 'turn left', confidence: 0.12, reason: 'unlike' } as const;
    const talk = await scene({ said: [{ text: '', rejected }] });
    await say(talk, 900);
    await backToIdle(talk);
    expect(talk.of('transcript')).toEqual([{ type: 'transcript', turn: 1, text: '', final: true, rejected }]);
    await finish(talk);
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
    await finish(talk);
  });

  it('is answered when typed', async () => {
    const talk = await scene();
    talk.send({ type: 'text', text: '  good morning ' });
    await talk.until(() => talk.state === 'speaking');
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ turn: 1, reason: 'completed', heard: REPLY }]);
    expect(talk.of('reply.end')[0]?.timings).not.toHaveProperty('endpoint');
    expect(talk.turns).toMatchObject([{ turn: 1, userText: 'good morning', heard: REPLY }]);
    await finish(talk);
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
    await finish(talk);
  });

  it('includes the earlier turns', async () => {
    const asked: unknown[] = [];
    const talk = await scene(
      { said: [{ text: 'first' }, { text: 'third' }], replies: ['One.', 'Two.', 'Three.'] },
      asked,
    );
    for (const typed of [false, true, false]) {
      if (typed) talk.send({ type: 'text', text: 'second' });
      else {
        await say(talk, 400);
      }
      await talk.wait(300);
      await backToIdle(talk);
    }
    expect(asked[2]).toEqual([
      { role: 'user', content: 'first' },
      { role: 'assistant', content: 'One.' },
      { role: 'user', content: 'second' },
      { role: 'assistant', content: 'Two.' },
      { role: 'user', content: 'third' },
    ]);
    expect(talk.of('reply.end').map(({ turn, generation }) => [turn, generation])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    await finish(talk);
  });

  it('includes at most the configured history', async () => {
    const asked: unknown[] = [];
    const talk = await scene(
      { replies: ['One.', 'Two.', 'Three.'], parameters: parameters({ history: { maxMessages: 2 } }) },
      asked,
    );
    for (const text of ['first', 'second', 'third']) {
      await askByText(talk, text);
      await backToIdle(talk);
    }
    expect(asked[2]).toEqual([
      { role: 'user', content: 'second' },
      { role: 'assistant', content: 'Two.' },
      { role: 'user', content: 'third' },
    ]);
    await finish(talk);
  });

  it('without history gives the language engine only the current words', async () => {
    const asked: unknown[] = [];
    const talk = await scene({ parameters: parameters({ history: { maxMessages: 0 } }) }, asked);
    for (const text of ['first', 'second']) {
      await askByText(talk, text);
      await backToIdle(talk);
    }
    expect(asked[1]).toEqual([{ role: 'user', content: 'second' }]);
    await finish(talk);
  });

  it('gives the language engine the facts of the memory', async () => {
    const asked: unknown[] = [];
    const memory = { recall: async () => ['The user is called Ada.', 'She likes tea.'] };
    const talk = await scene({ memory }, asked);
    await askByText(talk, 'who am I?');
    await backToIdle(talk);
    expect(asked).toEqual([
      [
        { role: 'system', content: 'The user is called Ada.\nShe likes tea.' },
        { role: 'user', content: 'who am I?' },
      ],
    ]);
    await finish(talk);
  });

  it('is kept in the store, and continues if the store fails', async () => {
    const talk = await scene({ storeFails: new ParleyError('STORE_FAILED', 'disk full') });
    await askByText(talk);
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed' }]);
    expect(talk.of('error')).toMatchObject([{ code: 'STORE_FAILED', fatal: false }]);
    await finish(talk, ['the store failed: disk full']);
  });

  it('with an empty reply ends silently', async () => {
    const talk = await scene({ replies: [''] });
    talk.send({ type: 'text', text: 'hello' });
    await talk.wait(1_000);
    expect(talk.state).toBe('idle');
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: '' }]);
    expect(talk.of('audio')).toEqual([]);
    await finish(talk);
  });

  it('replaces the turn that is being answered', async () => {
    const asked: unknown[] = [];
    const talk = await scene({ replies: [REPLY, 'Second.'] }, asked);
    await askByText(talk, 'first');
    await talk.wait(1_000);
    talk.send({ type: 'text', text: 'second' });
    await talk.until(() => talk.of('reply.end').length === 2);
    // 60 ms per letter: "There are two" ends at 840 ms, "chairs" at 1,260 ms.
    expect(talk.of('reply.end')).toMatchObject([
      { turn: 1, generation: 1, reason: 'interrupted', heard: 'There are two' },
      { turn: 2, generation: 2, reason: 'completed', heard: 'Second.' },
    ]);
    expect(asked[1]).toEqual([
      { role: 'user', content: 'first' },
      { role: 'assistant', content: 'There are two' },
      { role: 'user', content: 'second' },
    ]);
    await finish(talk);
  });

  it('typed while the user speaks replaces the speech', async () => {
    const asked: unknown[] = [];
    const talk = await scene({}, asked);
    await talk.speak(400);
    talk.send({ type: 'text', text: 'typed' });
    await say(talk, 200, 500);
    await talk.until(() => talk.state === 'speaking');
    await backToIdle(talk);
    expect(asked).toEqual([[{ role: 'user', content: 'typed' }]]);
    await finish(talk);
  });
});
