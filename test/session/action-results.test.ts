import { describe, expect, it } from 'vitest';
import { clientAction } from '../../adapters/action/client-action.ts';
import { VirtualClock } from '../../machines/clock.ts';
import type { ActionReport } from '../../machines/wire.ts';
import { type Conversation, settle } from '../../testing/conversation.ts';
import type { LlmScript } from '../../testing/scripted-engines.ts';
import { answered, askByText, backToIdle, parameters, REPLY, type Scene, scene, user } from './scene.ts';

/** A client that reports the results of the actions in the first reply. */
function reporting(names: readonly string[], options: Scene = {}) {
  const clock = new VirtualClock({ settle });
  const first: LlmScript = {
    text: REPLY,
    actions: names.map((name) => ({ type: 'action', id: name, name, args: { to: 'the door' } })),
  };
  return scene({
    clock,
    actions: clientAction({ clock }),
    results: true,
    replies: [first, 'Fine.'],
    ...options,
  });
}

function report(talk: Conversation, id: string, report: ActionReport): void {
  talk.send({ type: 'action.result', id, ...report });
}

function published(talk: Conversation): string[] {
  return talk
    .of('action')
    .map(({ id, status, message }) => `${id} ${status}${message === undefined ? '' : `: ${message}`}`);
}

const UNEXPECTED = { code: 'ACTION_RESULT_UNEXPECTED', fatal: false };

describe('an action whose result the client reports', () => {
  it('runs until the report, however long the speech takes, and then ends the reply', async () => {
    const talk = await reporting(['walk']);
    await askByText(talk);
    await talk.wait(10_000);
    expect(talk.state).toBe('processing');
    expect(published(talk)).toEqual(['1-walk started']);
    report(talk, '1-walk', { status: 'done', message: 'there' });
    await backToIdle(talk, 100);
    expect(published(talk)).toEqual(['1-walk started', '1-walk done: there']);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it.each(['done', 'failed', 'refused'] as const)('shows progress and then that it is %s', async (status) => {
    const talk = await reporting(['walk']);
    await askByText(talk);
    report(talk, '1-walk', { status: 'progress', message: 'half way', data: { left: 5 } });
    report(talk, '1-walk', { status });
    await backToIdle(talk);
    expect(published(talk)).toEqual(['1-walk started', '1-walk progress: half way', `1-walk ${status}`]);
    expect(talk.of('error')).toEqual([]);
  });

  it('fails at its deadline, which progress postpones; a later result is refused', async () => {
    const talk = await reporting(['walk'], { parameters: parameters({ deadlines: { actionMs: 5_000 } }) });
    await askByText(talk);
    await talk.wait(4_000);
    report(talk, '1-walk', { status: 'progress' });
    await talk.wait(4_500);
    expect(published(talk)).toEqual(['1-walk started', '1-walk progress']);
    await backToIdle(talk, 1_000);
    expect(published(talk)).toEqual(['1-walk started', '1-walk progress', '1-walk failed']);
    expect(talk.of('error')).toMatchObject([{ code: 'ACTION_TIMEOUT' }]);
    report(talk, '1-walk', { status: 'done' });
    expect(talk.of('error')[1]).toMatchObject({
      ...UNEXPECTED,
      message: 'no running action waits for this result: 1-walk',
    });
    expect(published(talk)).toHaveLength(3);
  });

  it('has the deadline of its name, if there is one', async () => {
    const actions = { allow: ['*'], maxPerReply: 16, deadlinesMs: { walk: 90_000 } };
    const talk = await reporting(['walk', 'wave'], {
      parameters: parameters({ actions, deadlines: { actionMs: 5_000 } }),
    });
    await askByText(talk);
    await talk.wait(89_000);
    expect(published(talk)).toEqual(['1-walk started', '1-wave started', '1-wave failed']);
    await backToIdle(talk, 2_000);
    expect(published(talk).at(-1)).toBe('1-walk failed');
  });

  it('ends once: a second, an unknown and an early result change nothing', async () => {
    const talk = await reporting(['walk', 'wave']);
    report(talk, '1-walk', { status: 'done' });
    await askByText(talk);
    report(talk, '1-walk', { status: 'failed', message: 'blocked' });
    report(talk, '1-walk', { status: 'done' });
    report(talk, '1-jump', { status: 'done' });
    expect(published(talk)).toEqual(['1-walk started', '1-wave started', '1-walk failed: blocked']);
    expect(talk.of('error')).toMatchObject([UNEXPECTED, UNEXPECTED, UNEXPECTED]);
    report(talk, '1-wave', { status: 'done' });
    await backToIdle(talk);
  });

  it.each(['halt', 'interrupt'] as const)('is cancelled by %s, and its late result refused', async (type) => {
    const talk = await reporting(['walk']);
    await askByText(talk);
    talk.send({ type });
    expect(published(talk)).toEqual(['1-walk started', '1-walk cancelled']);
    report(talk, '1-walk', { status: 'done' });
    expect(talk.of('error')).toMatchObject([UNEXPECTED]);
    expect(talk.state).toBe(type === 'halt' ? 'stopped' : 'idle');
  });

  it('counts against the limit of its reply even if the client refuses it', async () => {
    const clock = new VirtualClock({ settle });
    const llm = {
      name: 'by-hand',
      async *reply() {
        for (const id of ['a', 'b', 'c']) {
          yield { type: 'action' as const, id, name: 'wave', args: {} };
          yield { type: 'delta' as const, text: `${id}. ` };
          await clock.advance(0);
        }
      },
      close: async () => {},
    };
    const talk = await reporting([], {
      clock,
      llm,
      actions: clientAction({ clock }),
      parameters: parameters({ actions: { maxPerReply: 2 } }),
    });
    talk.send({ type: 'text', text: 'hello' });
    await talk.until(() => talk.of('action').length > 0);
    report(talk, '1-a', { status: 'refused' });
    await talk.until(() => talk.of('error').length > 0);
    expect(talk.of('error')).toMatchObject([{ code: 'ACTION_LIMIT' }]);
    report(talk, '1-b', { status: 'done' });
    await backToIdle(talk);
  });

  it('is in the next request to the language engine, as the client reported it', async () => {
    const talk = await reporting(['walk', 'wave'], {});
    await askByText(talk);
    report(talk, '1-walk', { status: 'failed', message: 'something is in the way', data: { leftM: 2 } });
    await talk.until(() => talk.state === 'processing');
    await answered(talk, 'did it work?');
    expect(talk.asked.at(-1)).toEqual([
      user('hello'),
      {
        role: 'assistant',
        content: REPLY,
        actions: [
          {
            ...{ id: '1-walk', name: 'walk', args: { to: 'the door' } },
            result: { status: 'failed', message: 'something is in the way', data: { leftM: 2 } },
          },
          { ...{ id: '1-wave', name: 'wave', args: { to: 'the door' } }, result: { status: 'cancelled' } },
        ],
      },
      user('did it work?'),
    ]);
  });
});

describe('a client that does not report results', () => {
  it('has actions end as their port reports, and its results refused', async () => {
    const clock = new VirtualClock({ settle });
    const durationsMs = new Map([['walk', 3_000]]);
    const talk = await reporting(['walk'], {
      clock,
      results: false,
      actions: clientAction({ clock, durationsMs }),
    });
    await askByText(talk);
    report(talk, '1-walk', { status: 'failed' });
    expect(talk.of('error')).toMatchObject([UNEXPECTED]);
    await backToIdle(talk);
    expect(published(talk)).toEqual(['1-walk started', '1-walk done']);
  });
});
