import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dateOf, isoDate } from './dates.ts';
import { matchDialog, parseDialog } from './mod.ts';
import { inWords, numberOf, numeralOf, ordinal } from './numbers.ts';

/** The value of the slot in `say …`. */
function heard(type: string, text: string, language = 'en') {
  const dialog = parseDialog(
    `language: ${language}\nslots: { item: [milk, oat milk, sugar], x: ${type} }\nentries:\n  - { id: a, phrases: "say {x}", replies: b }\n  - { id: b, phrases: "other {item}", replies: b }\n`,
  );
  const match = matchDialog(dialog, `say ${text}`);
  return match?.how === 'exact' || match?.how === 'polite' ? match.slots.x?.value : undefined;
}

describe('a number', () => {
  it('is understood in words and in digits, in its range only', () => {
    for (const said of ['forty-five', '45', 'forty five']) expect(heard('number 0..100', said)).toBe(45);
    expect(heard('number 0..100', 'one hundred')).toBe(100);
    expect(heard('number 0..100', 'one hundred one')).toBeUndefined();
    expect(heard('number 5..100', '4')).toBeUndefined();
    expect(heard('number 0..2000', 'a thousand and twelve')).toBe(1_012);
    expect(heard('number 0..2000000', '1,250,000')).toBe(1_250_000);
  });

  it('may be negative, and is not taken for its positive', () => {
    expect(heard('number -90..90', 'minus five')).toBe(-5);
    expect(heard('number -90..90', '-5')).toBe(-5);
    expect(heard('number 0..90', '-5')).toBeUndefined();
  });

  it('may have decimals', () => {
    expect(heard('decimal 0..10', '2.25')).toBe(2.25);
    expect(heard('decimal 0..10', 'two point oh five')).toBe(2.05);
    expect(heard('decimal 0..10', 'two and a half')).toBe(2.5);
    expect(heard('decimal 0..10', 'ten point five')).toBeUndefined();
    expect(heard('number 0..10', '2.5')).toBeUndefined();
  });

  it('has one value in words, and is understood in exactly its range', () => {
    const range = fc.tuple(fc.integer({ min: -3_000, max: 30_000 }), fc.integer({ min: 0, max: 30_000 }));
    fc.assert(
      fc.property(range, fc.integer({ min: -4_000, max: 70_000 }), ([from, length], n) => {
        expect(numberOf(inWords(n).split(' '))).toBe(n);
        const inside = n >= from && n <= from + length;
        expect(heard(`number ${from}..${from + length}`, inWords(n))).toBe(inside ? n : undefined);
      }),
      { numRuns: 100 },
    );
  });

  it('is understood in Chinese, Japanese and Korean numerals', () => {
    expect(heard('number 0..99999', '三百二十', 'zh-CN')).toBe(320);
    expect(heard('number 0..99999', '两万五千', 'zh')).toBe(25_000);
    expect(heard('number 0..99', '15', 'ja')).toBe(15);
    expect(heard('number 0..99', '십오', 'ko')).toBe(15);
    expect(heard('number 0..99', '-15', 'zh')).toBeUndefined();
    expect(heard('decimal 0..99', '-0', 'zh')).toBe(-0);
    expect(heard('decimal 0..99', '3.5', 'zh')).toBe(3.5);
    expect(numeralOf(['一', '二'])).toBeUndefined();
  });
});

describe('digits', () => {
  it('are a text, read one by one', () => {
    expect(heard('digits 3..6', 'oh four one')).toBe('041');
    expect(heard('digits 3..6', '402')).toBe('402');
    expect(heard('digits 3..6', '4 0 2 9')).toBe('4029');
    expect(heard('digits 3..6', '40')).toBeUndefined();
  });
});

describe('a list', () => {
  it('has the values of its items, with "and", commas or nothing between', () => {
    expect(heard('list of item', 'milk')).toEqual(['milk']);
    expect(heard('list of item', 'milk, oat milk and sugar')).toEqual(['milk', 'oat milk', 'sugar']);
    expect(heard('list of item', 'milk and')).toBeUndefined();
  });
});

describe('a date', () => {
  const today = { year: 2026, month: 5, day: 1 };
  const iso = (said: string) => {
    const date = dateOf(said.split(' '));
    return date && isoDate(date, today);
  };

  it.each([
    ['today', '2026-05-01'],
    ['tomorrow', '2026-05-02'],
    ['the day after tomorrow', '2026-05-03'],
    ['in three days', '2026-05-04'],
    ['in a week', '2026-05-08'],
    // 1 May 2026 is a Friday.
    ['saturday', '2026-05-02'],
    ['on friday', '2026-05-08'],
    ['the third of may', '2026-05-03'],
    ['may the first', '2026-05-01'],
    ['on april thirtieth', '2027-04-30'],
    ['the twenty ninth of february', '2028-02-29'],
    ['the thirty first of april', undefined],
  ])('is a day from today on: %s', (said, expected) => {
    expect(iso(said)).toBe(expected);
  });

  it('is relative until it is used, so that the same text always matches alike', () => {
    expect(heard('date', 'on the 3rd of May')).toEqual({ month: 5, day: 3 });
    expect(heard('date', 'Monday')).toEqual({ weekday: 1 });
    expect(heard('date', 'next Monday')).toBeUndefined();
    expect(heard('date', 'the 31st of April')).toBeUndefined();
  });

  it.each([
    ['zh', '今天', { offsetDays: 0 }],
    ['zh', '大后天', { offsetDays: 3 }],
    ['zh', '三天后', { offsetDays: 3 }],
    ['zh', '星期天', { weekday: 7 }],
    ['zh', '周日', { weekday: 7 }],
    ['zh', '五月三日', { month: 5, day: 3 }],
    ['zh', '12月31号', { month: 12, day: 31 }],
    ['zh', '四月三十一日', undefined],
    ['zh', '下周一', undefined],
    ['ja', 'あさって', { offsetDays: 2 }],
    ['ja', '10日後', { offsetDays: 10 }],
    ['ja', '金曜日', { weekday: 5 }],
    ['ja', 'どようび', { weekday: 6 }],
    ['ja', '二月二十九日', { month: 2, day: 29 }],
    ['ko', '내일', { offsetDays: 1 }],
    ['ko', '삼일 후', { offsetDays: 3 }],
    ['ko', '일요일', { weekday: 7 }],
    ['ko', '오월 삼일', { month: 5, day: 3 }],
    ['ko', '십이월 십일일', { month: 12, day: 11 }],
    ['ko', '5월 3일', { month: 5, day: 3 }],
  ])('is understood in Chinese, Japanese and Korean: %s %s', (language, text, expected) => {
    expect(heard('date', text, language)).toEqual(expected);
  });

  it('has English ordinals', () => {
    expect([1, 2, 3, 5, 8, 9, 12, 20, 21, 30].map(ordinal)).toEqual(
      'first,second,third,fifth,eighth,ninth,twelfth,twentieth,twenty first,thirtieth'.split(','),
    );
  });
});
