import { describe, expect, it } from 'vitest';
import { clientAction } from '../../adapters/action/client-action.ts';
import { VirtualClock } from '../../machines/clock.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { ActionReport } from '../../machines/wire.ts';
import { type Conversation, settle } from '../../testing/conversation.ts';
import { hang, type LlmScript } from '../../testing/scripted-engines.ts';
import { answered, askByText, backToIdle, parameters, REPLY, type Scene, say, scene } from './scene.ts';

const LASTING: SessionParameters['actions'] = {
  allow: ['*'],
  maxPerReply: 16,
  lasting: {
    drive: { whenInterrupted: 'replace', group: 'move' },
    turn: { whenInterrupted: 'replace', group: 'move' },
    chime: { whenInterrupted: 'finish' },
    look: { whenInterrupted: 'cancel', group: 'move' },
  },
  deadlinesMs: { chime: 20_000 },
};

/** Replies that start these actions, and no more; the client reports their results. */
function driving(names: readonly string[], options: Scene = {}) {
  const clock = new VirtualClock({ settle });
  const replies = names.map(
    (name): LlmScript =>
      name === ''
        ? { text: 'Fine.' }
        : { text: REPLY, actions: [{ type: 'action', id: name, name, args: {} }] },
  );
  return scene({
    clock,
    actions: clientAction({ clock }),
    results: true,
    parameters: parameters({ actions: LASTING }),
    replies,
    ...options,
  });
}

function report(talk: Conversation, id: string, how: ActionReport): void {
  talk.send({ type: 'action.result', id, ...how });
}

function published(talk: Conversation): string[] {
  return talk.of('action').map(({ id, status }) => `${id} ${status}`);
}

/** The actions in the newest state message. */
function listed(talk: Conversation): string[] {
  return (talk.of('state').at(-1)?.actions ?? []).map(({ id }) => id);
}

describe('an action that may outlive its reply', () => {
  it.each(['drive', 'chime'])('does not hold up the reply, and runs on: %s', async (name) => {
    const talk = await driving([name]);
    await askByText(talk);
    await backToIdle(talk, 5_000);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
    expect(listed(talk)).toEqual([`1-${name}`]);
    await talk.wait(10_000);
    report(talk, `1-${name}`, { status: 'done' });
    expect(published(talk)).toEqual([`1-${name} started`, `1-${name} done`]);
    expect(listed(talk)).toEqual([]);
  });

  it.each(['drive', 'chime'])('survives a barge-in and the next turn: %s', async (name) => {
    const talk = await driving([name, '', ''], { said: [{ text: 'how is the battery' }] });
    await askByText(talk);
    await talk.wait(300);
    await say(talk, 600);
    await talk.until(() => talk.of('reply.end').length === 2);
    await askByText(talk, 'and now?');
    talk.send({ type: 'interrupt' });
    expect(published(talk)).toEqual([`1-${name} started`]);
    expect(listed(talk)).toEqual([`1-${name}`]);
    report(talk, `1-${name}`, { status: 'progress' });
    report(talk, `1-${name}`, { status: 'failed' });
    report(talk, `1-${name}`, { status: 'done' });
    expect(published(talk)).toEqual([`1-${name} started`, `1-${name} progress`, `1-${name} failed`]);
    expect(talk.of('error')).toMatchObject([{ code: 'ACTION_RESULT_UNEXPECTED' }]);
  });

  it('is cancelled by a newer one of its group before that starts', async () => {
    const talk = await driving(['drive', 'turn', 'drive']);
    for (let i = 0; i < 3; i++) {
      await answered(talk);
    }
    expect(published(talk)).toEqual([
      '1-drive started',
      '1-drive cancelled',
      '2-turn started',
      '2-turn cancelled',
      '3-drive started',
    ]);
    report(talk, '1-drive', { status: 'done' });
    expect(talk.of('error')).toMatchObject([{ code: 'ACTION_RESULT_UNEXPECTED' }]);
  });

  it('is replaced by any action of its group, but not by others', async () => {
    const talk = await driving(['drive', 'chime', 'look']);
    for (let i = 0; i < 2; i++) {
      await answered(talk);
    }
    expect(listed(talk)).toEqual(['1-drive', '2-chime']);
    await askByText(talk);
    expect(listed(talk)).toEqual(['2-chime']);
    expect(published(talk)).toEqual([
      '1-drive started',
      '2-chime started',
      '1-drive cancelled',
      '3-look started',
    ]);
  });

  it.each(['halt', 'bye'] as const)('is cancelled by %s', async (type) => {
    const talk = await driving(['drive', 'chime']);
    for (let i = 0; i < 2; i++) {
      await answered(talk);
    }
    talk.send({ type });
    expect(published(talk).slice(2)).toEqual(['1-drive cancelled', '2-chime cancelled']);
    expect(listed(talk)).toEqual([]);
  });

  it('has no deadline unless the dialog, the tool or the configuration gives it one', async () => {
    const talk = await driving(['drive', '']);
    await answered(talk);
    await talk.wait(3_600_000);
    expect(published(talk)).toEqual(['1-drive started']);
    report(talk, '1-drive', { status: 'done' });
    expect(published(talk).at(-1)).toBe('1-drive done');
  });

  it('has its deadline from its last progress', async () => {
    const talk = await driving(['chime']);
    await answered(talk);
    for (let i = 0; i < 3; i++) {
      await talk.wait(15_000);
      report(talk, '1-chime', { status: 'progress' });
    }
    await talk.wait(15_000);
    expect(published(talk).at(-1)).toBe('1-chime progress');
    await talk.wait(6_000);
    expect(published(talk).at(-1)).toBe('1-chime failed');
  });

  it('fails at its own deadline, and another of its kind may start', async () => {
    const talk = await driving(['chime', 'drive'], {
      parameters: parameters({ actions: LASTING, deadlines: { lastingActionMs: 30_000 } }),
    });
    for (let i = 0; i < 2; i++) {
      await answered(talk);
    }
    await talk.wait(18_000);
    expect(published(talk)).toEqual(['1-chime started', '2-drive started', '1-chime failed']);
    expect(talk.of('error')).toMatchObject([{ code: 'ACTION_TIMEOUT' }]);
    expect(listed(talk)).toEqual(['2-drive']);
    await talk.wait(15_000);
    expect(published(talk).at(-1)).toBe('2-drive failed');
    expect(listed(talk)).toEqual([]);
  });

  it('is aborted on the robot before it is reported as cancelled', async () => {
    const order: string[] = [];
    const talk = await driving(['drive', 'drive'], {
      results: false,
      actions: {
        run: ({ id }, signal) => {
          signal.addEventListener('abort', () => order.push(`${id} aborted after ${published(talk).at(-1)}`));
          return hang(signal);
        },
      },
    });
    for (let i = 0; i < 2; i++) {
      await answered(talk);
    }
    talk.send({ type: 'halt' });
    await talk.wait(0);
    expect(order).toEqual(['1-drive aborted after 1-drive started', '2-drive aborted after 2-drive started']);
    expect(published(talk).at(-1)).toBe('2-drive cancelled');
  });

  it('ends as its port reports, if the client does not', async () => {
    const clock = new VirtualClock({ settle });
    const durationsMs = new Map([['drive', 8_000]]);
    const talk = await driving(['drive'], {
      clock,
      results: false,
      actions: clientAction({ clock, durationsMs }),
    });
    await askByText(talk);
    await backToIdle(talk, 4_000);
    await talk.wait(6_000);
    expect(published(talk)).toEqual(['1-drive started', '1-drive done']);
  });

  it('that its port cannot run has failed', async () => {
    const talk = await driving(['drive'], {
      actions: { run: () => Promise.reject(new Error('no wheels')) },
    });
    await answered(talk);
    expect(published(talk)).toEqual(['1-drive started', '1-drive failed']);
    expect(talk.of('error')).toMatchObject([{ code: 'ACTION_FAILED' }]);
  });

  it('is one of at most 16 at once', async () => {
    const names = Array.from({ length: 17 }, () => 'chime');
    const talk = await driving(names, {
      parameters: parameters({ actions: { ...LASTING, deadlinesMs: { chime: 600_000 } } }),
    });
    for (const _ of names) {
      await answered(talk);
    }
    expect(listed(talk)).toHaveLength(16);
    expect(published(talk).at(-1)).toBe('17-chime refused');
    expect(talk.of('error')).toMatchObject([{ code: 'ACTION_LIMIT' }]);
  });

  it('may be a tool that the client declares', async () => {
    const talk = await driving(['sing', ''], { parameters: parameters({}) });
    const tool = { name: 'sing', description: 'Sings.', parameters: {} };
    talk.send({ type: 'settings', tools: [{ ...tool, whenInterrupted: 'finish', deadlineMs: 5_000 }] });
    await askByText(talk);
    await askByText(talk, 'go on');
    expect(published(talk)).toEqual(['1-sing started']);
    await talk.wait(5_000);
    expect(published(talk)).toEqual(['1-sing started', '1-sing failed']);
    await backToIdle(talk);
  });

  it('enters the history as started, and then as it ended', async () => {
    const talk = await driving(['drive', '', '']);
    await answered(talk);
    await answered(talk, 'are you there?');
    report(talk, '1-drive', { status: 'done', data: { metres: 4 } });
    await askByText(talk, 'and now?');
    const results = talk.asked.map((messages) =>
      messages.flatMap(({ actions = [] }) => actions.map(({ result }) => result)),
    );
    expect(results).toEqual([[], [{ status: 'started' }], [{ status: 'done', data: { metres: 4 } }]]);
    await backToIdle(talk);
  });
});
