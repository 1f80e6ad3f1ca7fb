/** The process that ran a call is gone, and another one continues the session. */
import { describe, expect, it } from 'vitest';
import { type KernelEvent, SessionKernel } from '../../machines/kernel.ts';
import type { Command } from '../../machines/session/commands.ts';
import { parameters } from './scene.ts';

const calling = parameters({
  actions: { allow: ['*'], maxPerReply: 16, rounds: 3, followUps: { '*': ['done', 'failed'] } },
});

/** A session whose model has called `pay_bill`, which the server runs. */
function paying(results: boolean, whenInterrupted: 'cancel' | 'finish' | 'detach') {
  const kernel = new SessionKernel(calling, {
    ...{ language: 'en', outputRate: 24_000, seed: 1, memory: false, session: 's' },
    ...(results && { results }),
  });
  const commands: Command[] = [];
  let atMs = 0;
  const send = (...events: KernelEvent[]) => {
    for (const event of events) {
      atMs += 100;
      commands.push(...kernel.step(event, atMs).commands);
    }
  };
  const published = () =>
    commands.flatMap((command) => (command.type === 'publish' ? [command.message] : []));
  send(
    { type: 'tools', tools: [{ name: 'pay_bill', description: '', parameters: {}, whenInterrupted }] },
    { type: 'text', text: 'pay the bill' },
    { type: 'llm.action', id: 'c', name: 'pay_bill', args: {} },
  );
  return { kernel, commands, send, published };
}

describe('a call of the server whose process was killed', () => {
  const every = [true, false].flatMap((results) =>
    (['cancel', 'finish', 'detach'] as const).map((life) => [results, life] as const),
  );

  it.each(every)('may have been done, is never cancelled, and is said (results: %s, %s)', (results, life) => {
    const { kernel, commands, send, published } = paying(results, life);
    send({ type: 'resumed' }, { type: 'back' });
    const of = published().flatMap((message) => (message.type === 'action' ? [message] : []));
    expect(of.map(({ status, message }) => [status, message])).toEqual([
      ['started', undefined],
      ['failed', 'the server was restarted: it may have been done'],
    ]);
    const said = published().flatMap((message) => (message.type === 'reply' ? [message.text] : []));
    expect(said.join('')).toBe('I was restarted, and I do not know whether this was done: pay bill.');
    const runs = commands.filter((one) => one.type === 'send' && one.message.type === 'run');
    expect(runs).toHaveLength(1);
    const known = kernel.context.history.flatMap(({ actions = [] }) => actions);
    expect(known).toMatchObject([
      { result: { status: 'unknown', message: expect.stringContaining('may have been done') } },
    ]);
  });

  it('is said after a turn that the user begins first', () => {
    const { send, published } = paying(true, 'finish');
    send({ type: 'resumed' }, { type: 'back' }, { type: 'interrupt' });
    send({ type: 'text', text: 'are you there?' }, { type: 'llm.delta', text: 'Yes. ' });
    const said = published().flatMap((message) => (message.type === 'reply' ? [message.text] : []));
    expect(said.join('')).toContain('I do not know whether this was done');
  });
});

describe('a call of the server whose client loses its connection', () => {
  const STOPPED =
    'stopped while it ran, because the connection of the client was lost: it may have been done';
  const ends = (published: ReturnType<ReturnType<typeof paying>['published']>) =>
    published.flatMap((one) => (one.type === 'action' ? [[one.status, one.message]] : []));

  it.each([true, false])(
    'may have been done if it ends with its reply, which the client hears when it is back (results: %s)',
    (results) => {
      const { kernel, commands, send, published } = paying(results, 'cancel');
      send({ type: 'away' }, { type: 'back' });
      expect(ends(published())).toEqual([
        ['started', undefined],
        ['failed', STOPPED],
      ]);
      const said = published().flatMap((message) => (message.type === 'reply' ? [message.text] : []));
      expect(said.join('')).toBe('I lost the connection, and I do not know what became of this: pay bill.');
      expect(commands.filter((one) => one.type === 'send' && one.message.type === 'run')).toHaveLength(1);
      expect(kernel.context.history.flatMap(({ actions = [] }) => actions)).toMatchObject([
        { result: { status: 'unknown', message: STOPPED } },
      ]);
    },
  );

  it.each(['finish', 'detach'] as const)('goes on if it outlives its reply (%s)', (life) => {
    const { send, published } = paying(true, life);
    send({ type: 'away' }, { type: 'back' }, { type: 'action.done', id: 'c', result: null });
    expect(ends(published())).toEqual([
      ['started', undefined],
      ['done', undefined],
    ]);
  });

  it.each(['cancel', 'finish', 'detach'] as const)(
    'may have been done if the client stays away (%s)',
    (life) => {
      const { send, published } = paying(true, life);
      send({ type: 'lost' });
      expect(ends(published())).toEqual([
        ['started', undefined],
        ['failed', STOPPED],
      ]);
    },
  );
});

describe('the question before a call', () => {
  const question = { en: 'Shall I pay {sum}?', de: 'Soll ich {sum} bezahlen?' };
  const cases = [
    ['en', 'Shall I pay 5?'],
    ['de-AT', 'Soll ich 5 bezahlen?'],
    ['fr', 'Shall I pay bill?'],
  ] as const;

  it.each(cases)('is in the language of the session, %s: %s', (language, asked) => {
    const kernel = new SessionKernel(calling, {
      ...{ language, outputRate: 24_000, seed: 1, memory: false },
    });
    const tool = { name: 'pay_bill', description: '', parameters: {}, policy: 'ask', question } as const;
    const events: readonly KernelEvent[] = [
      { type: 'tools', tools: [tool] },
      { type: 'text', text: 'pay' },
      { type: 'llm.action', id: 'c', name: 'pay_bill', args: { sum: 5 } },
      { type: 'xstate.done.actor.llm' },
    ];
    const said = events.flatMap((event, i) =>
      kernel
        .step(event, i * 100)
        .commands.flatMap((command) =>
          command.type === 'publish' && command.message.type === 'reply' ? [command.message.text] : [],
        ),
    );
    expect(said.join('').trim()).toBe(asked);
  });
});
