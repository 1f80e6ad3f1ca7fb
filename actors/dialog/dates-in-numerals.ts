/** How a day is said in Chinese, Japanese and Korean, where dates are numbers with a unit behind. */
import { baseLanguage, wordsOf } from '../../machines/policies/text.ts';
import { isDayOf, type SpokenDate } from './dates.ts';
import { isNumeral, numeralOf } from './numbers.ts';
import { type PhraseNode, said } from './phrase.ts';

interface DateWords {
  /** Days from today. */
  readonly days: readonly (readonly [said: string, offsetDays: number])[];
  /** Ways to say the days of a week, from Monday on. */
  readonly weeks: readonly string[];
  /** Behind the number of days ahead. */
  readonly ahead: readonly string[];
  readonly month: readonly string[];
  /** Behind the day of the month. */
  readonly day: readonly string[];
}

const TABLES: Readonly<Record<string, DateWords>> = {
  zh: {
    days: [...pairs('今天 今日', 0), ...pairs('明天 明日', 1), ...pairs('后天', 2), ...pairs('大后天', 3)],
    weeks: ['星期', '周', '礼拜'].flatMap((week) =>
      ['一二三四五六日', '一二三四五六天'].map((days) => [...days].map((day) => week + day).join(' ')),
    ),
    ahead: ['天后', '天以后', '天之后'],
    month: ['月'],
    day: ['日', '号'],
  },
  ja: {
    days: [...pairs('今日 きょう', 0), ...pairs('明日 あした あす', 1), ...pairs('明後日 あさって', 2)],
    weeks: [
      ...['曜日', '曜'].map((day) => [...'月火水木金土日'].map((name) => name + day).join(' ')),
      ...['ようび', 'よう'].map((day) =>
        ['げつ', 'か', 'すい', 'もく', 'きん', 'ど', 'にち'].map((name) => name + day).join(' '),
      ),
    ],
    ahead: ['日後', '日ご', 'にちご'],
    month: ['月', 'がつ'],
    day: ['日', 'にち'],
  },
  ko: {
    days: [...pairs('오늘', 0), ...pairs('내일', 1), ...pairs('모레', 2), ...pairs('글피', 3)],
    weeks: [[...'월화수목금토일'].map((name) => `${name}요일`).join(' ')],
    ahead: ['일후', '일뒤'],
    month: ['월'],
    day: ['일'],
  },
};

function pairs(words: string, offsetDays: number): readonly (readonly [string, number])[] {
  return words.split(' ').map((word) => [word, offsetDays] as const);
}

export interface DatePhrases {
  readonly phrase: PhraseNode;
  readonly valueOf: (words: readonly string[]) => SpokenDate | undefined;
}

/** Undefined for other languages. */
export function datesInNumerals(language: string): DatePhrases | undefined {
  const table = TABLES[baseLanguage(language)];
  if (!table) return undefined;
  const fixed = new Map<string, SpokenDate>(
    table.days.map(([text, offsetDays]) => [text, { offsetDays }] as const),
  );
  for (const week of table.weeks)
    for (const [i, day] of week.split(' ').entries()) fixed.set(day, { weekday: i + 1 });
  const ways = (texts: readonly string[]): PhraseNode => ({
    kind: 'choice',
    options: texts.map((text) => said(wordsOf(text, language))),
  });
  const sequence = (...items: readonly PhraseNode[]): PhraseNode => ({ kind: 'sequence', items });
  const { ahead, month, day } = table;
  return {
    phrase: {
      kind: 'choice',
      options: [
        ways([...fixed.keys()]),
        sequence(...NUMBER, ways(ahead)),
        sequence(...NUMBER, ways(month), ...NUMBER, ways(day)),
      ],
    },
    valueOf(words) {
      const text = words.join('');
      const known = fixed.get(text);
      if (known) return known;
      for (const unit of ahead) {
        const offsetDays = text.endsWith(unit) ? numberIn(text.slice(0, -unit.length)) : undefined;
        if (offsetDays !== undefined) return { offsetDays };
      }
      for (const [, months = '', days = ''] of splits(text, month, day)) {
        const date = { month: numberIn(months) ?? 0, day: numberIn(days) ?? 0 };
        if (isDayOf(date.month, date.day)) return date;
      }
      return undefined;
    },
  };
}

const NUMBER: readonly PhraseNode[] = [{ kind: 'numeral' }, { kind: 'repeat', item: { kind: 'numeral' } }];

/** The text before the first of its units, and between the two: a unit may look like a numeral. */
function splits(text: string, months: readonly string[], days: readonly string[]) {
  return months.flatMap((month) =>
    days.flatMap((day) => {
      const found = new RegExp(`^(.+?)${month}(.+)${day}$`, 'u').exec(text);
      return found ? [found] : [];
    }),
  );
}

function numberIn(text: string): number | undefined {
  return isNumeral(text) ? numeralOf([text]) : undefined;
}
