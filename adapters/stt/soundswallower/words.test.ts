import { describe, expect, it } from 'vitest';
import { parseDialog } from '../../../actors/dialog/mod.ts';
import { dialogGrammar, grammarWords } from './jsgf.ts';
import { checkWords, pronounce, soundOf } from './words.ts';

const withPhrase = (phrase: string, more = '') =>
  parseDialog(`${more}\nentries:\n  - { id: a, phrases: "${phrase}", replies: b }\n`);

describe('the grammar', () => {
  it('keeps the shape of the phrases, slots as rules, and adds the backchannels', () => {
    const dialog = withPhrase(
      '(go | move) on [{how-far}]',
      'slots: { how-far: { one: 1, forty five: 45 } }\nbackchannels: [uh-huh]',
    );
    expect(dialogGrammar(dialog)).toBe(
      [
        '#JSGF V1.0;',
        'grammar dialog;',
        'public <dialog> = ( go | move ) on [ <slot_how_h_far> ] | uh huh;',
        '<slot_how_h_far> = one | forty five;',
      ].join('\n'),
    );
    expect(new Set(grammarWords(dialog))).toEqual(
      new Set(['go', 'move', 'on', 'one', 'forty', 'five', 'uh', 'huh']),
    );
  });
});

describe('pronunciations', () => {
  const dictionary = ';; comment\nread R EH D\nread(2) R IY D\nreader R IY D ER\n';

  it('come from the dialog first, then the dictionary with its alternatives, then the letters', () => {
    expect(pronounce(['read'], new Map(), dictionary)).toEqual([
      { word: 'read', phones: 'R EH D' },
      { word: 'read', phones: 'R IY D' },
    ]);
    expect(pronounce(['read'], new Map([['read', 'R AE D']]), dictionary)).toEqual([
      { word: 'read', phones: 'R AE D' },
    ]);
    expect(pronounce(['iced'], new Map(), 'iced AY S T\n').map(({ phones }) => phones)).toEqual([
      'AY S T',
      'AY S',
      'AA IY S T',
      'AA IY S',
    ]);
    expect(pronounce(['zeb'], new Map(), dictionary)).toEqual([{ word: 'zeb', phones: 'Z EH B' }]);
  });

  it('also have British vowels, unless the dialog says how a word sounds', () => {
    const dictionary = 'stop S T AA P\nfar F AA R\nthank TH AE NG K\ncan K AE N\ntime T AY M\n';
    const sounds = (words: readonly string[], own: ReadonlyMap<string, string> = new Map()) =>
      pronounce(words, own, dictionary).map(({ phones }) => phones);
    expect(sounds(['stop', 'far'])).toEqual(['S T AA P', 'S T AO P', 'F AA R']);
    expect(sounds(['stop', 'far'], new Map([['stop', 'S T UH P']]))).toEqual(['S T UH P', 'F AA R']);
    expect(sounds(['thank', 'can', 'time'])).toEqual([
      ...['TH AE NG K', 'TH AH NG K', 'K AE N', 'T AY M', 'T AA IY M'],
    ]);
  });

  it.each([
    ['robbo', 'R AA B OW'],
    ['drone', 'D R OW N'],
    ['shifty', 'SH IH F T IY'],
    ['cedar', 'S EH D AA R'],
    ["'", 'AH'],
  ])('are guessed from the letters of %s', (word, phones) => {
    expect(soundOf(word)).toBe(phones);
  });

  it('are required for words without Latin letters, and must consist of known phones', () => {
    expect(() => checkWords(withPhrase('hello r2d2'))).toThrow(/DIALOG|add "r2d2" to pronunciations/);
    expect(() =>
      checkWords(withPhrase('hello r2d2', 'pronunciations: { r2d2: AA R T UW D IY T UW }')),
    ).not.toThrow();
    expect(() => checkWords(withPhrase('hello', 'pronunciations: { hello: HH XX }'))).toThrow(
      '"XX" is not a phone',
    );
  });
});
