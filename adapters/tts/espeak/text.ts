/** A part of the request's text that eSpeak gets at once. `offset` is in UTF-16 units. */
export interface Piece {
  readonly offset: number;
  readonly text: string;
}

/** Maximum length of a piece in code points: about 13 s of English. Shorter pieces share a thread more fairly. */
const PIECE_CHARS = 200;

const SENTENCE_END = /[.!?…](?=\s)|[。！？\n]/u;
const CLAUSE_END = /[,;:](?=\s)|[，；：、]/u;
const SPACE = /\s/u;

/** Cuts `text` into pieces of at most `limit` code points, at the last end of a sentence, else of a clause, else at white space, else anywhere between two characters. Pieces without anything to speak are skipped.
 */
export function* pieces(text: string, limit = PIECE_CHARS): Generator<Piece> {
  let offset = 0;
  while (offset < text.length) {
    const length = pieceLength(text, offset, limit);
    const piece = text.slice(offset, offset + length);
    if (/[\p{L}\p{N}\p{S}\p{P}]/u.test(piece)) yield { offset, text: piece };
    offset += length;
  }
}

function pieceLength(text: string, offset: number, limit: number): number {
  // One character more than fits, so that the look-ahead sees what follows the last one.
  const seen = takeCodePoints(text, offset, limit + 1);
  const fits = takeCodePoints(text, offset, limit);
  if (seen.length === fits.length) return fits.length;
  return (
    lastEnd(seen, SENTENCE_END, fits.length) ??
    lastEnd(seen, CLAUSE_END, fits.length) ??
    lastEnd(seen, SPACE, fits.length) ??
    fits.length
  );
}

function takeCodePoints(text: string, offset: number, count: number): string {
  let end = offset;
  for (let taken = 0; taken < count && end < text.length; taken++) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(offset, end);
}

function lastEnd(text: string, pattern: RegExp, max: number): number | undefined {
  let end: number | undefined;
  for (const match of text.matchAll(new RegExp(pattern, 'gu'))) {
    const at = match.index + match[0].length;
    if (at <= max) end = at;
  }
  return end;
}

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
