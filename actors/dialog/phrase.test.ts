import { describe, expect, it } from 'vitest';
import { expandPhrase, PhraseError, parsePhrase, type SlotOption } from './phrase.ts';

const slots = new Map<string, readonly SlotOption[]>([
  [
    'angle',
    [
      { words: ['ninety'], value: 90 },
      { words: ['forty', 'five'], value: 45 },
    ],
  ],
]);

function sayings(source: string, limit = 100): readonly string[] {
  return expandPhrase(parsePhrase(source, 'en'), slots, limit).map(({ words }) => words.join(' '));
}

describe('a phrase', () => {
  it('is said with and without its optional words, and with each alternative', () => {
    expect(sayings('[please] (go | move) on')).toEqual([
      'go on',
      'move on',
      'please go on',
      'please move on',
    ]);
  });

  it('may be alternatives without brackets', () => {
    expect(sayings('bye bye | see you')).toEqual(['bye bye', 'see you']);
  });

  it('nests', () => {
    expect(sayings('a [b (c | d [e])]')).toEqual(['a', 'a b c', 'a b d', 'a b d e']);
  });

  it('is normalised word by word', () => {
    expect(sayings("What's, the time?")).toEqual(["what's the time"]);
    expect(sayings('uh-huh')).toEqual(['uh huh']);
  });

  it('captures the words and the value of a slot', () => {
    const [ninety, fortyFive] = expandPhrase(parsePhrase('turn {angle}', 'en'), slots, 100);
    expect(ninety).toEqual({ words: ['turn', 'ninety'], slots: { angle: { words: ['ninety'], value: 90 } } });
    expect(fortyFive?.slots).toEqual({ angle: { words: ['forty', 'five'], value: 45 } });
  });

  it.each([
    ['(a | b', 'not closed'],
    ['a)', 'without its opening'],
    ['[a)', 'without its opening'],
    ['a } b', 'without its opening'],
    ['{not a name}', 'is not a slot'],
    ['(a | )', 'nothing between'],
    ['', 'nothing between'],
    ['?!', 'nothing between'],
  ])('with a syntax error is refused: %s', (source, message) => {
    expect(() => sayings(source)).toThrow(PhraseError);
    expect(() => sayings(source)).toThrow(message);
  });

  it('that could be empty is refused', () => {
    expect(() => sayings('[a] [b]')).toThrow('every word of the phrase can be left out');
  });

  it('that names an unknown slot, or one twice, is refused', () => {
    expect(() => sayings('turn {speed}')).toThrow('no slot "speed"');
    expect(() => sayings('{angle} or {angle}')).toThrow('filled twice');
  });

  it('with more variants than the limit is refused without being expanded', () => {
    const many = Array(40).fill('(a | b)').join(' ');
    expect(() => sayings(many)).toThrow('more than 100 ways');
  });
});
