/** A part of a request's text that an engine gets at once. `offset` is in UTF-16 units. */
export interface Piece {
  readonly offset: number;
  readonly text: string;
}

/** Maximum length of a piece in code points, by default: about 13 s of English. Shorter pieces share a thread more fairly. */
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
