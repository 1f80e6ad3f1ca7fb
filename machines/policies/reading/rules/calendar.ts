import type { Rule, Said, Scan } from '../scan.ts';
import type { CalendarDay } from '../table.ts';

const ISO =
  /(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\d-])/y;
const SLASHED = /(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?![\d/-]|\.\d)/y;
const YEAR_FIRST = /(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?![\d/.-])/y;
/** "3.5." in languages whose ordinals have a full stop. */
const SHORT = /(\d{1,2})\.\s?(\d{1,2})\.(?!\d)/y;
const SLASHED_SHORT = /(\d{1,2})\/(\d{1,2})(?![\d/.]|\s?[\p{L}%=+*×-])/uy;

/** Dates in figures. */
export const dateInFigures: Rule = (scan) => {
  const iso = scan.match(ISO);
  if (iso) {
    const [all, year, month, day, hours, minutes] = iso;
    const text = day && sayDate(scan, Number(day), Number(month), Number(year));
    if (text === undefined) return undefined;
    const clock =
      hours === undefined ? '' : ` ${scan.table.clock({ hours: Number(hours), minutes: Number(minutes) })}`;
    return { end: scan.at + all.length, text: text + clock };
  }
  const first = scan.match(YEAR_FIRST);
  if (first) {
    const text = sayDate(scan, Number(first[3]), Number(first[2]), Number(first[1]));
    return text === undefined ? undefined : { end: scan.at + first[0].length, text };
  }
  const slashed = scan.match(SLASHED);
  if (slashed) return ofFigures(scan, slashed);
  const short = scan.table.style === 'german' ? scan.match(SHORT) : null;
  if (short) {
    const text = sayDate(scan, Number(short[1]), Number(short[2]));
    // The last full stop may end the sentence too.
    return text === undefined ? undefined : { end: scan.at + short[0].length, text };
  }
  const pair = ON_DAYS.has(scan.wordBefore()) ? scan.match(SLASHED_SHORT) : null;
  return pair ? ofFigures(scan, [pair[0], pair[1] ?? '', '/', pair[2] ?? '']) : undefined;
};

/** "on 12/25" is a day, "12/25" a fraction. */
const ON_DAYS = new Set('on by until since am vom le du el del'.split(' '));

function ofFigures(scan: Scan, match: readonly (string | undefined)[]): Said | undefined {
  const [all = '', one, sign, two, written] = match;
  if (sign === '-' && written?.length === 2) return undefined;
  const numbers = [Number(one), Number(two)] as const;
  // "05/03" is a month and a day in America; with full stops, or over twelve, the day is first.
  const monthFirst = scan.table.dateOrder === 'mdy' && sign !== '.' ? numbers[0] <= 12 : numbers[1] > 12;
  const [month, day] = monthFirst ? numbers : [numbers[1], numbers[0]];
  if (sign === '.' && written?.length === 2 && scan.table.style === 'english') return undefined;
  const year =
    written === undefined ? undefined : written.length === 2 ? 2_000 + Number(written) : Number(written);
  const text = sayDate(scan, day, month, year);
  return text === undefined ? undefined : { end: scan.at + all.length, text };
}

function sayDate(scan: Scan, day: number, month: number, year?: number): string | undefined {
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  const date: CalendarDay = { day, month, before: scan.wordBefore(), ...(year !== undefined && { year }) };
  return scan.table.date(date);
}

const DAY_MONTH =
  /(\d{1,2})(\.|er|º|\.º|st|nd|rd|th)?\s(?:of\s|de\s)?(\p{L}{3,10})(\.?)(?:,?\s(?:de\s|del\s)?(\d{4})(?![\d.,]\d|\s?[%°]))?(?![\p{L}\p{N}])/uy;

/** "3 Nov", "3. Mai 2026", "1er mai", "3 de mayo de 2026": the day first. */
export const dayAndMonth: Rule = (scan) => {
  const { table } = scan;
  const match = scan.match(DAY_MONTH);
  if (!match) return undefined;
  const [all, day = '', mark = '', name = '', stop = '', year] = match;
  const month = monthOf(scan, name);
  if (month === undefined || Number(day) < 1 || Number(day) > 31) return undefined;
  const full = table.months[month - 1] ?? name;
  const end = scan.at + all.length;
  const yearSaid =
    year === undefined
      ? ''
      : ` ${table.decimalSign === ',' && /de\s\d{4}$/u.test(all) ? `${table.signs.isIn} ` : ''}${table.year(Number(year))}`;
  if (table.style === 'english') {
    const said = mark === '' ? table.cardinal(day) : table.ordinal(Number(day), '');
    const of = /\sof\s/.test(all) ? ' of' : '';
    return { end: stopped(scan, end, stop, year), text: `${said}${of} ${full}${yearSaid}` };
  }
  const said = table.date({
    day: Number(day),
    month,
    before: scan.wordBefore(),
    ...(year !== undefined && { year: Number(year) }),
  });
  return { end: stopped(scan, end, stop, year), text: said };
};

/** The full stop of an abbreviated month at the end also ends the sentence. */
function stopped(scan: Scan, end: number, stop: string, year: string | undefined): number {
  return stop !== '' && year === undefined && end === scan.text.length ? end - 1 : end;
}

function monthOf(scan: Scan, name: string): number | undefined {
  const { monthNames } = scan.table;
  const key = name.toLowerCase();
  return Object.hasOwn(monthNames, key) ? monthNames[key] : undefined;
}

const MONTH_DAY =
  /(\p{L}{3,10})\.?\s(\d{1,2})(st|nd|rd|th)?(?:(,?\s)(\d{4})(?!\d|[.,]\d|\s?[%°]))?(?![\d:%°$€]|[.,/]\d|\s?[-–]\s?\d)/uy;

/** "March 3, 2026", "Nov 3": English. */
export const monthAndDay: Rule = (scan) => {
  const { table } = scan;
  if (table.style !== 'english') return undefined;
  const match = scan.match(MONTH_DAY);
  if (!match) return undefined;
  const [all, name = '', day = '', , , year] = match;
  const month = monthOf(scan, name);
  if (month === undefined || !/^\p{Lu}/u.test(name) || Number(day) < 1 || Number(day) > 31) return undefined;
  return {
    end: scan.at + all.length,
    text: `${table.months[month - 1]} ${table.ordinal(Number(day), '')}${year === undefined ? '' : ` ${table.year(Number(year))}`}`,
  };
};

const MONTH = /(\p{L}{3,4})(\.?)(?![\p{L}\p{N}])/uy;

/** "Nov 2026", "in Nov.", "Jan–Mar": an abbreviation that is not a word of its own. */
export const monthAlone: Rule = (scan) => {
  const { table } = scan;
  const match = scan.match(MONTH);
  if (!match || table.style === 'asian') return undefined;
  const [all, name = '', stop] = match;
  const month = monthOf(scan, name);
  const full = month === undefined ? undefined : table.months[month - 1];
  if (full === undefined || name.toLowerCase() === full.toLowerCase() || !/^\p{Lu}/u.test(name))
    return undefined;
  const end = scan.at + all.length;
  const range = /^\s?[-–]\s?(\p{Lu}\p{L}{2,3})(?![\p{L}\p{N}])/u.exec(scan.ahead(8, end));
  const until = monthOf(scan, range?.[1] ?? '');
  const last = until === undefined ? undefined : table.months[until - 1];
  if (range && last !== undefined)
    return { end: end + range[0].length, text: `${full} ${table.signs.to} ${last}` };
  const dated = /^\s\d{4}/.test(scan.ahead(6, end));
  // "Jan", "Mar" and "Dec" may be names.
  if (stop === '' && !dated && !/^(?:nov|feb|aug|sept|oct|okt|dez|déc|févr)$/iu.test(name)) return undefined;
  return { end: end === scan.text.length && stop !== '' ? end - 1 : end, text: full };
};

const WEEKDAY =
  /(\p{L}{2,5})(\.?)(?=(,?\s(?:\d|\p{Lu}\p{L}{2,8}\.?\s\d))|\s?[-–]\s?\p{L}{2,5}(?!\p{L})|\s(?:at|from|until|um|ab|bis)\s\d|$|[,;.!?)])/uy;

/** "Mon, 3 Nov", "Mon-Fri". */
export const weekday: Rule = (scan) => {
  const { table } = scan;
  const match = scan.match(WEEKDAY);
  if (!match) return undefined;
  const [, name = '', stop = '', dated] = match;
  const full = weekdayOf(scan, name);
  if (full === undefined) return undefined;
  const end = scan.at + name.length;
  // "lun. 3 nov." in languages that write days in small letters.
  if (!/^\p{Lu}/u.test(name) && !(table.style === 'romance' && (stop !== '' || scan.char(end) === '-')))
    return undefined;
  const range = /^\.?\s?[-–]\s?(\p{L}{2,5})(\.?)(?!\p{L})/u.exec(scan.ahead(12, end));
  const other = range?.[1] === undefined ? undefined : weekdayOf(scan, range[1]);
  if (range && other !== undefined) {
    const stops = range[2] !== '' && end + range[0].length < scan.text.length;
    return {
      end: end + range[0].length - (range[2] !== '' && !stops ? 1 : 0),
      text: `${full} ${table.signs.to} ${other}`,
    };
  }
  const clear = /^(?:tue|tues|wed|thu|thur|thurs|fri|mon)$/iu.test(name) && scan.at > 0;
  if (dated === undefined && !clear) return undefined;
  return { end: dated !== undefined ? end + stop.length : end, text: full };
};

function weekdayOf(scan: Scan, name: string): string | undefined {
  const { weekdays } = scan.table;
  const key = name.toLowerCase();
  return Object.hasOwn(weekdays, key) ? weekdays[key] : undefined;
}
