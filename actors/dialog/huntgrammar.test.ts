import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchDialog, parseDialog } from './mod.ts';
import { expandPhrase } from './phrase-facts.ts';

const cafe = parseDialog(`
slots:
  size: [small, large]
  roast: { light roast: light, dark roast: dark }
  drink: [latte, iced coffee]
  count: number 1..20
entries:
  - id: order
    phrases: (give me | I want) a ([{size}]; [{roast}]; {drink}) [with {count} (sugar | sugars)]
    replies: "{drink}"
  - id: from-to
    phrases: go from {count:from} to {count:to}
    replies: "{from} {to}"
`);
const valuesOf = (text: string) => {
  const slots = matchDialog(cafe, text)?.slots;
  return slots && Object.fromEntries(Object.entries(slots).map(([name, { value }]) => [name, value]));
};

describe('a phrase with several slots', () => {
  it('gives the value of each by its name, in whatever order they are said', () => {
    const order = { drink: 'latte', roast: 'dark', size: 'large' };
    expect(valuesOf('I want a large dark roast latte')).toEqual(order);
    expect(valuesOf('Give me a latte, dark roast, large!')).toEqual(order);
    expect(valuesOf('give me a large latte with 12 sugars')).toEqual({
      drink: 'latte',
      size: 'large',
      count: 12,
    });
  });

  it('fills two slots of one type under two names', () => {
    expect(valuesOf('go from three to 12')).toEqual({ from: 3, to: 12 });
  });

  it('does not take a part twice, nor a sentence that is not finished', () => {
    expect(matchDialog(cafe, 'give me a large large latte')?.how).not.toBe('exact');
    expect(valuesOf('go from three to')).toBeUndefined();
  });

  it('reaches the end of a sentence, or its middle', () => {
    const reach = (text: string) => cafe.grammar.reach(text.split(' '));
    expect(reach('i want a latte')).toEqual({ ends: true, continues: true });
    expect(reach('i want a latte with two sugars')).toEqual({ ends: true, continues: false });
    expect(reach('i want a')).toEqual({ ends: false, continues: true });
    expect(reach('a latte')).toEqual({ ends: false, continues: false });
  });
});

/** A phrase, and a sentence of it with the values of its slots. */
interface Made {
  readonly phrase: string;
  readonly said: readonly string[];
  readonly slots: Readonly<Record<string, number>>;
}

const NUMBERS = ['zero', 'one', 'two', 'three'];
const word = fc.constantFrom('go', 'left', 'now', 'please', 'forward');

/** `at` makes the names of slots differ within a phrase. */
function made(at: string, depth: number): fc.Arbitrary<Made> {
  const plain = word.map((one): Made => ({ phrase: one, said: [one], slots: {} }));
  const slot = fc
    .nat(NUMBERS.length - 1)
    .map((n): Made => ({ phrase: `{n:s${at}}`, said: [NUMBERS[n] ?? ''], slots: { [`s${at}`]: n } }));
  if (depth === 0) return fc.oneof(plain, slot);
  const inner = (i: number) => made(`${at}${i}`, depth - 1);
  const parts = fc.tuple(inner(0), inner(1), inner(2));
  return fc.oneof(
    plain,
    slot,
    parts.map(([a, b, c]) => joined(`${a.phrase} ${b.phrase} ${c.phrase}`, [a, b, c])),
    parts.map(([a, b, c]) => joined(`(${a.phrase} | ${b.phrase} | ${c.phrase})`, [b])),
    fc
      .tuple(parts, fc.boolean())
      .map(([[a, b], there]) => joined(`${a.phrase} [${b.phrase}]`, there ? [a, b] : [a])),
    parts.map(([a, b, c]) => joined(`(${a.phrase}; [${b.phrase}]; ${c.phrase})`, [c, a])),
    parts.map(([a, b, c]) => joined(`(${a.phrase}; [${b.phrase}]; ${c.phrase})`, [b, c, a])),
  );
}

function joined(phrase: string, parts: readonly Made[]): Made {
  return {
    phrase,
    said: parts.flatMap((one) => one.said),
    slots: Object.assign({}, ...parts.map((one) => one.slots)),
  };
}

describe('any phrase', () => {
  const dialogOf = (phrase: string) =>
    parseDialog(
      `slots: { n: { zero: 0, one: 1, two: 2, three: 3 } }\nentries: [{ id: a, phrases: "{n} ${phrase}", replies: b }]`,
    );

  it('understands its sentences, with a set of slots that says the same sentence', () => {
    fc.assert(
      fc.property(made('', 2), ({ phrase, said, slots }) => {
        const match = matchDialog(dialogOf(phrase), ['two', ...said].join(' '));
        expect(match?.how).toBe('exact');
        expect(match?.sentence).toBe(['two', ...said].join(' '));
        const spoken = Object.values(match?.slots ?? {}).map(({ value }) => value);
        // An ambiguous phrase may fill other slots, but never with other numbers.
        expect(spoken.length).toBeGreaterThanOrEqual(1);
        if (new Set(said).size === said.length && spoken.length === Object.keys(slots).length + 1)
          expect(spoken.toSorted()).toEqual([2, ...Object.values(slots)].toSorted());
      }),
      { numRuns: 6000 },
    );
  });

  it('is matched exactly by the sentences it can be expanded to, and by no other', () => {
    fc.assert(
      fc.property(
        made('', 1),
        fc.array(fc.oneof(word, fc.constantFrom(...NUMBERS)), { maxLength: 4 }),
        (one, other) => {
          const dialog = dialogOf(one.phrase);
          const [phrase] = dialog.entries[0]?.phrases ?? [];
          const sentences = phrase ? expandPhrase(phrase, dialog.slots, 100_000) : [];
          for (const sentence of sentences.slice(0, 50))
            expect(dialog.grammar.parse(sentence.split(' '))).not.toEqual([]);
          const text = ['two', ...other];
          expect(dialog.grammar.parse(text).length > 0).toBe(sentences.includes(text.join(' ')));
        },
      ),
      { numRuns: 6000 },
    );
  });
});
