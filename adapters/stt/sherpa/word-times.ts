import { wordPlaces } from '../../../machines/policies/text.ts';
import type { TimedWord } from '../../../machines/wire.ts';

/** What a model says of its tokens: when each was heard, and how long it lasted if it knows, in seconds. */
export interface TokenTimes {
  readonly tokens: readonly string[];
  readonly timestamps: readonly number[];
  readonly durations?: readonly number[] | undefined;
}

/** A token of a model that does not know how long it lasted, at most, ms: a syllable of normal speech. */
const TOKEN_MS = 200;

const NO_LETTERS = /[^\p{L}\p{M}\p{N}]/gu;

/**
 * The words of a transcript, in scripts without spaces its characters, with their times; `fromMs` is where the decoded audio
 * begins. Empty if the tokens do not spell the text, as after inverse text normalisation, or have no times.
 */
export function wordTimes(text: string, times: TokenTimes, fromMs: number): readonly TimedWord[] {
  const { tokens, timestamps, durations } = times;
  if (timestamps.length !== tokens.length) return [];
  // Of each UTF-16 unit of what the tokens spell: the token.
  const owners: number[] = [];
  let spelled = '';
  for (const [token, piece] of tokens.entries()) {
    const letters = plain(piece);
    for (let unit = 0; unit < letters.length; unit++) owners.push(token);
    spelled += letters;
  }
  if (spelled !== plain(text)) return [];
  const endMs = (token: number) => {
    const startMs = 1_000 * (timestamps[token] ?? 0);
    const duration = durations?.[token];
    const nextMs = 1_000 * (timestamps[token + 1] ?? Number.POSITIVE_INFINITY);
    return duration ? startMs + 1_000 * duration : Math.min(nextMs, startMs + TOKEN_MS);
  };
  let unit = 0;
  return wordPlaces(text).flatMap(({ offset, length }) => {
    const word = text.slice(offset, offset + length);
    const units = plain(word).length;
    const [first, last] = [owners[unit], owners[unit + units - 1]];
    unit += units;
    if (units === 0 || first === undefined || last === undefined) return [];
    const startMs = 1_000 * (timestamps[first] ?? 0);
    return [{ text: word, startMs: Math.round(fromMs + startMs), endMs: Math.round(fromMs + endMs(last)) }];
  });
}

function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll(NO_LETTERS, '');
}
