import { describe, expect, it } from 'vitest';
import type { ToolCallDelta } from './chunk.ts';
import { ToolCallDrafts } from './tool-calls.ts';

const complete = (deltas: readonly ToolCallDelta[], known: readonly string[] = []) => {
  const drafts = new ToolCallDrafts(known);
  for (const delta of deltas) drafts.add(delta);
  return drafts.complete();
};

const fn = (name?: string, args?: string): ToolCallDelta => ({ name, args });

describe('ToolCallDrafts', () => {
  it.each<[string, ToolCallDelta[]]>([
    [
      'interleaved by index',
      [
        { index: 0, id: 'x', ...fn('a', '{"n"') },
        { index: 1, id: 'y', ...fn('b', '{"m"') },
        { index: 0, ...fn(undefined, ':1}') },
        { index: 1, ...fn(undefined, ':2}') },
      ],
    ],
    ['whole, without index or id', [fn('a', '{"n":1}'), fn('b', '{"m":2}')]],
    [
      'whole, all with index 0',
      [
        { index: 0, id: 'x', ...fn('a', '{"n":1}') },
        { index: 0, id: 'y', ...fn('b', '{"m":2}') },
      ],
    ],
    [
      'interleaved by id',
      [
        { id: 'x', ...fn('a', '{"n"') },
        { id: 'y', ...fn('b', '{"m"') },
        { id: 'x', ...fn(undefined, ':1}') },
        { id: 'y', ...fn(undefined, ':2}') },
      ],
    ],
    [
      'in pieces, without index, id or name behind the first',
      [fn('a', ''), fn(undefined, '{"n"'), fn(undefined, ':1}'), fn('b', ''), fn(undefined, '{"m":2}')],
    ],
    [
      'with all of the arguments so far each time',
      [
        { index: 0, ...fn('a', '{"n"') },
        { index: 0, ...fn(undefined, '{"n":1') },
        { index: 0, ...fn(undefined, '{"n":1}') },
        { index: 1, ...fn('b', '{"m":2}') },
        { index: 1, ...fn('b', '{"m":2}') },
      ],
    ],
    [
      'with a placeholder before the arguments',
      [{ index: 0, ...fn('a', '{}') }, { index: 0, ...fn(undefined, '{"n":1}') }, fn('b', '{"m":2}')],
    ],
    [
      'with arguments before the name',
      [fn(undefined, '{"n":1}'), fn('a'), { index: 1, ...fn('b', '{"m":2}') }],
    ],
    [
      'with another id in each piece',
      [
        { index: 0, id: 'x', ...fn('a', '') },
        { index: 0, id: 'x2', ...fn(undefined, '{"n":1}') },
        { index: 1, id: 'y', ...fn('b', '{"m":2}') },
      ],
    ],
    [
      'with the name in each piece',
      [
        { index: 0, ...fn('a', '{"n"') },
        { index: 0, ...fn('a', ':1}') },
        { index: 1, ...fn('b', '{"m":2}') },
      ],
    ],
  ])('puts two calls together that come %s', (_, deltas) => {
    expect(complete(deltas)).toMatchObject([
      { name: 'a', args: { n: 1 } },
      { name: 'b', args: { m: 2 } },
    ]);
  });

  it.each<[string, ToolCallDelta[]]>([
    [
      'index',
      [
        { index: 0, ...fn('go_') },
        { index: 0, ...fn('for') },
        { index: 0, ...fn('ward', '{"m":1}') },
      ],
    ],
    ['nothing', [fn('go_'), fn('forward'), fn(undefined, '{"m":1}')]],
    [
      'id',
      [
        { id: 'x', ...fn('go_') },
        { id: 'x', ...fn('forward', '{"m":1}') },
      ],
    ],
    [
      'all so far',
      [
        { index: 0, ...fn('go_forward') },
        { index: 0, ...fn('go_forward', '{"m":1}') },
      ],
    ],
  ])('joins the pieces of a name that belong together by %s', (_, deltas) => {
    expect(complete(deltas, ['go_forward', 'go'])).toMatchObject([{ name: 'go_forward', args: { m: 1 } }]);
  });

  it.each([
    ['wave<|channel|>commentary', 'wave'],
    ['functions.wave', 'wave'],
    [' wave ', 'wave'],
    ['functions.other', 'functions.other'],
  ])('reads the name %j as %s', (given, name) => {
    expect(complete([fn(given, '{}')], ['wave'])).toMatchObject([{ name }]);
  });

  it.each(['', ' ', 'null', '{}'])('takes arguments %j for none', (args) => {
    expect(complete([fn('a', args)])).toMatchObject([{ name: 'a', args: {} }]);
  });

  it.each<[string, ToolCallDelta[], RegExp]>([
    ['cut off', [fn('a', '{"n":1')], /not valid JSON/],
    ['an empty text in quotes', [fn('a', '""')], /text in quotes/],
    ['two objects', [fn('a', '{}{}')], /not valid JSON/],
    ['two objects in two pieces', [fn('a', '{}'), fn(undefined, '{}')], /not valid JSON/],
    ['two different objects', [fn('a', '{"n":1}{"n":2}')], /not valid JSON/],
    ['encoded twice', [fn('a', '"{\\"n\\":1}"')], /text in quotes/],
    ['a list', [fn('a', '[1]')], /a list/],
    ['a number', [fn('a', '5')], /not 5/],
    ['without a name', [{ index: 0, ...fn(undefined, '{}') }], /no name/],
  ])('makes a call with arguments that are %s invalid, and says why', (_, deltas, why) => {
    expect(complete(deltas)).toMatchObject([{ args: {}, invalid: expect.stringMatching(why) }]);
  });
});
