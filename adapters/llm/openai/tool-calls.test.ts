import { describe, expect, it } from 'vitest';
import type { ToolCallDelta } from './chunk.ts';
import { ToolCallDrafts } from './tool-calls.ts';

function complete(deltas: readonly ToolCallDelta[], used = new Set<string>()) {
  const drafts = new ToolCallDrafts();
  for (const delta of deltas) drafts.add(delta);
  return drafts.complete(used);
}

const fn = (name?: string, args?: string | Record<string, unknown>) => ({
  function: { name, arguments: args },
});

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
    ['with arguments as objects', [fn('a', { n: 1 }), fn('b', { m: 2 })]],
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

  it('gives every call of a reply a unique id', () => {
    const used = new Set<string>();
    const first = complete([fn('a'), { id: 'x', ...fn('b') }], used);
    const second = complete([{ id: 'x', ...fn('a') }, fn('b')], used);
    expect(new Set([...first, ...second].map(({ id }) => id)).size).toBe(4);
    expect(first[1]?.id).toBe('x');
  });

  it.each(['', ' ', 'null', '{}'])('takes arguments %j for none', (args) => {
    expect(complete([fn('a', args)])).toMatchObject([{ name: 'a', args: {} }]);
  });

  it('refuses a call without a name', () => {
    expect(() => complete([{ index: 0, ...fn(undefined, '{}') }])).toThrow(
      expect.objectContaining({ code: 'ENGINE_PROTOCOL' }),
    );
  });
});
