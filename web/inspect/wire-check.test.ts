import { describe, expect, it } from 'vitest';
import * as zod from 'zod/mini';
import * as small from './wire-check.ts';

/** A schema with everything that the wire uses, made by the library or by what the page has in its place. */
function made(z: typeof zod) {
  const count = z.int().check(z.nonnegative());
  const base = z.object({
    id: z.string().check(z.regex(/^[a-z]{1,8}$/)),
    count,
    rate: z.int().check(z.positive()),
    note: z.exactOptional(z.string().check(z.maxLength(3))),
    next: z.nullable(count),
    state: z.enum(['open', 'ended']),
    share: z.number(),
    on: z.boolean(),
    any: z.unknown(),
    timings: z.record(z.string(), z.number()),
    list: z.array(z.object({ name: z.string() })),
  });
  return z.discriminatedUnion('type', [
    z.extend(base, { type: z.literal('whole') }),
    z.extend(z.omit(base, { list: true, any: true }), { type: z.literal('part') }),
  ]);
}

const WHOLE = {
  type: 'whole',
  ...{ id: 'abc', count: 0, rate: 1, note: 'yes', next: null, state: 'open', share: 0.5, on: true, any: [1] },
  timings: { stt: 1.5 },
  list: [{ name: 'a' }],
};

describe('what the page has in the place of zod', () => {
  const library = made(zod);
  const page = made(small as unknown as typeof zod);
  const both = (value: unknown) => [library, page].map((schema) => schema.safeParse(value));

  it('gives the same values, without unknown members and in the same order', () => {
    const { any: _any, list: _list, ...part } = WHOLE;
    const { note: _note, ...shorter } = WHOLE;
    for (const value of [WHOLE, shorter, { ...part, type: 'part' }, { more: 1, ...WHOLE, other: {} }]) {
      const [expected, got] = both(value);
      expect(expected?.success).toBe(true);
      expect(JSON.stringify(got)).toBe(JSON.stringify(expected));
    }
  });

  it('refuses the same values', () => {
    const wrong: readonly unknown[] = [
      undefined,
      null,
      'x',
      -1,
      1.5,
      Number.NaN,
      2 ** 60,
      [],
      {},
      true,
      'toolong',
    ];
    for (const name of Object.keys(WHOLE))
      for (const value of wrong) {
        const [expected, got] = both({ ...WHOLE, [name]: value });
        expect([name, value, got?.success]).toEqual([name, value, expected?.success]);
      }
    for (const name of Object.keys(WHOLE)) {
      const { [name as 'id']: _, ...rest } = WHOLE;
      const [expected, got] = both(rest);
      expect([name, got?.success]).toEqual([name, expected?.success]);
    }
    for (const value of [null, [], 'text', { ...WHOLE, timings: { stt: 'x' } }, { ...WHOLE, list: [{}] }])
      expect(both(value).map(({ success }) => success)).toEqual([false, false]);
  });
});
