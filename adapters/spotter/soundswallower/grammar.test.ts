import { describe, expect, it } from 'vitest';
import { spotterGrammar } from './grammar.ts';

const DICTIONARY = `emergency IH M ER JH AH N S IY
halt HH AO L T
now N AW
shop SH AA P
stop S T AA P
top T AA P
`;

describe('the grammar of the stop spotter', () => {
  it('listens for the shortest phrases only: the others contain them', () => {
    const { phrases } = spotterGrammar(['stop now', 'stop', 'emergency stop', 'halt'], new Map(), DICTIONARY);
    expect(phrases).toEqual(['stop', 'halt']);
  });

  it('takes pronunciations from the dialog first, and adds the British vowel', () => {
    const sounds = (own: ReadonlyMap<string, string>) =>
      spotterGrammar(['stop'], own, DICTIONARY)
        .words.filter(([word]) => word.startsWith('stop'))
        .map(([, phones]) => phones);
    expect(sounds(new Map())).toEqual(['S T AA P', 'S T AO P']);
    expect(sounds(new Map([['stop', 'S T UH P']]))).toEqual(['S T UH P']);
  });

  it('sets words that differ by one sound against the phrase', () => {
    const { words, without } = spotterGrammar(['stop'], new Map(), DICTIONARY);
    const near = words.filter(([word]) => word.startsWith('near_'));
    expect(near.map(([, phones]) => phones)).toEqual(['T AA P']);
    expect(without).toContain('near_top');
  });

  it('names phrases with words of unknown sound', () => {
    const { phrases, unknown } = spotterGrammar(['stop', 'fermo'], new Map(), DICTIONARY);
    expect({ phrases, unknown }).toEqual({ phrases: ['stop'], unknown: ['fermo'] });
  });
});
