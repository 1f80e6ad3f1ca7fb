import { readFile } from 'node:fs/promises';
import { fieldAt } from './protobuf.ts';

/** The pieces in which a model spells: its ids, and how likely each piece is, as a natural logarithm. */
export type Pieces = ReadonlyMap<string, number>;

/** Without scores a spelling of few pieces is preferred. */
const UNSCORED = -1;

/**
 * The pieces of a model's `tokens.txt`, with the scores of its SentencePiece model (`bpe.model`) if there is one:
 * https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
 */
export async function readPieces(tokensPath: string, bpeModelPath: string | undefined): Promise<Pieces> {
  const scores =
    bpeModelPath === undefined ? new Map<string, number>() : scoresOf(await readFile(bpeModelPath));
  const lines = (await readFile(tokensPath, 'utf8')).split('\n');
  const pieces = lines
    .map((line) => line.split(/\s/u)[0] ?? '')
    .filter((piece) => piece !== '' && !/^<.*>$/u.test(piece));
  return new Map(pieces.map((piece) => [piece, scores.get(piece) ?? UNSCORED]));
}

/** The likeliest spelling of a phrase, in capitals if the model knows no others; undefined if it has none. */
export function spell(phrase: string, pieces: Pieces): readonly string[] | undefined {
  const onlyCapitals = ![...pieces.keys()].some((piece) => /\p{Ll}/u.test(piece));
  const cased = onlyCapitals ? phrase.toUpperCase() : phrase;
  const text = cased
    .split(' ')
    .map((word) => `▁${word}`)
    .join('');
  const best: ({ readonly score: number; readonly from: number } | undefined)[] = [{ score: 0, from: 0 }];
  for (let end = 1; end <= text.length; end++)
    for (let from = 0; from < end; from++) {
      const before = best[from];
      const score = pieces.get(text.slice(from, end));
      if (!before || score === undefined) continue;
      if (before.score + score > (best[end]?.score ?? Number.NEGATIVE_INFINITY))
        best[end] = { score: before.score + score, from };
    }
  const spelling: string[] = [];
  for (let end = text.length; end > 0; ) {
    const last = best[end];
    if (!last) return undefined;
    spelling.unshift(text.slice(last.from, end));
    end = last.from;
  }
  return spelling;
}

/** Field 1 of the model is a piece: a text (1), its score (2, a 32-bit float), and a type. */
function scoresOf(model: Buffer): ReadonlyMap<string, number> {
  const scores = new Map<string, number>();
  for (let at = 0; at < model.length; ) {
    const { field, start, end } = fieldAt(model, at);
    if (field === 1) {
      const piece = model.subarray(start, end);
      let text = '';
      let score = 0;
      for (let inner = 0; inner < piece.length; ) {
        const part = fieldAt(piece, inner);
        if (part.field === 1) text = piece.toString('utf8', part.start, part.end);
        if (part.field === 2) score = piece.readFloatLE(part.start);
        inner = part.end;
      }
      scores.set(text, score);
    }
    at = end;
  }
  return scores;
}
