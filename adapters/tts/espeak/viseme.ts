/** Mouth shapes are numbered 0 (silence) to this. */
export const LAST_VISEME = 21;

/**
 * The mouth shape of each phoneme, in the 22-shape set of SAPI 5 that Azure Speech also uses:
 * 0 silence, 1 æ ə ʌ, 2 ɑ, 3 ɔ, 4 ɛ ʊ, 5 ɝ, 6 j i ɪ, 7 w u, 8 o, 9 aʊ, 10 ɔɪ, 11 aɪ, 12 h, 13 ɹ, 14 l,
 * 15 s z, 16 ʃ tʃ dʒ ʒ, 17 θ ð, 18 f v, 19 d t n, 20 k g ŋ, 21 p b m.
 *
 * Sources of the numbers: SPVISEMES of SAPI 5.4
 * (https://learn.microsoft.com/en-us/previous-versions/windows/desktop/ee431873(v=vs.85)) and the English
 * column of Azure's phonetic sets (https://learn.microsoft.com/en-us/azure/ai-services/speech-service/speech-ssml-phonetic-sets).
 * Sounds that English does not have take the shape of the nearest English sound by place of articulation
 * and by lip rounding (front rounded vowels look like u).
 */
const SHAPES: readonly (readonly [viseme: number, phonemes: string])[] = [
  [1, 'æ ə ʌ ɐ ɚ'],
  [2, 'ɑ a ä ɒ'],
  [3, 'ɔ'],
  [4, 'e ɛ eɪ ʊ ɤ'],
  [5, 'ɝ ɜ ɵ'],
  [6, 'i ɪ ɨ j ʝ ʲ ʎ'],
  [7, 'u y ʏ ø œ ʉ ɯ w ɥ ʍ'],
  [8, 'o əʊ oʊ ou əu'],
  [9, 'aʊ au ɑʊ ɑu æʊ'],
  [10, 'ɔɪ ɔi ɔø ɔʏ oi oɪ'],
  [11, 'aɪ ai ɑɪ ɑi'],
  [12, 'h ɦ ħ ʕ χ x ɧ'],
  [13, 'ɹ r ɾ ɽ ɻ ʁ ʀ'],
  [14, 'l ɭ ɫ ʟ ɬ ɮ əl'],
  [15, 's z ts dz'],
  [16, 'ʃ ʒ tʃ dʒ ɕ ʑ tɕ dʑ ʂ ʐ tʂ dʐ s. z. ts. dz. ç'],
  [17, 'θ ð'],
  [18, 'f v pf ʋ ɱ'],
  [19, 't d n ʈ ɖ ɳ ʔ'],
  [20, 'k g ɡ ŋ q ɢ ɣ ɲ ɴ c ɟ ɰ'],
  [21, 'p b m ɸ β ʙ'],
];

const VISEMES: ReadonlyMap<string, number> = new Map(
  SHAPES.flatMap(([viseme, phonemes]) =>
    phonemes.split(' ').map((phoneme) => [phoneme.normalize('NFD').replace(/\p{M}/gu, ''), viseme] as const),
  ),
);
const LONGEST = Math.max(...[...VISEMES.keys()].map((phoneme) => phoneme.length));

/** The neutral open mouth, for sounds that the table lacks. */
const UNKNOWN_SOUND = 1;

/**
 * The mouth shape (0 to 21) in which `phoneme` (IPA, with or without stress, length and tone marks) begins.
 * No phoneme is silence; a sound that the table lacks is the neutral open mouth.
 */
export function visemeOf(phoneme: string): number {
  const bare = phoneme.normalize('NFD').replace(/[\p{M}ˈˌːˑʰʷˠˤ‿_|\s\d˥˦˧˨˩]/gu, '');
  if (bare === '') return 0;
  for (let length = Math.min(LONGEST, bare.length); length > 0; length--) {
    const viseme = VISEMES.get(bare.slice(0, length));
    if (viseme !== undefined) return viseme;
  }
  return UNKNOWN_SOUND;
}
