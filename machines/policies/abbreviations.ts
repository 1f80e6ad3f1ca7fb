import { isDigit, isSpace } from './characters.ts';

/**
 * Words whose full stop does not end a sentence, in lower case. Abbreviations of single letters (e.g., p.m., U.S.,
 * z.B.) need no list.
 */
const ABBREVIATIONS = new Set(
  (
    'mr mrs ms dr prof st vs etc approx dept inc ltd jr sr messrs rev gen capt sgt ' +
    'jan feb apr aug sept oct nov dec tel ext ' +
    'bzw usw ca nr hr hrn fr str evtl ggf vgl inkl ' +
    'mme mlle mm env av sra srta ud uds pág núm'
  ).split(' '),
);
/** Abbreviations that are also words: they count only before a number. */
const BEFORE_NUMBERS = new Set('no nos nr fig figs vol ch sec art p pp para eq'.split(' '));
/** Longer than any of them. */
const LONGEST = 24;

/** What the full stop at `dot` ends: `none` if it belongs to an abbreviation or to the number of a list item. */
export type FullStop = 'sentence' | 'abbreviation' | 'before number';

/** Reads the text from `from` on. */
export function fullStopAt(text: string, from: number, dot: number): FullStop {
  let start = dot;
  while (start > from && dot - start < LONGEST && isOfWord(text.charCodeAt(start - 1))) start--;
  const word = text.slice(start, dot).toLowerCase();
  if (word === '') return 'sentence';
  if (/^\d{1,3}$/.test(word)) return beginsItem(text, from, start) ? 'abbreviation' : 'sentence';
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
