import { isDigit, isSpace } from './characters.ts';
import { UNDECIDED } from './spans.ts';

/**
 * Words whose full stop does not end a sentence, in lower case. Abbreviations of single letters (e.g., p.m., U.S.,
 * z.B.) need no list.
 */
const ABBREVIATIONS = new Set(
  (
    'mr mrs ms dr prof st vs etc approx dept inc ltd jr sr messrs rev gen capt sgt ' +
    'jan feb apr aug sept oct nov dec tel ext ' +
    'bzw usw ca nr hr hrn fr str evtl ggf vgl inkl ' +
    'mme mlle mm env av ex sra srta ud uds pág núm ej avda ' +
    'bspw mio mrd zzgl'
  ).split(' '),
);
/** Abbreviations that are also words: they count only before a number. */
const BEFORE_NUMBERS = new Set('no nos nr fig figs vol ch sec art p pp para eq'.split(' '));
/** Longer than any of them. */
const LONGEST = 24;

/** What the full stop at `dot` ends: `none` if it belongs to an abbreviation or to the number of a list item. */
export type FullStop = 'sentence' | 'abbreviation' | 'before number' | 'after number';

/** Reads the text from `from` on. */
export function fullStopAt(text: string, from: number, dot: number): FullStop {
  let start = dot;
  while (start > from && dot - start < LONGEST && isOfWord(text.charCodeAt(start - 1))) start--;
  const word = text.slice(start, dot).toLowerCase();
  if (word === '') return 'sentence';
  if (/^\d{1,3}$/.test(word)) return beginsItem(text, from, start) ? 'abbreviation' : 'after number';
  if (ABBREVIATIONS.has(word) || /^(?:\p{L}\.)*\p{L}$/u.test(word)) return 'abbreviation';
  return BEFORE_NUMBERS.has(word) ? 'before number' : 'sentence';
}

function isOfWord(unit: number): boolean {
  // Letters of any script, digits and inner full stops; neither white space nor brackets nor quotes.
  const lower = unit | 32;
  return unit === 46 || isDigit(unit) || (lower >= 97 && lower <= 122) || isBeyondAscii(unit);
}

function isBeyondAscii(unit: number): boolean {
  return unit >= 0xc0 && unit < 0x2000 && !isSpace(unit);
}

/** True if a list item may begin at `at`: at the start of the text or line, or after a sentence or colon. */
function beginsItem(text: string, from: number, at: number): boolean {
  let before = at - 1;
  while (before >= from && (text.charCodeAt(before) === 32 || text.charCodeAt(before) === 9)) before--;
  return before < from || '\n.!?:;*_'.includes(text.charAt(before));
}

const ARTICLE = /(?:^|[^\p{L}])(?:am|der|die|das|dem|den|des|im|zum|zur|vom|beim|jede[rmn]?)\s\d{1,3}$/iu;
/** German months, in front of which a number with a full stop is a day. */
const MONTH =
  /^(?:jan|feb|mär|apr|mai|jun|jul|aug|sep|okt|nov|dez|januar|jänner|februar|märz|april|juni|juli|august|september|oktober|november|dezember)$/iu;
/** Longer than any of them. */
const LONGEST_MONTH = 12;

/**
 * Whether the number before the full stop at `dot` is an ordinal, as in "am 3. Mai": before a month or a word in small
 * letters, or after an article. UNDECIDED: the next word is not complete.
 */
export function isOrdinalBefore(
  text: string,
  from: number,
  dot: number,
  final: boolean,
): boolean | typeof UNDECIDED {
  const next = text.slice(dot + 2, dot + 2 + LONGEST_MONTH);
  const word = /^\p{L}*/u.exec(next)?.[0] ?? '';
  if (/^\p{Ll}/u.test(word)) return true;
  if (word !== '' && ARTICLE.test(text.slice(Math.max(from, dot - 12), dot))) return true;
  if (dot + 2 + word.length === text.length && !final) return UNDECIDED;
  return MONTH.test(word);
}
