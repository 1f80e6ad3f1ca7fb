import { describe, expect, it } from 'vitest';
import type { LlmScript } from '../../testing/scripted-engines.ts';
import { askByText, backToIdle, parameters, user } from './scene.ts';
import { calls, heard, outcome, workshop } from './workshop.ts';

const WHY = 'metres must be at most 5';
const NOT_DONE = 'Sorry, I have not done that.';

/** A call of `order` that cannot be used. */
function broken(text: string): LlmScript {
  return { text, actions: [{ type: 'action', id: 'order', name: 'order', args: {}, invalid: WHY }] };
}

const failed = (id: string) => outcome(id, 'order', { status: 'failed', message: WHY });

describe('a call whose arguments cannot be used', () => {
  it.each([
    {
      title: 'the model makes it again',
      replies: [broken('I go.'), calls('', 'order'), 'There.'],
      hears: 'I go. There.',
      ran: ['1.1-order'],
    },
    {
      title: 'the model says that it did not work',
      replies: [broken('I go.'), 'That does not work.'],
      hears: 'I go. That does not work.',
      ran: [],
    },
    {
      title: 'the model asks what else to do',
      replies: [broken(''), 'How far shall I go?'],
      hears: 'How far shall I go?',
      ran: [],
    },
    {
      title: 'the model speaks as if it had begun',
      replies: [broken('I go.'), 'On my way.'],
      hears: `I go. On my way. ${NOT_DONE}`,
      ran: [],
    },
    {
      title: 'the model falls silent',
      replies: [broken('I go.'), ''],
      hears: `I go. ${NOT_DONE}`,
      ran: [],
    },
    {
      title: 'the model fails',
      replies: [broken('I go.'), { failsAt: 0 }],
      hears: `I go. ${NOT_DONE}`,
      ran: [],
    },
    {
      title: 'it never had words',
      replies: [broken('')],
      hears: NOT_DONE,
      ran: [],
    },
  ])('does not begin, and the user hears the truth when $title', async ({ replies, hears, ran, title }) => {
    const talk = await workshop({ replies });
    await askByText(talk, 'go');
    await backToIdle(talk);
    expect(heard(talk)).toEqual([hears]);
    expect(talk.ran.map(({ id }) => id)).toEqual(ran);
    expect(talk.of('action').map(({ id }) => id)).toEqual(ran.flatMap((id) => [id, id]));
    expect(talk.of('error')[0]).toMatchObject({ code: 'ACTION_INVALID', fatal: false });
    expect(talk.of('error')[0]?.message).toContain(`order: ${WHY}`);
    const said = title === 'it never had words' || title.includes('asks') ? '' : 'I go.';
    expect(talk.asked[1]).toEqual([
      user('go'),
      { role: 'assistant', content: said, actions: [failed('1-order')] },
    ]);
  });

  it('is tried again within the limit of rounds', async () => {
    const talk = await workshop({ replies: [broken('')] });
    await askByText(talk, 'go');
    await backToIdle(talk);
    expect(talk.asked).toHaveLength(4);
    expect(heard(talk)).toEqual([NOT_DONE]);
    await askByText(talk, 'and now?');
    expect(talk.asked[4]?.flatMap(({ actions = [] }) => actions)).toEqual(
      ['1-order', '1.1-order', '1.2-order', '1.3-order'].map(failed),
    );
  });

  it('is never asked about, and does not keep another one from its question', async () => {
    const tools = ['order', 'pay'].map((name) => ({
      ...{ name, description: '', parameters: {}, policy: 'ask' as const, question: `Shall I ${name}?` },
    }));
    const talk = await workshop({
      tools: { tools, watch: () => () => {} },
      replies: [
        {
          text: 'Well.',
          actions: [...(broken('').actions ?? []), { type: 'action', id: 'pay', name: 'pay', args: {} }],
        },
        'Paid.',
      ],
    });
    await askByText(talk, 'go');
    await talk.until(() => heard(talk).length === 1);
    await talk.wait(500);
    expect(heard(talk)).toEqual([`Well. ${NOT_DONE} Shall I pay?`]);
    talk.send({ type: 'text', text: 'yes' });
    await talk.until(() => talk.ran.length === 1);
    await backToIdle(talk);
    expect(talk.ran).toMatchObject([{ name: 'pay' }]);
  });

  it('is said to the user in the language of the reply', async () => {
    const talk = await workshop({
      replies: [broken('Ich fahre.'), 'Ich bin unterwegs.'],
      language: 'de',
      parameters: parameters({
        actions: { allow: ['*'], maxPerReply: 16, rounds: 3 },
        phrases: { notDone: 'Das habe ich nicht getan.' },
      }),
    });
    await askByText(talk, 'fahr los');
    await backToIdle(talk);
    expect(heard(talk)).toEqual(['Ich fahre. Ich bin unterwegs. Das habe ich nicht getan.']);
  });

  it('without the tool loop gets no reply of its own, and the user hears that it was not done', async () => {
    const talk = await workshop({
      replies: [broken('I go.'), 'Hello.'],
      parameters: parameters({ actions: { allow: ['*'], maxPerReply: 16 } }),
      results: true,
    });
    await askByText(talk, 'go');
    await backToIdle(talk);
    await talk.wait(5_000);
    expect(heard(talk)).toEqual([`I go. ${NOT_DONE}`]);
    await askByText(talk, 'hello');
    expect(talk.asked[1]?.flatMap(({ actions = [] }) => actions)).toEqual([failed('1-order')]);
  });

  it('leaves the turn open to the rest of the sentence', async () => {
    const talk = await workshop({
      replies: [{ ...broken(''), hangsAt: 0 }, 'Fine.'],
      said: [{ text: 'go' }, { text: 'home' }],
    });
    await talk.speak(600);
    await talk.beSilent(800);
    await talk.until(() => talk.of('error').length === 1);
    await talk.speak(600);
    await talk.beSilent(800);
    await backToIdle(talk);
    expect(talk.asked.at(-1)?.[0]).toEqual(user('go home'));
    expect(heard(talk).at(-1)).toBe('Fine.');
  });
});
