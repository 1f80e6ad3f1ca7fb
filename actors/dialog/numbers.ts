/** Numbers in words, and what the words mean. */
import { englishNumber, SCALES } from '../../machines/policies/forms/numbers.ts';

export { inWords, MAX_NUMBER, ordinal, SCALES } from '../../machines/policies/forms/numbers.ts';

const WORD_VALUES = new Map(
  [...Array(20).keys(), 20, 30, 40, 50, 60, 70, 80, 90].map((n) => [englishNumber(n), n]),
);

/** The value of a number in English words; undefined if it is not one. */
export function numberOf(words: readonly string[]): number | undefined {
  if (words[0] === 'minus' || words[0] === 'negative') {
    const positive = numberOf(words.slice(1));
    return positive === undefined ? undefined : -positive;
  }
  if (words.length > 3 && words.slice(-3).join(' ') === 'and a half') {
    const whole = numberOf(words.slice(0, -3));
    return whole === undefined ? undefined : whole + 0.5;
  }
  const point = words.indexOf('point');
  if (point >= 0) {
    const whole = numberOf(words.slice(0, point));
    const decimals = digitsOf(words.slice(point + 1));
    return whole === undefined || !decimals ? undefined : Number(`${whole}.${decimals}`);
  }
  let total = 0;
  let part = 0;
  for (const one of words) {
    const value = one === 'a' ? 1 : WORD_VALUES.get(one);
    const scale = SCALES.find(([, name]) => name === one)?.[0];
    if (value !== undefined) part += value;
    else if (scale === 100) part *= 100;
    else if (scale !== undefined) {
      total += part * scale;
      part = 0;
    } else if (one !== 'and') return undefined;
  }
  return words.length === 0 ? undefined : total + part;
}

/** The digits of words such as "four oh two"; undefined if a word is not a digit. */
export function digitsOf(words: readonly string[]): string | undefined {
  const digits = words.map((one) => (one === 'oh' ? 0 : WORD_VALUES.get(one)));
  return digits.every((one) => one !== undefined && one < 10) ? digits.join('') : undefined;
}

const DIGITS = '零一二三四五六七八九';
/** Other characters for a digit: Chinese, then Korean. */
const SAME_DIGITS = new Map(
  [...'〇0两2兩2영0공0일1이2삼3사4오5육6칠7팔8구9'.matchAll(/(.)(\d)/gu)].map((m) => [m[1], Number(m[2])]),
);
const TENFOLD = new Map(Object.entries({ 十: 10, 百: 100, 千: 1_000, 십: 10, 백: 100, 천: 1_000 }));
const MYRIAD = /[万萬만]/;
const NUMERAL = /^(\d+|[零一二三四五六七八九十百千万〇两兩萬영공일이삼사오육칠팔구십백천만]+)$/;

/** Whether a word of a text is a number, or a part of one, in digits or Chinese, Japanese or Korean numerals. */
export function isNumeral(token: string): boolean {
  return NUMERAL.test(token);
}

/** The value of such tokens; undefined if they are not one whole number. */
export function numeralOf(tokens: readonly string[]): number | undefined {
  const text = tokens.join('');
  if (/^\d+$/.test(text)) return tokens.length === 1 ? Number(text) : undefined;
  let total = 0;
  let part = 0;
  let unit: number | undefined;
  for (const character of text) {
    const tenfold = TENFOLD.get(character);
    const index = DIGITS.indexOf(character);
    const value = index >= 0 ? index : SAME_DIGITS.get(character);
    if (MYRIAD.test(character)) {
      total = (total + part + (unit ?? 0) || 1) * 10_000;
      part = 0;
      unit = undefined;
    } else if (tenfold !== undefined) {
      part += (unit ?? 1) * tenfold;
      unit = undefined;
    } else if (value === undefined || (unit !== undefined && unit > 0)) return undefined;
    else unit = value;
  }
  return total + part + (unit ?? 0);
}
