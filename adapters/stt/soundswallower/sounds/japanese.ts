/** Rows of the kana table, each with its sound before a vowel, and the sounds that are exceptions. */
const ROWS = 'あ=|か=K|が=G|さ=S|ざ=Z|た=T|だ=D|な=N|は=HH|ば=B|ぱ=P|ま=M|ら=R'.split('|').map((row) => {
  const [first = '', consonant = ''] = row.split('=');
  return { first: first.codePointAt(0) ?? 0, consonant };
});
const VOWELS = ['AA', 'IY', 'UW', 'EH', 'OW'] as const;
const SOUNDS = new Map<string, string>(
  Object.entries({
    ...{ し: 'SH IY', じ: 'JH IY', ち: 'CH IY', ぢ: 'JH IY', つ: 'T S UW', づ: 'Z UW', ふ: 'F UW' },
    ...{ や: 'Y AA', ゆ: 'Y UW', よ: 'Y OW', わ: 'W AA', を: 'OW', ん: 'N', っ: '', ー: '' },
  }),
);
/** Columns of the rows: "か" rows are a voiced kana apart, the "は" row two, the "な" and "ま" rows one. */
const STEPS: Readonly<Record<string, number>> = { あ: 2, な: 1, ま: 1, ら: 1, は: 3, ば: 3, ぱ: 3 };
for (const { first, consonant } of ROWS) {
  const step = STEPS[String.fromCodePoint(first)] ?? 2;
  for (const [column, vowel] of VOWELS.entries()) {
    // The small っ stands before つ.
    const skip = (consonant === 'T' || consonant === 'D') && column >= 2 ? 1 : 0;
    const kana = String.fromCodePoint(first + column * step + skip);
    if (!SOUNDS.has(kana)) SOUNDS.set(kana, `${consonant} ${vowel}`.trim());
  }
}
const SMALL_Y: Readonly<Record<string, string>> = { ゃ: 'AA', ゅ: 'UW', ょ: 'OW' };
const SMALL_VOWELS: Readonly<Record<string, string>> = { ぁ: 'AA', ぃ: 'IY', ぅ: 'UW', ぇ: 'EH', ぉ: 'OW' };

/** The phones of kana in an English model; undefined if the text is not in kana. */
export function japaneseSound(text: string): string | undefined {
  const kana = [...text].map((one) => hiragana(one));
  const phones: string[] = [];
  for (const [at, one] of kana.entries()) {
    const small = SMALL_Y[one] ?? SMALL_VOWELS[one];
    if (small !== undefined) {
      // "きょ": the vowel of the kana before gives way.
      const before = (phones.pop() ?? '').split(' ').slice(0, -1);
      const glide = one in SMALL_Y && !['SH', 'CH', 'JH'].includes(before.at(-1) ?? '') ? ['Y'] : [];
      phones.push([...before, ...glide, small].join(' '));
      continue;
    }
    const last = at === kana.length - 1;
    // The topic particle at the end is spoken "wa".
    const sound = one === 'は' && last && at > 1 ? 'W AA' : SOUNDS.get(one);
    if (sound === undefined) return undefined;
    phones.push(sound);
  }
  return phones.filter(Boolean).join(' ');
}

/** Katakana as hiragana. */
function hiragana(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code >= 0x30a1 && code <= 0x30f6 ? String.fromCodePoint(code - 0x60) : character;
}
