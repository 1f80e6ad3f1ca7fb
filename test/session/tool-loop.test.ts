import { describe, expect, it } from 'vitest';
import { askByText, backToIdle, parameters, user } from './scene.ts';
import { calls, heard, outcome, workshop } from './workshop.ts';

describe('a language model goes on with the results of its calls', () => {
  it('in the same reply, and speaks meanwhile', async () => {
    const talk = await workshop({
      replies: [calls('Let me look.', 'look'), 'I see a cat.'],
      gives: { look: { afterMs: 3_000, result: { seen: 'a cat' } } },
    });
    await askByText(talk, 'what do you see?');
    expect(talk.of('action')).toMatchObject([{ name: 'look', status: 'started' }]);
    await backToIdle(talk);
    expect(heard(talk)).toEqual(['Let me look. I see a cat.']);
    const seen = outcome('1-look', 'look', { status: 'done', data: { seen: 'a cat' } });
    expect(talk.asked).toEqual([
      [user('what do you see?')],
      [user('what do you see?'), { role: 'assistant', content: 'Let me look.', actions: [seen] }],
    ]);
    await askByText(talk, 'thanks');
    expect(talk.asked[2]).toEqual([
      user('what do you see?'),
      { role: 'assistant', content: 'Let me look.', actions: [seen] },
      { role: 'assistant', content: 'I see a cat.' },
      user('thanks'),
    ]);
  });

  it('of several at once, and of one that failed', async () => {
    const talk = await workshop({
      replies: [calls('', 'look', 'search', 'log'), 'There.'],
      gives: { look: { afterMs: 2_000 }, search: { fails: true }, log: { afterMs: 60_000 } },
    });
    talk.send({ type: 'text', text: 'find it' });
    await talk.until(() => talk.asked.length === 2);
    expect(talk.asked[1]?.at(-1)?.actions).toEqual([
      outcome('1-look', 'look', { status: 'done', data: { found: 'look' } }),
      outcome('1-search', 'search', { status: 'failed', message: 'out of cheese' }),
      outcome('1-log', 'log', { status: 'started' }),
    ]);
    await backToIdle(talk);
    expect(heard(talk)).toEqual(['There.']);
  });

  it('in several rounds, up to the limit', async () => {
    const talk = await workshop({ replies: [calls('', 'look')] });
    talk.send({ type: 'text', text: 'look' });
    await talk.until(() => talk.of('reply.end').length === 1);
    await talk.wait(5_000);
    expect(talk.asked).toHaveLength(4);
    expect(talk.ran.map(({ id }) => id)).toEqual(['1-look', '1.1-look', '1.2-look', '1.3-look']);
    expect(heard(talk)).toHaveLength(1);
  });

  it('and is asked no more if a tool never ends', async () => {
    const talk = await workshop({
      replies: [calls('', 'look'), 'It did not answer.'],
      gives: { look: { afterMs: 1e9 } },
    });
    await askByText(talk);
    expect(talk.of('error')).toMatchObject([{ code: 'ACTION_TIMEOUT' }]);
    await backToIdle(talk);
    expect(heard(talk)).toEqual(['It did not answer.']);
  });
});

describe('an interruption while a tool runs', () => {
  it('lets it finish, and its result is delivered once, in the next turn', async () => {
    const talk = await workshop({
      replies: [calls('I order a pizza now.', 'order'), 'It is ordered.'],
      gives: { order: { afterMs: 8_000 } },
      said: [{ text: 'what time is it' }],
    });
    await askByText(talk, 'pizza');
    talk.send({ type: 'interrupt' });
    expect(talk.state).toBe('idle');
    expect(talk.of('action').map(({ status }) => status)).toEqual(['started']);
    await talk.until(() => heard(talk).length === 2);
    expect(talk.of('action').map(({ status }) => status)).toEqual(['started', 'done']);
    await talk.wait(5_000);
    expect(heard(talk)).toHaveLength(2);
    expect(heard(talk)[1]).toBe('It is ordered.');
    expect(talk.ran).toHaveLength(1);
  });

  it('ends it, if it is to be cancelled', async () => {
    const talk = await workshop({
      replies: [calls('I search now.', 'search'), 'Fine.'],
      gives: { search: { afterMs: 8_000 } },
    });
    await askByText(talk);
    talk.send({ type: 'text', text: 'never mind' });
    expect(talk.of('action').map(({ status }) => status)).toEqual(['started', 'cancelled']);
    await backToIdle(talk);
    expect(talk.asked[1]?.at(-2)?.actions).toMatchObject([{ result: { status: 'cancelled' } }]);
  });

  it('after the result and before a word about it: the next turn says it', async () => {
    const talk = await workshop({ replies: [calls('', 'order'), { text: 'Ordered.', firstTokenMs: 5_000 }] });
    talk.send({ type: 'text', text: 'pizza' });
    await talk.until(() => talk.asked.length === 2);
    await talk.speak(600);
    await talk.beSilent(800);
    await talk.until(() => talk.asked.length === 3);
    expect(talk.asked[2]).toEqual([
      user('pizza'),
      {
        ...{ role: 'assistant', content: '' },
        actions: [outcome('1-order', 'order', { status: 'done', data: { found: 'order' } })],
      },
      user('hello'),
    ]);
    await backToIdle(talk);
    expect(talk.ran).toHaveLength(1);
  });

  it('by a cough changes nothing', async () => {
    const talk = await workshop({
      replies: [calls('', 'order'), 'It is ordered.'],
      gives: { order: { afterMs: 3_000 } },
      said: [{ text: '' }],
    });
    talk.send({ type: 'text', text: 'pizza' });
    await talk.until(() => talk.ran.length === 1);
    await talk.speak(100);
    await talk.beSilent(1_000);
    await backToIdle(talk);
    expect(heard(talk)).toEqual(['It is ordered.']);
    expect(talk.ran).toHaveLength(1);
  });

  it('by a long cough ends the reply, orders nothing again, and the result is delivered', async () => {
    const talk = await workshop({
      replies: [calls('', 'order'), 'It is ordered.'],
      gives: { order: { afterMs: 5_000 } },
      said: [{ text: '' }],
    });
    talk.send({ type: 'text', text: 'pizza' });
    await talk.until(() => talk.ran.length === 1);
    await talk.speak(600);
    await talk.beSilent(1_000);
    expect(heard(talk)).toEqual(['']);
    await talk.until(() => heard(talk).length === 2);
    expect(heard(talk)[1]).toBe('It is ordered.');
    await talk.wait(5_000);
    expect(talk.ran).toHaveLength(1);
    expect(talk.asked).toHaveLength(2);
  });
});

describe('a result is delivered once', () => {
  it('in the round that follows, if it came before, and not again after the reply', async () => {
    const talk = await workshop({
      replies: [calls('', 'look', 'log'), 'There.', 'And again.'],
      gives: { look: { afterMs: 2_000 } },
    });
    await askByText(talk, 'find it');
    await backToIdle(talk);
    await talk.wait(5_000);
    expect(talk.asked).toHaveLength(2);
    expect(talk.asked[1]?.at(-1)?.actions).toMatchObject([
      { name: 'look', result: { status: 'done' } },
      { name: 'log', result: { status: 'done' } },
    ]);
    expect(heard(talk)).toEqual(['There.']);
  });

  it('in the next turn, if nothing of that round was heard', async () => {
    const talk = await workshop({
      replies: [calls('', 'look', 'log'), { text: 'There.', firstTokenMs: 5_000 }, 'Fine.', 'All is noted.'],
    });
    talk.send({ type: 'text', text: 'find it' });
    await talk.until(() => talk.asked.length === 2);
    await talk.speak(600);
    await talk.beSilent(1_000);
    await talk.until(() => heard(talk).length === 2);
    await talk.wait(5_000);
    expect(heard(talk)).toEqual(['', 'Fine.']);
    expect(talk.asked).toHaveLength(3);
    expect(talk.asked[2]?.[1]?.actions).toMatchObject([
      { name: 'look', result: { status: 'done' } },
      { name: 'log', result: { status: 'done' } },
    ]);
  });

  it('although the history has lost the call meanwhile', async () => {
    const talk = await workshop({
      replies: [calls('I order it.', 'order'), 'Yes.', 'Yes.', 'Yes.', 'It has come.'],
      gives: { order: { afterMs: 20_000 } },
      said: [{ text: 'go on' }],
      parameters: parameters({
        actions: { allow: ['*'], maxPerReply: 16, rounds: 3, followUps: { '*': ['done'] } },
        history: { maxMessages: 4 },
      }),
    });
    await askByText(talk, 'pizza');
    for (const _turn of [1, 2]) {
      talk.send({ type: 'text', text: 'go on' });
      await backToIdle(talk);
    }
    // The result comes while the user speaks.
    await talk.wait(9_000);
    await talk.speak(6_000);
    await talk.beSilent(1_000);
    await talk.until(() => heard(talk).at(-1) === 'It has come.');
    await talk.wait(5_000);
    expect(heard(talk).filter((text) => text === 'It has come.')).toHaveLength(1);
  });

  it('although the turns that would have said it ended before the model was asked', async () => {
    const talk = await workshop({
      replies: [calls('I order it.', 'order', 'search'), 'Yes.', 'It has come.'],
      gives: { search: { afterMs: 20_000 } },
      memory: { recall: () => new Promise(() => {}) },
      parameters: parameters({
        actions: { allow: ['*'], maxPerReply: 16, rounds: 3, followUps: { '*': ['done'] } },
        history: { maxMessages: 4 },
      }),
    });
    await askByText(talk, 'pizza');
    await talk.wait(500);
    for (const text of ['a', 'b', 'c', 'd', 'e']) talk.send({ type: 'text', text });
    await talk.until(() => heard(talk).includes('Yes.'));
    await talk.wait(5_000);
    expect(heard(talk).slice(-2)).toEqual(['Yes.', 'It has come.']);
  });

  it('in the history, if the robot was stopped before it could be said', async () => {
    const talk = await workshop({
      replies: [calls('I order it.', 'order'), 'Yes.', 'Yes.', 'Yes.'],
      gives: { order: { afterMs: 12_000 } },
      parameters: parameters({
        actions: { allow: ['*'], maxPerReply: 16, rounds: 3, followUps: { '*': ['done'] } },
        history: { maxMessages: 4 },
      }),
    });
    await askByText(talk, 'pizza');
    for (const _turn of [1, 2]) {
      talk.send({ type: 'text', text: 'go on' });
      await backToIdle(talk);
    }
    // The result comes while the user speaks.
    await talk.wait(9_000);
    await talk.speak(6_000);
    talk.send({ type: 'halt' });
    talk.send({ type: 'rearm' });
    await askByText(talk, 'did it come?');
    const known = talk.asked.at(-1)?.flatMap(({ actions = [] }) => actions);
    expect(known).toEqual([outcome('1-order', 'order', { status: 'done', data: { found: 'order' } })]);
  });
});

it('a client that reports results has no say in the tools of the server', async () => {
  const talk = await workshop({
    results: true,
    replies: [calls('', 'look'), 'I see a cat.'],
    gives: { look: { afterMs: 2_000, result: { seen: 'a cat' } } },
  });
  talk.send({ type: 'text', text: 'look' });
  await talk.until(() => talk.of('action').length === 1);
  expect(talk.of('action')).toMatchObject([{ status: 'started', runs: 'server' }]);
  talk.send({ type: 'action.result', id: '1-look', status: 'refused', message: 'I have no such action' });
  expect(talk.of('error')).toMatchObject([{ code: 'ACTION_RESULT_UNEXPECTED' }]);
  await talk.until(() => heard(talk).length === 1);
  expect(heard(talk)).toEqual(['I see a cat.']);
  expect(talk.of('action').at(-1)).toMatchObject({ status: 'done' });
});
