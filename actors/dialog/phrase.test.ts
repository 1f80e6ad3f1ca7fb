import { describe, expect, it } from 'vitest';
import { PhraseError, parsePhrase } from './phrase.ts';
import { checkPhrase, expandPhrase, shortest, sizeOf, waysOf } from './phrase-facts.ts';
import { wordsType } from './slots.ts';

const slots = new Map([
  [
    'angle',
    wordsType(
      [
        ['ninety', 90],
        ['forty-five', 45],
      ],
      'en',
    ),
  ],
]);

function parsed(source: string) {
  const phrase = parsePhrase(source, 'en', (name) =>
    name === 'ask' ? parsePhrase('give me | make me', 'en') : undefined,
  );
  checkPhrase(phrase, slots);
  return phrase;
}
const sayings = (source: string) => expandPhrase(parsed(source), slots, 100);

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
    expect(sayings('area 1500')).toEqual(['area one thousand five hundred']);
  });

  it('has the words of its slots and rules', () => {
    expect(sayings('turn {angle}')).toEqual(['turn ninety', 'turn forty five']);
    expect(sayings('<ask> {angle:corner}')).toEqual([
      'give me ninety',
      'give me forty five',
      'make me ninety',
      'make me forty five',
    ]);
  });

  it('says parts in any order, each once, and optional ones or not', () => {
    expect(sayings('(a; b; c)').toSorted()).toEqual(['a b c', 'a c b', 'b a c', 'b c a', 'c a b', 'c b a']);
    expect(sayings('x ([a]; [b])').toSorted()).toEqual(['x', 'x a', 'x a b', 'x b', 'x b a']);
    expect(sayings('([a]; b)').toSorted()).toEqual(['a b', 'b', 'b a']);
    expect(waysOf(parsed('([a]; [b]; [c]; [d]; e)'), slots)).toBe(261);
  });

  it('knows its shortest form, with or without a slot', () => {
    expect(shortest(parsed('go [on] (very far | {angle})'), slots)).toEqual(['go', 'ninety']);
    expect(shortest(parsed('go [on] (very far | {angle})'), slots, 'angle')).toEqual(['go', 'very', 'far']);
    expect(shortest(parsed('turn {angle}'), slots, 'angle')).toBeUndefined();
  });

  it('counts its words with each slot written out', () => {
    expect(sizeOf(parsed('turn {angle} or {angle:other}'), slots)).toBe(8);
  });

  it.each([
    ['(a | b', 'not closed'],
    ['a)', 'without its opening'],
    ['[a)', 'without its opening'],
    ['a } b', 'without its opening'],
    ['a > b', 'without its opening'],
    ['{not a name}', 'is not a slot'],
    ['(a | )', 'nothing between'],
    ['', 'nothing between'],
    ['?!', 'nothing between'],
    ['(a | b; c)', 'put brackets around'],
    ['(a; b; c; d; e; f)', 'more than 5 parts'],
    ['<unknown> a', 'unknown rule'],
    ['[a] [b]', 'every word of the phrase can be left out'],
    ['([a]; [b])', 'every word of the phrase can be left out'],
    ['turn {speed}', 'unknown slot "speed"'],
    ['{angle} or {angle}', 'filled twice'],
    ['({angle}; [a {angle}])', 'filled twice'],
  ])('with an error is refused: %s', (source, message) => {
    expect(() => parsed(source)).toThrow(PhraseError);
    expect(() => parsed(source)).toThrow(message);
  });

  it('with more variants than the limit is refused without being expanded', () => {
    const many = Array(40).fill('(a | b)').join(' ');
    expect(() => sayings(many)).toThrow('more than 100 ways');
  });
});
