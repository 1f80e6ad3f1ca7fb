import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultParameters } from '../parameters.ts';
import { cutSegments } from './segmenter.ts';

const { reply } = defaultParameters;

function cut(text: string, options: { segment?: number; final?: boolean } = {}): string[] {
  const { segment = 0, final = true } = options;
  let from = 0;
  return cutSegments(text, { segment, final }, reply).lengths.map((length) => {
    from += length;
    return text.slice(from - length, from);
  });
}

/** Piece by piece. */
function streamed(pieces: Iterable<string>): string[] {
  const segments: string[] = [];
  let rest = '';
  const take = (final: boolean) => {
    for (const length of cutSegments(rest, { segment: segments.length, final }, reply).lengths) {
      segments.push(rest.slice(0, length));
      rest = rest.slice(length);
    }
  };
  for (const piece of pieces) {
    rest += piece;
    take(false);
  }
  take(true);
  return segments;
}

/** Word by word. */
function stream(text: string): string[] {
  return streamed(text.match(/\S+\s*|\s+/gu) ?? []);
}

describe('segments of a reply', () => {
  it('end with sentences', () => {
    expect(cut('I see two chairs. There is a table by the window! Is that a cup over there?')).toEqual([
      'I see two chairs. ',
      'There is a table by the window! ',
      'Is that a cup over there?',
    ]);
  });

  it('end with sentences in Chinese and Japanese', () => {
    expect(cut('我看见两把椅子。窗户旁边还有一张很大的桌子！那是一个杯子吗？')).toEqual([
      '我看见两把椅子。',
      '窗户旁边还有一张很大的桌子！',
      '那是一个杯子吗？',
    ]);
    expect(cut('椅子が二つ見えます。窓のそばに大きなテーブルもあります。')).toEqual([
      '椅子が二つ見えます。',
      '窓のそばに大きなテーブルもあります。',
    ]);
  });

  it('begin early: the first may be a clause or one word', () => {
    expect(cut('Well, on the left side, there is a table.', { final: false })).toEqual([
      'Well, on the left side, ',
    ]);
    expect(cut('Yes! There is one.', { final: false })[0]).toBe('Yes! ');
    expect(cut('在左边的窗户旁边，有一张桌子', { final: false })).toEqual(['在左边的窗户旁边，']);
  });

  it('end after about ten words where the first clause is long, and at a word boundary in Japanese', () => {
    const [first = ''] = cut(
      'There was once a very old and very patient robot that wanted nothing more than to talk',
      {
        final: false,
      },
    );
    expect(first).toBe('There was once a very old and very patient robot that ');
    expect(cut('昔々あるところにとても古くてとても辛抱強いロボットがいました', { final: false })).toEqual([
      '昔々あるところにとても古くてとても',
    ]);
  });

  it('grow: each waits for more sentences than the previous one', () => {
    const lengths = cut('This is one more sentence. '.repeat(60)).map((one) => one.length);
    expect(lengths[0]).toBe(27);
    for (const [i, length] of lengths.slice(0, -1).entries())
      expect(length).toBeGreaterThanOrEqual(lengths[i - 1] ?? 0);
    expect(lengths.at(-2)).toBeGreaterThan(100);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(reply.segmentMaxChars + 1);
  });

  it.each([
    'It is 3',
    'It is 3.',
    'Hello there.',
    'Hello there!',
    'Well done。',
    'On the left side there is,',
    'She said "Go."',
    'Look at `the file.',
    'Look at [the file. It',
    'Look at [the file. It](https://x.y',
    'See No. ',
    '```\nlet it. be;\n``',
  ])('wait for more text where a sentence may continue: %j', (text) => {
    expect(cut(text, { final: false })).toEqual([]);
  });

  it.each([
    ['It costs 3.50 dollars and weighs 1,000 grams.', /\d[.,:]$/u],
    ['See example.com or write to a.b@example.org for it. Then go.', /(?:example|@|a)\.?$/u],
    ['Meet Dr. Smith and Mrs. Jones at 5 p.m. today.', /\b(?:Dr|Mrs|p\.m)\.$/u],
    ['The U.S. Army has e.g. tanks, i.e., cars etc. in use.', /(?:U\.S|e\.g|i\.e|etc)\.,?$/u],
    ['Ich komme z.B. am 3. Mai, bzw. ca. eine Woche danach.', /(?:z\.B|bzw|ca)\.$/u],
    ['Wir treffen uns am 3. Mai um zehn, der 2. Weltkrieg endete am 8. Mai.', /\d\.$(?<!Mai\.)/u],
    ['It is 1.5 billion dollars, p. ex. 5 kg, p. ej. 10:05 on <b>3</b> days.', /(?:1\.|ex\.|ej\.|5|10:|<)$/u],
    ['It starts at 12:30 on the dot, see No. 5 and Fig. 7.', /(?:12:|No\.|Fig\.)$/u],
    ['Version 2.0.1 is out.', /\d\.$/u],
    ['Run `npm install. Then. wait` and see.', /(?:install|Then)\.$/u],
    ['Read [the first. The second](https://example.com/a?b=1. 2) and stop.', /(?:first|1)\.$/u],
    ['He said "Stop!" and (then he left.) The rest is known.', /(?:Stop!|left\.)$/u],
    ['**Stop right there!** Then go on and _read this._ Good.', /[!.]$(?<!Good\.)/u],
    ['他说：“停下！”然后（走了。）就这样。', /(?:停下！|走了。)$/u],
    ['圆周率是3．14，时间是10：30，价格是1，000元。', /(?:3．|10：|1，)$/u],
  ])('are not cut within numbers, names, code, links or before a closing sign: %s', (text, within) => {
    for (const segments of [stream(text), streamed(text), cut(text)]) {
      expect(segments.join('')).toBe(text);
      for (const segment of segments.slice(0, -1)) expect(segment.trimEnd()).not.toMatch(within);
    }
  });

  it('keep a number with its unit where a segment ends between words', () => {
    const text = `${'the robot has driven '.repeat(2)}about 12,500 kilometres * 3 of its ${'way home '.repeat(9)}`;
    for (const segments of [stream(text), streamed(text), cut(text)]) {
      expect(segments.join('')).toBe(text);
      for (const segment of segments) expect(segment).not.toMatch(/(?:\d|\*) $|^(?:km|3 )/u);
    }
  });

  it('never split a code block of any length', () => {
    const block = `\`\`\`ts\n${'const a = 1; // one. two. three.\n'.repeat(100)}\`\`\`\n`;
    const text = `Here is how it is done:\n${block}That is all. I hope that it helps you.`;
    for (const segments of [streamed(text), cut(text)]) {
      expect(segments.join('')).toBe(text);
      expect(segments.filter((one) => one.includes('```'))).toHaveLength(1);
      expect(segments.find((one) => one.includes('```'))).toContain(block);
    }
  });

  it('keep the number of a list item with the item', () => {
    expect(stream('1. Open the door. 2. Go through it and wait.').every((one) => /\p{L}/u.test(one))).toBe(
      true,
    );
  });

  it('wait for, if short, the next sentence', () => {
    expect(cut('I see two chairs. Yes. No. Perhaps there is more.', { segment: 1 })).toEqual([
      'I see two chairs. Yes. No. ',
      'Perhaps there is more.',
    ]);
  });

  it('without a sentence end are cut at a clause, or else at a word', () => {
    const clause = `${'word '.repeat(30).trim()}, `;
    expect(cut(clause + 'word '.repeat(30).trim(), { segment: 1 })[0]).toBe(clause);
    const long = 'word '.repeat(100).trim();
    for (const segment of cut(long, { segment: 1 })) {
      expect(segment.length).toBeLessThanOrEqual(reply.segmentMaxChars + 1);
      expect(segment.trimEnd().endsWith('word')).toBe(true);
    }
  });

  it('never split a visible character', () => {
    const characters = ['🙂', '👩‍👩‍👧‍👦', '🇫🇷', '👍🏽', '1️⃣', 'e\u0301', '❤️', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'];
    for (const character of characters) {
      const text = character.repeat(Math.max(150, Math.ceil(1_300 / character.length)));
      for (const segments of [cut(text, { segment: 1 }), streamed(text)]) {
        expect(segments.join('')).toBe(text);
        expect(segments.length).toBeGreaterThan(1);
        for (const segment of segments) expect(segment.replaceAll(character, '')).toBe('');
      }
    }
  });

  it('take time in proportion to the text, even without a break: a quadratic algorithm would not finish', () => {
    const texts = ['...! ', '[](', '**', '```\n', 'a.b@', '- ', ...'a7.`[我🙂\n "'];
    for (const piece of texts) {
      const text = piece.repeat(Math.ceil(100_000 / piece.length));
      const segments = cut(text);
      expect(segments.join('') === text).toBe(true);
    }
  });

  const pieces = fc.constantFrom(
    ...['Hello', 'and so on', '你好', '我看见了很多东西', 'ですから', '漢字', 'x'.repeat(300)],
    ...'3.5|10:30|1,000|12 000|3|Dr. |No. |U.S. |1. '.split('|'),
    ...' |  |. |.|, |,|: |。|，|、|」|「|\n|\n\n|- |"|”|)|(|… |……|!?| – |—'.split('|'),
    ...'**|_|`|```\n|`x. y`|[|](|[a b](https://e.org/c. d) '.split('|'),
    ...['🙂', '👩‍👩‍👧', '🇫🇷', '👍🏽', 'é', 'https://example.com/a?b=1.2', 'me@example.org'],
  );
  const texts = fc.array(pieces, { maxLength: 80 }).map((parts) => parts.join(''));

  it('concatenated are the text, for any text in any pieces', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(stream(text).join('')).toBe(text);
        expect(cut(text).join('')).toBe(text);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('are the same for text that arrives at once, by words, or by halves of characters', () => {
    fc.assert(
      fc.property(
        texts,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 }),
        (text, sizes) => {
          const parts: string[] = [];
          for (let at = 0, i = 0; at < text.length; i++) {
            const size = sizes[i % sizes.length] ?? 1;
            parts.push(text.slice(at, at + size));
            at += size;
          }
          const whole = cut(text);
          expect(streamed(parts)).toEqual(whole);
          expect(stream(text)).toEqual(whole);
        },
      ),
      { seed: 2, numRuns: 1_000 },
    );
  });

  it('respect their maximum length wherever they can be split', () => {
    const words = fc.constantFrom(
      ...'a|word|several|extraordinarily|我们都是|你|です|Dr.|3.5|etc.'.split('|'),
    );
    const ends = fc.constantFrom(' ', ' ', ' ', ', ', '. ', '，', '。', '\n');
    fc.assert(
      fc.property(fc.array(fc.tuple(words, ends), { maxLength: 300 }), (parts) => {
        for (const segment of cut(parts.flat().join('')))
          expect(weightOf(segment)).toBeLessThanOrEqual(reply.segmentMaxChars);
      }),
      { seed: 3, numRuns: 300 },
    );
    for (const segment of cut('x'.repeat(10_000))) expect(segment.length).toBeLessThanOrEqual(1_000);
  });
});

function weightOf(segment: string): number {
  const dense = segment.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ?? 0;
  return segment.trim().length + 2 * dense;
}
