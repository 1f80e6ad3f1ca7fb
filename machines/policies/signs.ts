import { fullStopAt, isOrdinalBefore } from './abbreviations.ts';
import { characterEnd, isDense, isDigit, isEmoji, isSpace } from './characters.ts';
import { type Stretch, spanAt, UNDECIDED } from './spans.ts';

/** A sign of punctuation, or a span, with everything that belongs to it. */
export interface Sign {
  readonly end: number;
  /** What its end ends; `none`: it lies inside something. */
  readonly ends: 'sentence' | 'clause' | 'none';
  /** Its spoken length, in letters. */
  readonly weight: number;
}

const STOPS = '.!?…؟۔।॥‽';
const DENSE_STOPS = '。！？．｡';
const COMMAS = ',;:؛،';
const DENSE_COMMAS = '，；：、';
const DASHES = '-–—';
/** They belong to the sentence before them. Markdown's marks are included: `**Done.** Next`. */
const CLOSERS = '"\'”’»›)]}」』）】》〉］｝*_~';
const SIGNS = new Set([...STOPS, ...DENSE_STOPS, ...COMMAS, ...DENSE_COMMAS, ...DASHES, '\n', '`', '~', '[']);

/** By code, because nearly every character of a reply is checked and nearly none is a sign. */
const ASCII_SIGNS = Array.from({ length: 128 }, (_, code) => SIGNS.has(String.fromCharCode(code)));

const NEWLINE = 10;
const FULL_STOP = 46;

/** No segment begins with one of these. */
const NEVER_FIRST = new Set([
  ...STOPS,
  ...DENSE_STOPS,
  ...COMMAS,
  ...DENSE_COMMAS,
  ...'-–—"”’»›)]}」』）】》〉］｝%°',
]);

/** Letters and digits are most frequent. */
export function mayBeginSegment(code: number): boolean {
  if ((code >= 97 && code <= 122) || (code >= 48 && code <= 57)) return true;
  return !NEVER_FIRST.has(String.fromCodePoint(code));
}

/** The sign at `at`, if there is one; UNDECIDED if only further text can decide. */
export function signAt(stretch: Stretch, at: number, code: number): Sign | typeof UNDECIDED | undefined {
  if (code < 128 && !ASCII_SIGNS[code]) return undefined;
  const char = String.fromCodePoint(code);
  if (!SIGNS.has(char)) return undefined;
  if (code === NEWLINE) return { end: at + 1, ends: 'sentence', weight: 0 };
  if (STOPS.includes(char) || DENSE_STOPS.includes(char)) return stopAt(stretch, at);
  if (COMMAS.includes(char) || DENSE_COMMAS.includes(char)) return commaAt(stretch, at);
  if (DASHES.includes(char)) return dashAt(stretch, at);
  const span = spanAt(stretch, at);
  if (span === undefined || span === UNDECIDED) return span;
  return { end: span.end, ends: span.kind === 'fence' ? 'sentence' : 'none', weight: span.spokenLength };
}

function stopAt({ text, from, final }: Stretch, at: number): Sign | typeof UNDECIDED {
  let end = at;
  let dense = false;
  for (; end < text.length; end++) {
    const char = text.charAt(end);
    if (DENSE_STOPS.includes(char)) dense = true;
    else if (!STOPS.includes(char)) break;
  }
  const one = end - at === 1;
  end = closedFrom(text, end);
  if (end === text.length) return final ? { end, ends: 'sentence', weight: end - at } : UNDECIDED;
  const weight = end - at;
  const next = text.charCodeAt(end);
  if (isSpace(next)) {
    if (one && text.charCodeAt(at) === FULL_STOP && next !== NEWLINE) {
      const stop = fullStopAt(text, from, at);
      if (stop === 'before number' && end + 1 === text.length && !final) return UNDECIDED;
      const ordinal = stop === 'after number' ? isOrdinalBefore(text, from, at, final) : false;
      if (ordinal === UNDECIDED) return UNDECIDED;
      const within =
        ordinal || stop === 'abbreviation' || (stop === 'before number' && isDigit(text.charCodeAt(end + 1)));
      if (within) return { end: end + 1, ends: 'none', weight: weight + 1 };
    }
    return { end: end + 1, ends: 'sentence', weight };
  }
  const inNumber = at > from && isDigit(text.charCodeAt(at - 1)) && isDigit(next);
  if (dense) return { end, ends: inNumber ? 'none' : 'sentence', weight };
  const dots = text.charAt(at) === '…' && isDense(text.codePointAt(end) ?? 0);
  return { end, ends: dots ? 'clause' : 'none', weight };
}

function commaAt({ text, from, final }: Stretch, at: number): Sign | typeof UNDECIDED {
  const dense = DENSE_COMMAS.includes(text.charAt(at));
  const end = closedFrom(text, at + 1);
  if (end === text.length) return final ? { end, ends: 'clause', weight: end - at } : UNDECIDED;
  const weight = end - at;
  const next = text.charCodeAt(end);
  if (next === NEWLINE) return { end: end + 1, ends: 'sentence', weight };
  // "e.g., tanks" continues.
  const afterStop = at > from && text.charCodeAt(at - 1) === FULL_STOP;
  if (isSpace(next)) return { end: end + 1, ends: afterStop ? 'none' : 'clause', weight: weight + 1 };
  const inNumber = at > from && isDigit(text.charCodeAt(at - 1)) && isDigit(next);
  return { end, ends: dense && !inNumber ? 'clause' : 'none', weight };
}

/** A dash between spaces, or a long one anywhere. Not the dash of a list item, nor "10–20". */
function dashAt({ text, from, final }: Stretch, at: number): Sign | typeof UNDECIDED {
  let end = at;
  while (end < text.length && DASHES.includes(text.charAt(end))) end++;
  if (end === text.length) return final ? { end, ends: 'none', weight: end - at } : UNDECIDED;
  const weight = end - at;
  const next = text.charCodeAt(end);
  const long = text.charAt(at) === '—';
  const spaced =
    at - 2 >= from && isSpace(text.charCodeAt(at - 1)) && !isSpace(text.charCodeAt(at - 2)) && isSpace(next);
  if (next === NEWLINE || !(spaced || long)) return { end, ends: 'none', weight };
  return { end: isSpace(next) ? end + 1 : end, ends: 'clause', weight: weight + 1 };
}

/** Position after the closing signs and emoji from `at` on. */
function closedFrom(text: string, at: number): number {
  let end = at;
  while (end < text.length) {
    const code = text.codePointAt(end) ?? 0;
    if (isEmoji(code)) end = characterEnd(text, end);
    else if (CLOSERS.includes(String.fromCodePoint(code))) end++;
    else break;
  }
  return end;
}
