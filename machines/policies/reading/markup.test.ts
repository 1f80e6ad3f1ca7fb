import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writtenWords } from './mod.ts';

describe('the words of a text', () => {
  it.each([
    'Plain text, as it is.',
    "It's 10:30, and 3.5 is half of 7; isn't it?",
    '我看见两把椅子。窗户旁边还有一张很大的桌子！',
    'Well… “quoted” — and done.',
  ])('is the text itself if plain: %s', (text) => {
    const spoken = writtenWords(text);
    expect(spoken.text).toBe(text);
    expect(spoken.originalOffset(5)).toBe(5);
  });

  it.each([
    ['**Bold** and *it* and ~~gone~~ and __u__.', 'Bold and it and gone and u.'],
    ['**Its other half is elsewhere. ', 'Its other half is elsewhere.'],
    ['# Heading\nText goes on\nin two lines.', 'Heading. Text goes on in two lines.'],
    ['Buy:\n- milk\n* eggs\n- [x] tea\n\nThat is all', 'Buy: milk. eggs. tea. That is all'],
    ['1. Open\n2. Close', '1. Open. 2. Close'],
    ['我看见\n- 椅子\n- 桌子', '我看见。椅子。桌子'],
    ['> quoted\n> text', 'quoted text'],
    ['One\n\n---\n\nTwo', 'One. Two'],
    ['| name | size |\n|---|---:|\n| cup | small |\n', 'name, size. cup, small.'],
    ['See [the docs](https://x.y/z(a)?b=1) and ![a cat](c.png).', 'See the docs and a cat.'],
    ['Go to https://www.example.com/a/b?c=1. Or <https://foo.org>.', 'Go to example.com. Or foo.org.'],
    ['Run `npm install` or ``a ` b``.', 'Run n p m install or a b.'],
    ['Here:\n```ts\nconst a = 1;\n```\nDone.', 'Here: Done.'],
    ['Here:\n```ts\nconst a = 1;', 'Here:'],
    ['Great 🙂👍🏽! Press 1️⃣ in 🇫🇷, 👩‍👩‍👧 too', 'Great! Press 1 in, too'],
    ['Wow!!! What?!?!?! Well..... so -- yes', 'Wow! What?! Well... so yes'],
    ['He (the man) left. He left (late).', 'He, the man, left. He left, late.'],
    ['（提示）价格（含税）是5元。好的~', '提示，价格，含税，是5元。好的'],
    ['2 * 3 is about ~6 in snake_case', '2 * 3 is about ~6 in snake case'],
    ['A fact[1] and a note[^n].', 'A fact and a note.'],
    ['Tom &amp; Jerry<br>said \\*hi\\*', 'Tom & Jerry said hi'],
    ['  much   space \n', 'much space'],
  ])('%j is spoken as %j', (original, spoken) => {
    expect(writtenWords(original).text).toBe(spoken);
  });

  it.each(['', ' ', '🙂', '...', '---', '**', '|---|---|', '```\nconst a = 1;\n```\n', '[1]'])(
    'of %j is nothing',
    (text) => {
      expect(writtenWords(text).text).toBe('');
    },
  );

  it('maps each of its words to the original', () => {
    const original =
      '# A [**long** link](https://example.com/x) 🙂\n- and `code`, (an aside) 1️⃣\n| a | cell |';
    const { text, originalOffset } = writtenWords(original);
    expect(text).toBe('A long link. and code, an aside, 1. a, cell');
    const words = [...text.matchAll(/[a-z0-9]+/giu)];
    for (const { 0: word, index } of words)
      expect(original.slice(originalOffset(index)).startsWith(word)).toBe(true);
    expect(originalOffset(text.length)).toBe(original.length);
  });

  const pieces = fc.constantFrom(
    ...['word', 'two words', '你好', 'https://a.b/c', 'www.d.e', '&amp;', '| a | b |\n'],
    ...' ~\n~\n\n~*~**~_~`~```\n~#~# ~- ~> ~1. ~|~!!!~....~\\*'.split('~'),
    ...'[ ]( ) ( [x](y) ![ <b> < > [^1] 。 （ ） . , " —'.split(' '),
    ...['~~', '🙂', '👩‍👩‍👧', '🇫🇷', '1️⃣', 'e\u0301', '\ud83d'],
  );

  it('only omits words: the rest are those of the original, in order', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const original = parts.join('');
        const { text, originalOffset } = writtenWords(original);
        let last = 0;
        for (let offset = 0; offset <= text.length; offset++) {
          const at = originalOffset(offset);
          expect(at).toBeGreaterThanOrEqual(last);
          expect(at).toBeLessThanOrEqual(original.length);
          last = at;
          const character = text.charAt(offset);
          if (/[\p{L}\p{N}]/u.test(character)) expect(original.charAt(at)).toBe(character);
        }
        expect(text).toBe(text.trim());
        expect(text).not.toMatch(/[🙂👩🇫]|\s\s/u);
      }),
      { seed: 1, numRuns: 1_000 },
    );
  });
});
