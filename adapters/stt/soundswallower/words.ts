import type { Dialog } from '../../../actors/dialog/mod.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { copied, eachEntry } from '../../soundswallower/dictionary.ts';
import { grammarWords, PHONES } from './jsgf.ts';

/** One pronunciation: phones separated by spaces. */
export interface Pronunciation {
  readonly word: string;
  readonly phones: string;
}

/** Pronunciations that differ from the dictionary or are missing in it. */
const SOUNDS: Readonly<Record<string, readonly string[]>> = {
  uh: ['AH'],
  huh: ['HH AH'],
  mm: ['M'],
  yeah: ['Y AE', 'Y EH', 'Y EH AH'],
  hmm: ['HH M', 'M'],
  mhm: ['M HH M', 'AH M HH AH M'],
  almond: ['AA M AH N D', 'AA L M AH N D', 'AE L M AH N D', 'AO L M AH N D'],
  americano: ['AH M EH R IH K AA N OW', 'AH M EH R AH K AA N OW'],
  iced: ['AY S T', 'AY S'],
  latte: ['L AA T EY', 'L AE T EY'],
  mocha: ['M OW K AH', 'M AO K AH'],
};

/** The vowels of British voices, in the phones of an American model: those of "stop", "back" and "thank", "go", "time". */
const BRITISH = [
  [/\bAA\b(?! R)/g, 'AO'],
  [/\bAE\b(?! [MN]\b)/g, 'AH'],
  [/\bOW\b/g, 'ER UW'],
  [/\bAY\b/g, 'AA IY'],
] as const;

/** Throws DIALOG_INVALID with the word if the pronunciation of a word is unknown: it is not written in Latin letters and the dialog gives no pronunciation, or gives one with unknown phones.
 */
export function checkWords(dialog: Dialog): void {
  const known = new Set(PHONES);
  for (const [word, phones] of dialog.pronunciations) {
    const wrong = phones.split(/\s+/).find((phone) => !known.has(phone));
    if (wrong !== undefined) {
      throw new ParleyError(
        'DIALOG_INVALID',
        `pronunciations.${word}: "${wrong}" is not a phone; the phones are ${PHONES.join(' ')}`,
      );
    }
  }
  const silent = grammarWords(dialog).find(
    (word) => !dialog.pronunciations.has(word) && !/^[a-z']*[a-z][a-z']*$/.test(word),
  );
  if (silent !== undefined) {
    throw new ParleyError(
      'DIALOG_INVALID',
      `add "${silent}" to pronunciations: its sound cannot be derived from its letters`,
    );
  }
}

/** The pronunciations of each word: from the dialog, else from the dictionary (with its alternatives) or by English letter-to-sound rules, each also with British vowels. `dictionary` is the text of a CMU dictionary.
 */
export function pronounce(
  words: readonly string[],
  own: ReadonlyMap<string, string>,
  dictionary: string,
): readonly Pronunciation[] {
  const wanted = new Map<string, string[]>(words.map((word) => [word, []]));
  eachEntry(dictionary, (word, phones) => wanted.get(word)?.push(copied(phones)));
  return [...wanted].flatMap(([word, found]) => {
    const mine = own.get(word);
    const ways = SOUNDS[word] ?? (found.length > 0 ? found : [soundOf(word)]);
    const all = mine !== undefined ? [mine] : [...ways, ...ways.map(british)];
    return [...new Set(all)].map((phones) => ({ word, phones }));
  });
}

function british(phones: string): string {
  return BRITISH.reduce((said, [american, vowel]) => said.replace(american, vowel), phones);
}

/**
 * Longest spelling first. An approximation for names and rare words; add wrong ones to the dialog's `pronunciations`.
 */
const RULES: readonly (readonly [string, string])[] = (
  'tion=SH AH N;ough=AO;eigh=EY;augh=AO;igh=AY;sch=SH;tch=CH;dge=JH;ck=K;ch=CH;sh=SH;th=TH;ph=F;wh=W;ng=NG;qu=K W;kn=N;wr=R;' +
  'ee=IY;ea=IY;oo=UW;ou=AW;ow=OW;oa=OW;oi=OY;oy=OY;ai=EY;ay=EY;au=AO;aw=AO;ie=IY;ei=EY;ey=IY;er=ER;ir=ER;ur=ER;ar=AA R;or=AO R;' +
  'a=AE;b=B;c=K;d=D;e=EH;f=F;g=G;h=HH;i=IH;j=JH;k=K;l=L;m=M;n=N;o=AA;p=P;q=K;r=R;s=S;t=T;u=AH;v=V;w=W;x=K S;y=Y;z=Z'
)
  .split(';')
  .map((rule) => {
    const [letters = '', phones = ''] = rule.split('=');
    return [letters, phones] as const;
  });
const LONG_VOWELS: Readonly<Record<string, string>> = { a: 'EY', e: 'IY', i: 'AY', o: 'OW', u: 'UW' };

/** English letter-to-sound by rule: silent final e lengthens the vowel before it, double letters sound once. */
export function soundOf(word: string): string {
  const letters = word.replace(/[^a-z]/g, '').replace(/([^aeiou])\1/g, '$1');
  const phones: string[] = [];
  for (let at = 0; at < letters.length; ) {
    const rest = letters.slice(at);
    const long = /^([aeiou])[^aeiouy]e$/.exec(rest)?.[1];
    if (long !== undefined) {
      phones.push(LONG_VOWELS[long] ?? '');
      at += 1;
    } else if (rest === 'e' && phones.length > 1) {
      break;
    } else if (rest === 'y' && at > 0) {
      phones.push('IY');
      break;
    } else if (/^c[eiy]/.test(rest)) {
      phones.push('S');
      at += 1;
    } else if (rest === 'o') {
      phones.push('OW');
      break;
    } else {
      const rule = RULES.find(([spelling]) => rest.startsWith(spelling));
      if (rule) phones.push(rule[1]);
      at += rule?.[0].length ?? 1;
    }
  }
  return phones.length > 0 ? phones.join(' ') : 'AH';
}
