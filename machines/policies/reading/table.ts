/** What reading aloud needs to know of a language. Words are said as they stand here. */

/** Singular and plural. */
export type Forms = readonly [one: string, many: string];

export interface CalendarDay {
  readonly day: number;
  /** 1 to 12. */
  readonly month: number;
  readonly year?: number;
  /** The word before it, in lower case: "am" wants "dritten". */
  readonly before: string;
}

export interface ClockTime {
  readonly hours: number;
  readonly minutes: number;
  readonly seconds?: number;
  readonly half?: 'a' | 'p';
}

/** What signs are called. `of`: between a million and what is counted. */
export const SIGN_NAMES = [
  'plus',
  'minus',
  'times',
  'by',
  'divided',
  'equals',
  'notEqual',
  'approximately',
  'about',
  'plusMinus',
  'less',
  'greater',
  'atMost',
  'atLeast',
  'isLess',
  'isGreater',
  'isAtMost',
  'isAtLeast',
  'moreThan',
  'lessThan',
  'power',
  'squared',
  'cubed',
  'root',
  'cubeRoot',
  'over',
  'per',
  'to',
  'from',
  'ratio',
  'and',
  'or',
  'not',
  'percent',
  'perMille',
  'degrees',
  'number',
  'hashtag',
  'at',
  'dot',
  'slash',
  'underscore',
  'dash',
  'section',
  'paragraph',
  'copyright',
  'trademark',
  'registered',
  'infinity',
  'pi',
  'factorial',
  'modulo',
  'absolute',
  'sum',
  'integral',
  'product',
  'half',
  'point',
  'outOf',
  'version',
  'sharp',
  'isIn',
  'squareUnit',
  'cubicUnit',
  'o',
  'of',
  'arrow',
  'negative',
  'tilde',
  'backslash',
] as const;
export type SignName = (typeof SIGN_NAMES)[number];

export interface ReadingTable {
  /** Between words that replace signs: a space, or nothing. */
  readonly space: ' ' | '';
  readonly decimalSign: '.' | ',';
  /** Order of a date in figures. */
  readonly dateOrder: 'mdy' | 'dmy';
  /** Which of the rules that only some languages share are in use. */
  readonly style: 'english' | 'german' | 'romance' | 'asian';
  readonly signs: Readonly<Record<SignName, string>>;
  /** A whole number in figures, without groups, as it is said. */
  cardinal(figures: string, next?: string): string;
  /** In words; `n` is at most twelve figures long. */
  words(n: number): string;
  decimal(whole: string, fraction: string): string;
  /** Figure by figure. */
  figures(figures: string): string;
  /** `counts`: a noun follows. */
  ordinal(n: number, before: string, counts?: boolean): string;
  year(n: number): string;
  /** Undefined: said as a division. */
  fraction(above: number, below: number, mixed?: boolean): string | undefined;
  /** "1½ Stunden", whose noun has a gender or another place. `whole`: in figures, or empty. Undefined: as any other fraction. */
  half?(noun: string, whole: string, before: string): string | undefined;
  clock(time: ClockTime): string;
  duration(time: ClockTime): string;
  date(day: CalendarDay): string;
  /** An amount with its unit; `forms` are the unit's words. */
  amount(said: string, isOne: boolean, forms: Forms, isWhole: boolean): string;
  /** A price with its hundredths. */
  price(units: string, unit: Forms, hundredths: number, hundredth: Forms): string;
  readonly units: Readonly<Record<string, Forms>>;
  /** By sign or code: unit, hundredth. */
  readonly currencies: Readonly<Record<string, readonly [...Forms, ...Forms]>>;
  /** Million, billion, …: after a number of a price, by what is written. */
  readonly magnitudes: Readonly<Record<string, string>>;
  /** What `k`, `M` and `B` behind a number stand for. */
  /** What follows the first number of "10 > 5", if a comparison is a sentence with another order of words. */
  compared?(left: string, right: string, isGreater: boolean): string;
  /** "<5 kg" where the bound is said behind the amount: below, above, at most, at least. */
  readonly bounds?: readonly [below: string, above: string, atMost: string, atLeast: string];
  readonly suffixes: Readonly<Record<string, string>>;
  /** By the abbreviation in lower case, without spaces. */
  readonly abbreviations: Readonly<Record<string, string>>;
  /** Abbreviations that are words too: read only in front of a number. */
  readonly beforeNumbers: Readonly<Record<string, string>>;
  readonly months: readonly string[];
  /** By what is written, in lower case and without a full stop: 1 to 12. */
  readonly monthNames: Readonly<Record<string, number>>;
  readonly weekdays: Readonly<Record<string, string>>;
  /** Written in capitals and spelled although they could be pronounced. */
  readonly spelledWords: ReadonlySet<string>;
  /** Written in capitals without vowels, or of two letters, and said as words. */
  readonly saidWords: ReadonlySet<string>;
  /** Words, in lower case, after which a number has a meaning of its own. */
  readonly before: {
    readonly year: ReadonlySet<string>;
    readonly room: ReadonlySet<string>;
    readonly figures: ReadonlySet<string>;
    readonly roman: ReadonlySet<string>;
    readonly ratio: ReadonlySet<string>;
    readonly range: ReadonlySet<string>;
  };
  /** The number of a ruler, in words; undefined: as a plain number. */
  regnal?(n: number): string;
  /** Ordinals in figures: `3rd`, `1er`, `2º`. */
  readonly ordinalMark?: RegExp;
  /** What may follow the time of day: ` Uhr`, ` o'clock`. */
  readonly clockMark?: RegExp;
}
