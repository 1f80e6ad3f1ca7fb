import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../machines/errors.ts';
import { backToIdle, parameters, say, user } from './scene.ts';
import { calls, heard, outcome, TOOLS, type Workshop, workshop } from './workshop.ts';

const PIZZA = { name: 'pizza', description: '', parameters: {}, whenInterrupted: 'finish' } as const;
const PIZZA_CALL = { type: 'action', id: 'p', name: 'pizza', args: { size: 'large' } } as const;
const QUESTION = 'Shall I order a large pizza?';

/** A server whose tool `pizza` needs a yes; the model calls it at once. */
function pizzeria(options: Workshop = {}) {
  return workshop({
    tools: {
      tools: [...TOOLS, { ...PIZZA, policy: 'ask', question: 'Shall I order a {size} pizza?' }],
      watch: () => () => {},
    },
    replies: [{ text: '', actions: [PIZZA_CALL] }, 'It is on its way.'],
    ...options,
  });
}

const pizza = (result: object) => ({ id: '1-p', name: 'pizza', args: { size: 'large' }, result });

describe('a call that the user must allow', () => {
  it('begins after a yes, and the model goes on with its result', async () => {
    const talk = await pizzeria({ said: [{ text: 'yes' }], gives: { pizza: { result: { minutes: 20 } } } });
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.until(() => heard(talk).length === 1);
    expect(heard(talk)).toEqual([QUESTION]);
    expect(talk.ran).toEqual([]);
    expect(talk.of('action')).toEqual([]);
    await talk.wait(500);
    await say(talk);
    await backToIdle(talk);
    expect(heard(talk)[1]).toBe('All right. It is on its way.');
    expect(talk.ran).toMatchObject([{ id: '1-p', key: 'test/2/1-p' }]);
    const done = pizza({ status: 'done', data: { minutes: 20 } });
    expect(talk.asked[1]).toEqual([
      user('I am hungry'),
      { role: 'assistant', content: QUESTION, actions: [done] },
      user('yes'),
      { role: 'assistant', content: 'All right.' },
    ]);
  });

  it('begins after a yes behind the wake phrase', async () => {
    const talk = await pizzeria({
      said: [{ text: 'Robot, yes.' }],
      attention: 'wake',
      parameters: parameters({ words: { wake: ['robot'] } }),
    });
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.until(() => heard(talk).length === 1);
    await talk.wait(500);
    await say(talk);
    await backToIdle(talk);
    expect(talk.ran).toMatchObject([{ id: '1-p' }]);
  });

  it('is known to the model as running, if its reply is interrupted', async () => {
    const talk = await pizzeria({ gives: { pizza: { afterMs: 20_000 } } });
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.until(() => heard(talk).length === 1);
    await talk.wait(500);
    talk.send({ type: 'text', text: 'yes' });
    await talk.until(() => talk.ran.length === 1);
    talk.send({ type: 'text', text: 'how long does it take?' });
    await talk.until(() => talk.asked.length === 2);
    const known = talk.asked[1]?.flatMap(({ actions = [] }) => actions);
    expect(known).toEqual([pizza({ status: 'started' })]);
  });

  it('is known to the model as refused if it is not offered any more when the yes comes', async () => {
    const talk = await pizzeria();
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.until(() => heard(talk).length === 1);
    talk.send({ type: 'settings', toolChoice: 'none' });
    talk.send({ type: 'text', text: 'yes' });
    await backToIdle(talk);
    expect(talk.ran).toEqual([]);
    expect(talk.of('action')).toMatchObject([{ id: '1-p', status: 'refused' }]);
    const known = talk.asked[1]?.flatMap(({ actions = [] }) => actions);
    expect(known).toEqual([pizza({ status: 'refused', message: ERRORS.ACTION_UNKNOWN })]);
  });

  it('stays refused if the user continues after the yes, and it is offered again', async () => {
    const talk = await pizzeria({ said: [{ text: 'no wait' }] });
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.until(() => heard(talk).length === 1);
    talk.send({ type: 'settings', toolChoice: 'none' });
    talk.send({ type: 'text', text: 'yes' });
    talk.send({ type: 'settings', toolChoice: 'auto' });
    await say(talk);
    await backToIdle(talk);
    expect(talk.of('transcript').at(-1)?.text).toBe('yes no wait');
    expect(talk.ran).toEqual([]);
  });

  it('never begins after a no', async () => {
    const talk = await pizzeria({ said: [{ text: 'no thanks' }, { text: 'yes' }] });
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.until(() => heard(talk).length === 1);
    await talk.wait(500);
    await say(talk);
    await backToIdle(talk);
    expect(heard(talk)[1]).toBe('All right, I will not.');
    expect(talk.of('action')).toMatchObject([{ id: '1-p', status: 'refused' }]);
    await say(talk);
    await backToIdle(talk);
    expect(talk.ran).toEqual([]);
    expect(talk.asked[1]).toMatchObject([
      user('I am hungry'),
      { content: QUESTION, actions: [{ result: { status: 'refused' } }] },
      user('no thanks'),
      { content: 'All right, I will not.' },
      user('yes'),
    ]);
  });

  it('may be denied unsurely, and then another call may begin because of what an earlier one gave', async () => {
    const talk = await pizzeria({
      said: [{ text: 'no', confidence: 0.1 }],
      asking: { below: 0.5 },
      replies: [
        { text: '', actions: [...(calls('', 'log').actions ?? []), PIZZA_CALL] },
        calls('It is written.', 'order'),
        'Done.',
      ],
      gives: { log: { afterMs: 2_500 } },
    });
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.until(() => heard(talk).length === 1);
    await talk.wait(500);
    await say(talk);
    await talk.until(() => heard(talk).length > 2 && talk.state === 'idle');
    expect(heard(talk).slice(0, 3)).toEqual([QUESTION, 'All right, I will not.', 'It is written. Done.']);
    expect(talk.ran.map(({ name }) => name)).toEqual(['log', 'order']);
  });

  it('never begins if the user says something else or nothing', async () => {
    const talk = await pizzeria({ said: [{ text: 'what time is it' }] });
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.until(() => heard(talk).length === 1);
    await talk.wait(500);
    await say(talk);
    await backToIdle(talk);
    expect(talk.asked[1]?.[1]).toMatchObject({ actions: [{ result: { status: 'refused' } }] });
    expect(talk.ran).toEqual([]);

    const silent = await pizzeria();
    silent.send({ type: 'text', text: 'I am hungry' });
    await silent.until(() => heard(silent).length === 1);
    await silent.wait(10_000);
    expect(silent.state).toBe('idle');
    expect(heard(silent).at(-1)).toBe('I heard no answer, so I will not.');
    silent.send({ type: 'text', text: 'yes' });
    await backToIdle(silent);
    expect(silent.ran).toEqual([]);
  });

  it('begins after a yes over the question, if most of it was heard', async () => {
    const talk = await pizzeria({ said: [{ partial: 'yes', text: 'yes' }] });
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.until(() => talk.state === 'speaking');
    await talk.wait(1_400);
    await say(talk);
    await backToIdle(talk);
    expect(talk.ran).toHaveLength(1);

    const early = await pizzeria({ said: [{ partial: 'yes', text: 'yes' }] });
    early.send({ type: 'text', text: 'I am hungry' });
    await early.until(() => early.state === 'speaking');
    await early.wait(100);
    await say(early);
    await backToIdle(early);
    expect(early.ran).toEqual([]);
  });

  it('is asked about once more if the answer is not sure, and not a third time', async () => {
    const unsure = { text: 'tomato', confidence: 0.1 };
    const talk = await pizzeria({ said: [unsure], asking: { below: 0.5 } });
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.until(() => heard(talk).length === 1);
    for (const count of [2, 3]) {
      await talk.wait(500);
      await say(talk);
      await talk.until(() => heard(talk).length === count);
    }
    expect(heard(talk)).toEqual([QUESTION, QUESTION, 'Sorry, please say it again.']);
    await backToIdle(talk);
    expect(talk.ran).toEqual([]);
  });

  it('is allowed by typed words too', async () => {
    const talk = await pizzeria({ output: 'text' });
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.until(() => heard(talk).length === 1);
    talk.send({ type: 'text', text: 'Yes.' });
    await backToIdle(talk);
    expect(heard(talk)).toEqual([QUESTION, 'All right. It is on its way.']);
    expect(talk.ran).toHaveLength(1);
  });

  it('waits while others of the same round run; the next reply knows their results', async () => {
    const talk = await pizzeria({
      replies: [calls('Let me see.', 'look', 'pizza'), 'Both are done.'],
      said: [{ text: 'yes' }],
    });
    talk.send({ type: 'text', text: 'look, and order' });
    await talk.until(() => heard(talk).length === 1);
    expect(heard(talk)).toEqual(['Let me see. Shall I order a  pizza?']);
    expect(talk.ran.map(({ name }) => name)).toEqual(['look']);
    await talk.wait(500);
    await say(talk);
    await backToIdle(talk);
    expect(talk.asked[1]?.[1]?.actions).toMatchObject([
      outcome('1-look', 'look', { status: 'done', data: { found: 'look' } }),
      { name: 'pizza', result: { status: 'done' } },
    ]);
    await talk.wait(5_000);
    expect(heard(talk)).toHaveLength(2);
    expect(talk.ran).toHaveLength(2);
  });

  it('is dropped by the voice stop', async () => {
    const talk = await pizzeria();
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.until(() => heard(talk).length === 1);
    talk.send({ type: 'halt' });
    talk.send({ type: 'rearm' });
    talk.send({ type: 'text', text: 'yes' });
    await backToIdle(talk);
    expect(talk.ran).toEqual([]);
  });

  it('is asked about once more after a yes that is not sure', async () => {
    const talk = await pizzeria({
      said: [{ text: 'yes', confidence: 0.1 }, { text: 'yes' }],
      asking: { below: 0.5 },
    });
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.until(() => heard(talk).length === 1);
    await talk.wait(500);
    await say(talk);
    await talk.until(() => heard(talk).length === 2);
    expect(talk.ran).toEqual([]);
    await talk.wait(500);
    await say(talk);
    await backToIdle(talk);
    expect(heard(talk)).toEqual([QUESTION, QUESTION, 'All right. It is on its way.']);
    expect(talk.ran).toHaveLength(1);
  });

  it('is refused if the voice fails before the question was heard', async () => {
    const talk = await pizzeria({
      replies: [calls('Well, let me think about it.', 'pizza'), 'It is on its way.'],
      voice: (text) => (text.includes('Shall') ? { failsAfterMs: 0 } : {}),
    });
    talk.send({ type: 'text', text: 'I am hungry' });
    await backToIdle(talk);
    expect(talk.of('action')).toMatchObject([
      { status: 'refused', message: 'the user did not hear the question' },
    ]);
    talk.send({ type: 'text', text: 'yes' });
    await backToIdle(talk);
    expect(talk.ran).toEqual([]);
  });

  it('is refused if the user speaks on before the question is audible', async () => {
    const talk = await pizzeria({ said: [{ text: 'yes' }], voice: () => ({ firstByteMs: 3_000 }) });
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.wait(200);
    await say(talk);
    await backToIdle(talk);
    expect(talk.ran).toEqual([]);
    expect(talk.of('action')).toMatchObject([
      { status: 'refused', message: 'the user did not hear the question' },
    ]);
  });

  it('is still asked about after a "yeah" during the words before the question', async () => {
    const words = 'Well, let me think about it for a moment, and then for another one.';
    const talk = await pizzeria({
      replies: [calls(words, 'pizza'), 'It is on its way.'],
      said: [{ partial: 'yeah', text: 'yeah' }, { text: 'yes' }],
    });
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.until(() => talk.state === 'speaking');
    await talk.wait(500);
    await say(talk);
    await talk.until(() => heard(talk).length === 1);
    expect(heard(talk)).toEqual([`${words} Shall I order a  pizza?`]);
    expect(talk.ran).toEqual([]);
    await say(talk);
    await backToIdle(talk);
    expect(talk.ran.map(({ name }) => name)).toEqual(['pizza']);
  });

  it('is refused if its reply ends before the question', async () => {
    const talk = await pizzeria({
      replies: [{ ...calls('A long story begins here and goes on.', 'pizza'), tokenMs: 400 }, 'Fine.'],
    });
    talk.send({ type: 'text', text: 'I am hungry' });
    await talk.wait(3_000);
    talk.send({ type: 'text', text: 'never mind' });
    await backToIdle(talk);
    expect(talk.ran).toEqual([]);
    const all = talk.asked.at(-1)?.flatMap(({ actions = [] }) => actions);
    expect(all).toMatchObject([
      { name: 'pizza', result: { status: 'refused', message: 'the user was not asked' } },
    ]);
    expect(talk.of('action')).toMatchObject([{ name: 'pizza', status: 'refused' }]);
  });

  it('is asked for a dialog action too, and never for one that is refused', async () => {
    const terms = { wave: { policy: 'ask' }, fly: { policy: 'refused' } } as const;
    const talk = await workshop({
      replies: [calls('', 'wave', 'fly')],
      parameters: parameters({ actions: { allow: ['*'], maxPerReply: 16, terms } }),
    });
    talk.send({ type: 'text', text: 'wave' });
    await talk.until(() => heard(talk).length === 1);
    expect(heard(talk)).toEqual(['Shall I wave?']);
    expect(talk.of('error')).toMatchObject([{ code: 'ACTION_REFUSED' }]);
    talk.send({ type: 'text', text: 'yes' });
    await backToIdle(talk);
    expect(talk.ran.map(({ name }) => name)).toEqual(['wave']);
    expect(heard(talk)[1]).toBe('All right.');
  });
});
