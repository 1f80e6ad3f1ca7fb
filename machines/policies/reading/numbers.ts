import type { Scan } from './scan.ts';
import type { ReadingTable } from './table.ts';

/** A number in figures. */
export interface Figures {
  readonly end: number;
  readonly whole: string;
  /** Empty: a whole number. */
  readonly fraction: string;
  /** Sign of the fraction as written, if it is not the language's. */
  readonly foreign: boolean;
  /** A vulgar fraction behind it, or alone. */
  readonly vulgar?: readonly [above: number, below: number];
}

const POINT = {
  number: /(\d{1,3}(?:,\d{3}){1,6}(?![\d]|,\d)|\d{1,40})(?:\.(\d{1,40}))?/y,
  groups: /,/g,
};
/** "12.000" and "12 000" are one number; so are "1.234,5" and, written as elsewhere, "3.5". */
const COMMA = {
  number:
    /(\d{1,3}(?:\.\d{3}){1,6}(?![\d]|\.\d)|\d{1,3}(?:[ \u00a0\u202f’']\d{3}){1,6}(?!\d)|\d{1,40})(?:([.,])(\d{1,40})(?![\d]|\.\d))?/y,
  groups: /[. \u00a0\u202f’']/g,
};
const VULGAR: Readonly<Record<string, readonly [number, number]>> = {
  ...{
    '½': [1, 2],
    '⅓': [1, 3],
    '⅔': [2, 3],
    '¼': [1, 4],
    '¾': [3, 4],
    '⅕': [1, 5],
    '⅖': [2, 5],
    '⅗': [3, 5],
    '⅘': [4, 5],
  },
  ...{
    '⅙': [1, 6],
    '⅚': [5, 6],
    '⅐': [1, 7],
    '⅛': [1, 8],
    '⅜': [3, 8],
    '⅝': [5, 8],
    '⅞': [7, 8],
    '⅑': [1, 9],
    '⅒': [1, 10],
  },
};

export function vulgarAt(scan: Scan, at: number): readonly [number, number] | undefined {
  return VULGAR[scan.char(at)];
}

/** The number that begins at `at`. */
export function figuresAt(scan: Scan, at = scan.at): Figures | undefined {
  const { decimalSign } = scan.table;
  const vulgar = vulgarAt(scan, at);
  if (vulgar) return { end: at + 1, whole: '', fraction: '', foreign: false, vulgar };
  if (decimalSign === '.') {
    const match = scan.match(POINT.number, at);
    if (!match) return undefined;
    const [all, whole = '', fraction = ''] = match;
    const end = at + all.length;
    return withVulgar(scan, { end, whole: whole.replaceAll(POINT.groups, ''), fraction, foreign: false });
  }
  const match = scan.match(COMMA.number, at);
  if (!match) return undefined;
  const [all, whole = '', sign, fraction = ''] = match;
  const end = at + all.length;
  return withVulgar(scan, {
    end,
    whole: whole.replaceAll(COMMA.groups, ''),
    fraction,
    foreign: sign === '.',
  });
}

function withVulgar(scan: Scan, figures: Figures): Figures {
  if (figures.fraction !== '') return figures;
  const space = scan.char(figures.end) === ' ' ? 1 : 0;
  const vulgar = vulgarAt(scan, figures.end + space);
  return vulgar ? { ...figures, end: figures.end + space + 1, vulgar } : figures;
}

/** A number as it is said. */
export function sayFigures(table: ReadingTable, figures: Figures, next = ''): string {
  const { whole, fraction, vulgar, foreign } = figures;
  if (vulgar) {
    const part =
      table.fraction(...vulgar) ??
      `${table.cardinal(String(vulgar[0]))} ${table.signs.over} ${table.cardinal(String(vulgar[1]))}`;
    if (whole === '') return vulgar[0] === 1 && vulgar[1] === 2 ? table.signs.half : part;
    return `${table.cardinal(whole)} ${table.signs.and} ${table.fraction(...vulgar, true) ?? part}`;
  }
  if (fraction !== '') {
    if (foreign) return `${table.cardinal(whole)} ${table.signs.point} ${table.figures(fraction)}`;
    return table.decimal(whole, fraction);
  }
  // Leading zeros belong to a code, not to an amount.
  if (/^0\d/.test(whole) || whole.length > 15) return table.figures(whole);
  return table.cardinal(whole, next);
}

/** Exactly one: the unit is singular. */
export function isOne({ whole, fraction, vulgar }: Figures): boolean {
  return whole === '1' && fraction === '' && !vulgar;
}

/** Less than one in words: "half metre". */
export function isPart({ whole, vulgar }: Figures): boolean {
  return whole === '' && vulgar !== undefined;
}

const ROMAN = /^M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})$/;
const LETTERS: Readonly<Record<string, number>> = { I: 1, V: 5, X: 10, L: 50, C: 100, D: 500, M: 1_000 };

/** The value of a roman number; undefined if it is none. */
export function romanValue(letters: string): number | undefined {
  if (letters === '' || letters.length > 12 || !ROMAN.test(letters)) return undefined;
  let value = 0;
  for (let i = 0; i < letters.length; i++) {
    const one = LETTERS[letters.charAt(i)] ?? 0;
    value += one < (LETTERS[letters.charAt(i + 1)] ?? 0) ? -one : one;
  }
  return value;
}

/** Between the ends of a range. */
export const RANGE = /\s?[-–—〜～]\s?(?=[-−]?[\d½¼¾])/uy;

/** Four figures that may be a year. */
export function isYear(whole: string): boolean {
  return /^(?:1[1-9]|20)\d{2}$/.test(whole);
}
