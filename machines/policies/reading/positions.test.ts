import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heardText } from '../heard.ts';
import { stageDirectionsIn } from './directions.ts';
import { readAloud } from './mod.ts';
import { plainReading } from './parameters.ts';

const LANGUAGES = ['en', 'de', 'fr', 'es', 'zh', 'ja', 'ko', 'it'];
const PIECES = fc.constantFrom(
  ...[
    'word',
    ' ',
    ' ',
    ' ',
    '12,000',
    '3,5 kg',
    '10:05',
    '$5',
    '2*3',
    '**',
    '<5',
    'a<b',
    '[1]',
    '\n- ',
    '|',
    '`x`',
  ],
  ...[
    'Dr. ',
    'z. B. ',
    '3. Mai',
    '50%',
    '½',
    'IV',
    'Louis XIV',
    '*smiles*',
    ':-)',
    'x^2',
    '$x^2$',
    '\\frac{1}{2}',
    '🙂',
  ],
  ...[
    'a@b.com',
    'https://a.b/c',
    '#tag',
    '&amp;',
    '<b>',
    '-5',
    '10-15',
    '你好',
    '5°C',
    'EU',
    '. ',
    ', ',
    '(laughs) ',
  ],
);
const TEXTS = fc.array(PIECES, { maxLength: 40 }).map((pieces) => pieces.join(''));

describe('the places of what is said', () => {
  it('are in the text, in order, for any text in any language', () => {
    fc.assert(
      fc.property(TEXTS, fc.constantFrom(...LANGUAGES), (original, language) => {
        const { text, originalOffset } = readAloud(original, language);
        let last = 0;
        for (let offset = 0; offset <= text.length; offset++) {
          const at = originalOffset(offset);
          expect(at).toBeGreaterThanOrEqual(last);
          expect(at).toBeLessThanOrEqual(original.length);
          last = at;
        }
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('are those of the words that stay', () => {
    const original = 'It is 12,000 km to **Dr. Smith**, <5 kg, *smiles* at 10:05 :-) today.';
    const { text, originalOffset } = readAloud(original, 'en');
    expect(text).toBe(
      'It is 12 thousand kilometres to Doctor Smith, less than 5 kilograms, at ten oh five today.',
    );
    const placeOf = (word: string) => originalOffset(text.indexOf(word));
    for (const word of ['Smith', 'today', 'at ']) expect(placeOf(word)).toBe(original.indexOf(word));
    expect(placeOf('12 thousand')).toBe(original.indexOf('12,000'));
    expect(placeOf('less than')).toBe(original.indexOf('<5'));
    expect(placeOf('ten oh')).toBe(original.indexOf('10:05'));
  });

  it('make the heard text of any moment a beginning of the text', () => {
    fc.assert(
      fc.property(TEXTS, fc.nat(1_000), (original, played) => {
        const { text, originalOffset } = readAloud(original, 'en');
        const words = [...text.matchAll(/\S+/gu)].map(({ index }) => ({
          sample: index * 10,
          offset: originalOffset(index),
        }));
        const segment = { text: original, samples: text.length * 10, ready: true, words };
        expect(original.trim().startsWith(heardText([segment], played))).toBe(true);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

describe('reading aloud', () => {
  it("says a user's own words, whole words only", () => {
    const reading = {
      ...plainReading,
      words: { ROS: 'ross', parley: 'par lay', 'C-3PO': 'see three pee oh' },
    };
    expect(readAloud('ROS, ros and PROS; Parley meets C-3PO.', 'en', reading).text).toBe(
      'ross, ros and PROS; par lay meets see three pee oh.',
    );
    expect(readAloud('我用ROS。', 'zh', reading).text).toBe('我用ross。');
  });

  it('drops, speaks or reports stage directions', () => {
    const text = '*smiles* Hello :-) (laughs) the door (open) :wave: [sighs] <laugh> {happy}';
    expect(readAloud(text, 'en').text).toBe('Hello the door, open');
    expect(readAloud(text, 'en', { ...plainReading, stageDirections: 'speak' }).text).toBe(
      'smiles Hello laughs the door, open wave sighs laugh happy',
    );
    expect(stageDirectionsIn(text)).toEqual(['smiles', 'smile', 'laughs', 'wave', 'sighs', 'laugh', 'happy']);
  });

  it('leaves numbers to the voice in a language that it has no table of', () => {
    expect(readAloud('**2** + 3', 'it').text).toBe('2 + 3');
  });

  it('puts the day first outside of America', () => {
    expect(readAloud('05/03/2026', 'en-GB').text).toBe('March fifth twenty twenty six');
  });
});
