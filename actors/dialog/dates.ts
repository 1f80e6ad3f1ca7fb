/** Days in words: how they are said in English, as a phrase, and which day they mean. */
import { inWords, ordinal } from './numbers.ts';
import { type PhraseNode, parsePhrase } from './phrase.ts';

/**
 * A day as it was said: in `offsetDays` days from today, the next `weekday` after today (1 is Monday), or the next
 * `day` of `month`, today included.
 */
export type SpokenDate =
  | { readonly offsetDays: number }
  | { readonly weekday: number }
  | { readonly month: number; readonly day: number };

/** A calendar day, `month` from 1. */
export interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const WEEKDAYS = 'monday tuesday wednesday thursday friday saturday sunday'.split(' ');
const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);
/** In a leap year: 29 February is a day that can be said. */
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** Days ahead that may be said as "in … days". */
const MAX_AHEAD = 31;

const ORDINALS = new Map(Array.from({ length: 31 }, (_, i) => [ordinal(i + 1), i + 1]));
const COUNTS = new Map(Array.from({ length: MAX_AHEAD }, (_, i) => [inWords(i + 1), i + 1]));

/** The ways to say a day in English. "Next Monday" is not one: it means different days to different people. */
export function datePhrase(): PhraseNode {
  const days = [...ORDINALS.keys()].join(' | ');
  const months = MONTHS.join(' | ');
  return parsePhrase(
    `today | tomorrow | the day after tomorrow | [on | this] (${WEEKDAYS.join(' | ')}) |
     in (${[...COUNTS.keys()].slice(1).join(' | ')}) days | in one day | in a week | in two weeks |
     [on] [the] (${days}) of (${months}) | [on] (${months}) [the] (${days})`,
    'en',
  );
}

/** The day that the words of `datePhrase` mean; undefined for a day that no year has, such as the 31st of April. */
export function dateOf(words: readonly string[]): SpokenDate | undefined {
  const text = words.join(' ').replace(/^(on|this) /, '');
  if (text === 'today') return { offsetDays: 0 };
  if (text === 'tomorrow') return { offsetDays: 1 };
  if (text === 'the day after tomorrow') return { offsetDays: 2 };
  if (text === 'in a week') return { offsetDays: 7 };
  if (text === 'in two weeks') return { offsetDays: 14 };
  const ahead = COUNTS.get(/^in (.+?) days?$/.exec(text)?.[1] ?? '');
  if (ahead !== undefined) return { offsetDays: ahead };
  const weekday = WEEKDAYS.indexOf(text);
  if (weekday >= 0) return { weekday: weekday + 1 };
  const [, before, after] = /^(?:the )?(.+) of (\w+)$/.exec(text) ?? [];
  const [, first, second] = /^(\w+) (?:the )?(.+)$/.exec(text) ?? [];
  const [month, day] = after === undefined ? [first, second] : [after, before];
  const number = { month: MONTHS.indexOf(month ?? '') + 1, day: ORDINALS.get(day ?? '') ?? 0 };
  return isDayOf(number.month, number.day) ? number : undefined;
}

/** Whether some year has this day of this month, from 1. */
export function isDayOf(month: number, day: number): boolean {
  return day >= 1 && day <= (DAYS[month - 1] ?? 0);
}

/** The ISO date of a spoken one, such as `2026-05-03`. `today` is the day on which it was said. */
export function isoDate(date: SpokenDate, today: CalendarDay): string {
  const at = (year: number, month: number, day: number) => new Date(Date.UTC(year, month - 1, day));
  const now = at(today.year, today.month, today.day);
  const after = (days: number) => at(today.year, today.month, today.day + days);
  const iso = (day: Date) => day.toISOString().slice(0, 10);
  if ('offsetDays' in date) return iso(after(date.offsetDays));
  if ('weekday' in date) {
    const todays = now.getUTCDay() || 7;
    return iso(after(((date.weekday - todays + 6) % 7) + 1));
  }
  // A leap year comes within eight years.
  for (let year = today.year; year <= today.year + 8; year++) {
    const day = at(year, date.month, date.day);
    if (day.getUTCDate() === date.day && day >= now) return iso(day);
  }
  return iso(at(today.year, date.month, date.day));
}
