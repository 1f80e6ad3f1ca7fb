import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultParameters } from '../parameters.ts';
import { cutSegments } from './segmenter.ts';

const { reply } = defaultParameters;

function cut(text: string, options: { first?: boolean; final?: boolean } = {}): string[] {
  const { first = true, final = true } = options;
  let from = 0;
  return cutSegments(text, { first, final }, reply).lengths.map((length) => {
    from += length;
    return text.slice(from - length, from);
  });
}

/** As the words come, one by one: the segments, each with how many words were there when it was cut. */
function stream(text: string): string[] {
  const segments: string[] = [];
  let rest = '';
  for (const token of text.match(/\S+\s*|\s+/gu) ?? []) {
    rest += token;
    for (const length of cutSegments(rest, { first: segments.length === 0, final: false }, reply).lengths) {
      segments.push(rest.slice(0, length));
      rest = rest.slice(length);
    }
  }
  for (const length of cutSegments(rest, { first: segments.length === 0, final: true }, reply).lengths) {
    segments.push(rest.slice(0, length));
    rest = rest.slice(length);
  }
  return segments;
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

  it('wait for more when a sentence may not be over', () => {
    expect(cut('It is 3', { final: false })).toEqual([]);
    expect(cut('It is 3.', { final: false })).toEqual([]);
    expect(cut('Hello there.', { final: false })).toEqual([]);
  });

  it.each([
    'It costs 3.50 dollars and weighs 1,000 grams.',
    'See example.com or write to a.b@example.org for it.',
    'Meet Dr. Smith and Mrs. Jones at 5 p.m. today.',
    'The U.S. Army has e.g. tanks, cars etc. in use.',
    'It starts at 12:30 on the dot.',
    'Version 2.0.1 is out.',
  ])('are not cut in numbers, names and abbreviations: %s', (text) => {
    const segments = stream(text);
    expect(segments.join('')).toBe(text);
    for (const segment of segments)
      expect(segment.trimEnd()).not.toMatch(
        /(?:\d[.,:]|\bDr\.|\bMrs\.|U\.S\.|p\.m\.|e\.g\.|etc\.|example\.)$/u,
      );
  });

  it('keep the number of a list item with the item', () => {
    expect(stream('1. Open the door. 2. Go through it and wait.').every((one) => /\p{L}/u.test(one))).toBe(
      true,
    );
  });

  it('that are short wait for the next sentence', () => {
    expect(cut('I see two chairs. Yes. No. Perhaps there is more.', { first: false })).toEqual([
      'I see two chairs. Yes. No. ',
      'Perhaps there is more.',
    ]);
  });

  it('without a sentence end are cut at a clause, or else at a word', () => {
    const clause = `${'word '.repeat(30).trim()}, `;
    expect(cut(clause + 'word '.repeat(30).trim(), { first: false })[0]).toBe(clause);
    const long = 'word '.repeat(100).trim();
    for (const segment of cut(long, { first: false })) {
      expect(segment.length).toBeLessThanOrEqual(reply.segmentMaxChars + 1);
      expect(segment.trimEnd().endsWith('word')).toBe(true);
    }
  });

  it('never part the halves of a character', () => {
    for (const segment of cut('🙂'.repeat(300), { first: false }))
      expect(segment).not.toMatch(/\p{Surrogate}/u);
  });

  it('put together are the text, whatever it is and however it comes', () => {
    const pieces = fc.constantFrom(
      'Hello',
      ' ',
      '. ',
      '.',
      ', ',
      '3.5',
      '你好',
      '。',
      '\n',
      'Dr. ',
      '🙂',
      '"',
      '… ',
      '!?',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const text = parts.join('');
        expect(stream(text).join('')).toBe(text);
        expect(cut(text).join('')).toBe(text);
      }),
      { seed: 1 },
    );
  });
});
