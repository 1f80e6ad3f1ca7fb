import { describe, expect, it } from 'vitest';
import type { LlmRequest } from '../../../actors/ports/llm.ts';
import { type Template, toMessages } from './messages.ts';

type History = LlmRequest['messages'];
const user = (content: string) => ({ role: 'user', content }) as const;
const robot = (content: string) => ({ role: 'assistant', content }) as const;
const system = (content: string) => ({ role: 'system', content }) as const;
const call = (id: string, extra?: { readonly [name: string]: string | { readonly sign: string } }) => ({
  ...{ id, name: 'wave', args: { hand: 'left' }, result: { status: 'done' } },
  ...(extra && { extra }),
});
const called = (content: string, ...ids: string[]) =>
  ({ role: 'assistant', content, actions: ids.map((id) => call(id)) }) as const;

const TEMPLATE: Template = { engine: 'here', isOwnId: (id) => id.startsWith('own') };
const written = (messages: History, template: Partial<Template> = {}, more: Partial<LlmRequest> = {}) =>
  toMessages(
    { messages, language: 'en', seed: 1, ...more },
    { systemPrompt: 'Be brief.', notUnderstood: '(?)' },
    { ...TEMPLATE, ...template },
  );

/** `system Be brief. | user hello`: roles and words in their order. */
const shown = (messages: ReturnType<typeof toMessages>) =>
  messages.map(({ role, content }) => `${role} ${String(content)}`).join(' | ');

describe('the messages of a request', () => {
  it.each<[string, History, string]>([
    ['a first turn', [user('hello')], 'user hello'],
    ['a summary', [system('Earlier: tea.'), user('a')], 'system+Earlier: tea. | user a'],
    [
      'facts',
      [{ ...system('drink: tea\nAsked for tea.'), facts: true }, user('a')],
      'system+Of the user you know:\ndrink: tea | user [You remember:\nAsked for tea.]\n\na',
    ],
    [
      'a system message in the middle',
      [user('a'), robot('b'), system('It is late.'), user('c')],
      'user a | assistant b | user [It is late.]\n\nc',
    ],
    [
      'a system message at the end',
      [user('a'), robot('b'), system('It is late.')],
      'user a | assistant b | user [It is late.]',
    ],
    ['two of the user', [user('a'), user('b')], 'user a\nb'],
    [
      'two of the assistant',
      [user('a'), robot('b'), robot('c'), user('d')],
      'user a | assistant b c | user d',
    ],
    ['an empty one of the assistant', [user('a'), robot(''), user('b')], 'user a\nb'],
    ['speech without words', [user('')], 'user (?)'],
    [
      'a greeting of the robot',
      [robot('Hi.'), user('a')],
      'user (The conversation begins.) | assistant Hi. | user a',
    ],
    ['nothing', [], 'user (The conversation begins.)'],
    [
      'a robot that speaks last',
      [user('a'), robot('b')],
      'user a | assistant b | user (The user is silent. It is your turn to speak.)',
    ],
    [
      'a result that comes last',
      [user('a'), called('I will.', 'own1')],
      'user a | assistant I will. | tool {"status":"done"}',
    ],
    [
      'words before a call',
      [user('a'), robot('Well.'), called('I will.', 'own1'), user('b')],
      'user a | assistant Well. I will. | tool {"status":"done"} | user b',
    ],
  ])(
    'alternate, begin with one system message, and end with the user or a tool: %s',
    (_, messages, right) => {
      const head = 'system Be brief.';
      const expected = right.startsWith('system+') ? `${head}\n\n${right.slice(7)}` : `${head} | ${right}`;
      expect(shown(written(messages))).toBe(expected);
    },
  );

  it('begin with those of the request before', () => {
    const turns: History = [
      user('a'),
      called('I will.', 'own1'),
      robot('Done.'),
      user('b'),
      robot('c'),
      user('d'),
    ];
    const before = written(turns.slice(0, 4));
    expect(JSON.stringify(written(turns)).startsWith(JSON.stringify(before).slice(0, -1))).toBe(true);
  });

  it('send back the ids of the server, and give other ones a form that any server takes', () => {
    const long = `own${'x'.repeat(80)}`;
    const ids = written([
      ...[user('a'), called('', '1-own1', '2.1-own2', '3-call_of_another_engine', '3-own1')],
      { ...robot(''), actions: [call('4-short', { by: 'here', id: long })] },
    ]).flatMap((message) => ('tool_calls' in message ? (message.tool_calls ?? []) : []).map(({ id }) => id));
    expect(ids).toEqual([
      'own1',
      'own2',
      expect.stringMatching(/^[a-z0-9]{9}$/),
      expect.stringMatching(/^[a-z0-9]{9}$/),
      long,
    ]);
    expect(new Set(ids).size).toBe(5);
    const short = JSON.stringify(
      written([user('a'), called('', '1-own1', '1-abcDEF123')], { shortIds: true }),
    );
    expect([...short.matchAll(/"(?:tool_call_)?id":"([^"]*)"/g)].map(([, id]) => id)).toEqual([
      ...[
        expect.stringMatching(/^[a-z0-9]{9}$/),
        'abcDEF123',
        expect.stringMatching(/^[a-z0-9]{9}$/),
        'abcDEF123',
      ],
    ]);
  });

  it('return opaque fields of a call to the engine that made it, and to no other', () => {
    const history: History = [
      user('a'),
      { ...robot(''), actions: [call('own1', { by: 'here', content: { sign: 'x' } })] },
    ];
    expect(JSON.stringify(written(history))).toContain('"extra_content":{"sign":"x"}');
    expect(JSON.stringify(written(history, { engine: 'there' }))).not.toContain('extra_content');
  });

  it('say calls of the past in words where no tools are offered', () => {
    expect(shown(written([user('a'), called('I will.', 'own1'), user('b')], { withoutTools: true }))).toBe(
      'system Be brief. | user a | assistant I will. | user [You called wave({"hand":"left"}): {"status":"done"}]\n\nb',
    );
  });
});
