/** Text that eSpeak reads as plain words, with a mapping to the original. */
export interface SpeakableText {
  readonly text: string;
  /** For each code point of `text`, the UTF-16 offset in the original that it stands for. */
  readonly offsets: readonly number[];
}

/** Neutralises special characters in `original`. This build of eSpeak always interprets SSML and `[[phonemes]]`. eSpeak also obeys control characters (U+0001 starts a command), stops at NUL and uses U+E000 internally. These become spaces, `&` its entity.
 */
export function speakable(original: string): SpeakableText {
  let text = '';
  const offsets: number[] = [];
  let offset = 0;
  for (const char of original) {
    const inert = char === '&' ? '&amp;' : /[<>[\]\p{C}]/u.test(char) && !JOINERS.test(char) ? ' ' : char;
    text += inert;
    for (const _ of inert) offsets.push(offset);
    offset += char.length;
  }
  return { text, offsets };
}

/** Invisible, but part of the spelling: zero-width joiners and the soft hyphen. */
const JOINERS = /[\u00ad\u200c\u200d]/u;

const SPELLED_WORD = /(?:(?![\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}])[\p{L}\p{N}\p{M}'’])+/uy;

/** The range in `original` of a word that eSpeak reports. `position` counts code points of the speakable text from 1; `length` is eSpeak's, without the part after an apostrophe. Undefined if there is no word at that position.
 */
export function wordAt(
  original: string,
  { offsets }: SpeakableText,
  position: number,
  length: number,
): { offset: number; length: number } | undefined {
  const offset = offsets[position - 1];
  const char = offset === undefined ? undefined : original.codePointAt(offset);
  if (offset === undefined || char === undefined || /[\s\p{C}]/u.test(String.fromCodePoint(char))) {
    return undefined;
  }
  SPELLED_WORD.lastIndex = offset;
  const spelled = SPELLED_WORD.exec(original)?.[0].length ?? 0;
  const reportedEnd = offsets[position - 1 + length] ?? original.length;
  const reported = original.slice(offset, reportedEnd).trimEnd().length;
  return { offset, length: Math.max(spelled, reported, char > 0xffff ? 2 : 1) };
}
