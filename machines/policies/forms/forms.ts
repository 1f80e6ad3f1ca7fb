/** One form of what can be written in several ways: "50 %" and "fifty percent", "Mr." and "mister". */
import { FORMS, type SpokenForms } from './forms-table.ts';
import {
  englishNumber,
  hasNumerals,
  inNumerals,
  inWords,
  MAX_NUMBER,
  ordinal,
  SMALL_NUMBER_WORDS,
  TEENS,
  withDigits,
} from './numbers.ts';

/** Thousands in groups, by language. */
const GROUPS: Readonly<Record<string, RegExp>> = {
  en: /(?<=\d),(?=\d{3}(?!\d))/g,
  zh: /(?<=\d),(?=\d{3}(?!\d))/g,
  ja: /(?<=\d),(?=\d{3}(?!\d))/g,
  ko: /(?<=\d),(?=\d{3}(?!\d))/g,
  de: /(?<=\d)[.'](?=\d{3}(?!\d))/g,
  fr: /(?<=\d)[ .](?=\d{3}(?!\d))/g,
  es: /(?<=\d)[ .](?=\d{3}(?!\d))/g,
};
const COMMA_DECIMALS: ReadonlySet<string> = new Set(['de', 'fr', 'es']);
const FRACTIONS = new Map([
  ['1⁄2', 'one half'],
  ['1⁄4', 'one quarter'],
  ['3⁄4', 'three quarters'],
  ['1⁄3', 'one third'],
  ['2⁄3', 'two thirds'],
]);
const GERMAN_ORDINALS = ordinals(
  ['ers', 'zwei', 'drit', 'vier', 'fünf', 'sechs', 'sieb', 'ach', 'neun', 'zehn', 'elf', 'zwölf'],
  ['te', 'ten', 'ter', 'tes', 'tem'],
  (n) => String(n),
);
const FRENCH_ORDINALS = ordinals(
  [
    'premi',
    'deuxi',
    'troisi',
    'quatri',
    'cinqui',
    'sixi',
    'septi',
    'huiti',
    'neuvi',
    'dixi',
    'onzi',
    'douzi',
  ],
  ['ème', 'èmes', 'er', 'ère', 'ers', 'ères'],
  (n) => `${n}e`,
);
const SPANISH_ORDINALS = ordinals(
  ['primer', 'segund', 'tercer', 'cuart', 'quint', 'sext', 'séptim', 'octav', 'noven', 'décim'],
  ['', 'o', 'a', 'os', 'as'],
  (n) => `${n}o`,
);

function ordinals(stems: readonly string[], ends: readonly string[], write: (n: number) => string) {
  return new Map(stems.flatMap((stem, i) => ends.map((end) => [stem + end, write(i + 1)] as const)));
}

/** Signs, units and abbreviations of a folded text in words, in the language with this primary tag. */
export function withSignsInWords(text: string, base: string): string {
  const forms = isKnown(base) ? FORMS[base] : undefined;
  if (!forms) return text;
  const worded = withAbbreviations(text, forms);
  if (!/[\d&+=×÷#%°]/u.test(worded)) return base === 'ko' ? withKoreanNumbers(worded) : worded;
  const said = withSigns(withNumberForms(worded, base, forms), forms);
  return base === 'ko' ? withKoreanNumbers(said) : said;
}

/** Abbreviations with points, `o.k.` and signs for words, in words. */
function withAbbreviations(text: string, { words, signs }: SpokenForms): string {
  return text
    .replace(/(?<![\p{L}\p{N}])o\.? ?k\.?(?![\p{L}\p{N}])/gu, ' okay ')
    .replace(/(?<![\p{L}\p{N}.])(\p{L})\. ?(\p{L})\.?(?![\p{L}\p{N}])/gu, (whole, a: string, b: string) => {
      const known = words[`${a}.${b}`];
      return known === undefined ? whole : ` ${known} `;
    })
    .replace(/ & /g, ` ${signs.and} `);
}

function withNumberForms(text: string, base: string, forms: SpokenForms): string {
  const groups = GROUPS[base];
  let said = groups ? text.replace(groups, '') : text;
  if (base === 'en')
    said = said
      .replace(/(\d)?([123])⁄([234])/g, (whole, before: string | undefined, a: string, b: string) => {
        const fraction = FRACTIONS.get(`${a}⁄${b}`);
        if (fraction === undefined) return whole;
        return before === undefined
          ? ` ${fraction} `
          : `${before} and ${fraction.replace('one half', 'a half')} `;
      })
      .replace(
        /(?<![\d/])([123])\/([234])(?![\d/])/g,
        (whole, a: string, b: string) => FRACTIONS.get(`${a}⁄${b}`) ?? whole,
      )
      .replace(/(?<![\d:])(\d{1,2}):00(?![\d:])/g, "$1 o'clock")
      .replace(/(?<![\d:])(\d{1,2}):0(\d)(?![\d:])/g, '$1 oh $2')
      .replace(/(?<!\w)(\d{1,3})(?:st|nd|rd|th)(?!\w)/g, (_, digits: string) => ordinal(Number(digits)))
      .replace(/(?<=\d)\s?([ap])m(?!\w)/g, ' $1m');
  if (base === 'zh') said = said.replace(/(?<![\d.])(\d+(?:\.\d+)?)\s?%/g, `${forms.signs.percent}$1`);
  if (base === 'fr')
    said = said
      .replace(/(?<=\d)\s?h\s?(?=\d)/g, ' heures ')
      .replace(/(?<!\w)(\d{1,2})\s?(?:er|re|ère|ème|eme|e|nd|nde)(?![\p{L}\d])/gu, '$1e');
  if (base === 'es') said = said.replace(/(?<!\w)(\d{1,2})\.?(?:er|o|a|os|as)(?![\p{L}\d])/gu, '$1o');
  if (base === 'de')
    said = said.replace(
      /(?<![\d:])(\d{1,2}):(\d{2})(?:\s?uhr)?(?![\d:])/g,
      (_, h: string, m: string) => `${h} uhr ${m === '00' ? '' : Number(m)}`,
    );
  const [hour, minute] = forms.clock;
  if (hasNumerals(base))
    said = said.replace(
      /(?<![\d:])(\d{1,2}):(\d{2})(?![\d:])/g,
      (_, h: string, m: string) => `${h}${hour}${m === '00' ? '' : `${Number(m)}${minute}`}`,
    );
  return withDecimals(said, base, forms);
}

function withDecimals(
  text: string,
  base: string,
  { point, singleDecimals, signs, currencies, cents }: SpokenForms,
): string {
  const written = text
    .replace(/([$€£¥₩])\s?(\d+)[.,](\d{2})(?!\d)/gu, (_, sign: string, whole: string, rest: string) => {
      const [name = '', one = name] = currencies[sign] ?? [];
      const hundredths =
        rest === '00' || cents === undefined
          ? ''
          : cents === ''
            ? ` ${Number(rest)}`
            : ` and ${Number(rest)} ${cents}`;
      return `${whole} ${whole === '1' ? one : name}${hundredths}`;
    })
    .replace(/([$€£¥₩])\s?(\d+(?:[.,]\d+)?)/gu, '$2 $1')
    .replace(/(?<![\p{L}\p{N}])[-−–](?=\d)/gu, ` ${signs.minus} `);
  const decimals = COMMA_DECIMALS.has(base)
    ? /(?<![\d.,])(\d+)[.,](\d+)(?![\d.,]*\d)/g
    : /(?<![\d.])(\d+)\.(\d+)(?!\.?\d)/g;
  return written.replace(
    decimals,
    (_, whole: string, rest: string) => `${whole} ${point} ${singleDecimals ? [...rest].join(' ') : rest}`,
  );
}

const UNIT = /(?<=\d)\s?(km\/h|m\/s|kph|mph|[a-z]{1,4})(?![\p{L}\p{N}/])/gu;

function withSigns(text: string, { signs, degrees, scales, currencies, units }: SpokenForms): string {
  return text
    .replace(/(\d)\s?%/g, `$1 ${signs.percent} `)
    .replace(/°\s?([cf])(?!\p{L})/gu, (_, scale: 'c' | 'f') => ` ${degrees} ${scales[scale]} `)
    .replace(/°/g, ` ${degrees} `)
    .replace(/#(?=\d)/g, ` ${signs.number} `)
    .replace(/(\d)\s?([$€£¥₩])/gu, (whole, digit: string, sign: string, at: number) => {
      const [name, one] = currencies[sign] ?? [];
      return name === undefined ? whole : `${digit} ${isOne(text, at) ? (one ?? name ?? '') : name} `;
    })
    .replace(UNIT, (whole, unit: string, at: number, all: string) => {
      const [many, one = many] = Object.hasOwn(units, unit) ? (units[unit] ?? []) : [];
      return many === undefined ? whole : ` ${isOne(all, at - 1) ? one : many} `;
    })
    .replace(/(?<=\d)\s?\+\s?(?=\d)/g, ` ${signs.plus} `)
    .replace(/(?<=\d)\s?[x×*]\s?(?=\d)/g, ` ${signs.times} `)
    .replace(/(?<=\d)\s?=\s?(?=\d)/g, ` ${signs.equals} `);
}

/** Whether the number whose last digit is here is 1. */
function isOne(text: string, at: number): boolean {
  return text.charAt(at) === '1' && !/[\d.,]/.test(text.charAt(at - 1));
}

/** Words in normal form with their numbers in one form: words in English, numerals in Chinese, Japanese and Korean, else digits. */
export function withNumbersInOneForm(words: readonly string[], base: string): readonly string[] {
  const abbreviated = FORMS[base]?.words;
  const full = abbreviated
    ? words.flatMap((word) =>
        Object.hasOwn(abbreviated, word) ? (abbreviated[word] ?? word).split(' ') : word,
      )
    : words;
  if (base === 'en') return inEnglish(full);
  const ordinalsOf = { de: GERMAN_ORDINALS, fr: FRENCH_ORDINALS, es: SPANISH_ORDINALS }[base];
  if (!ordinalsOf) return full;
  const counted = withDigits(full, base, unitWords(base));
  return counted.map((word) => ordinalsOf.get(word) ?? word);
}

const UNIT_WORDS = new Map<string, ReadonlySet<string>>();

function unitWords(base: string): ReadonlySet<string> {
  const known = UNIT_WORDS.get(base);
  if (known) return known;
  const { units, currencies, degrees } = FORMS[base] ?? {};
  const names = [...Object.values(units ?? {}), ...Object.values(currencies ?? {})].flat();
  const words = new Set(
    [...names, degrees ?? '', 'grad', 'degré', 'grado', 'uhr'].map((name) => name?.split(' ')[0] ?? ''),
  );
  UNIT_WORDS.set(base, words);
  return words;
}

const BIG: ReadonlySet<string> = new Set(['hundred', 'thousand', 'million']);

function inEnglish(words: readonly string[]): readonly string[] {
  const spelt = words.flatMap((word) => (/^\d+$/.test(word) ? englishDigits(word).split(' ') : word));
  const said: string[] = [];
  let before = '';
  for (let i = 0; i < spelt.length; i++) {
    const word = spelt[i] ?? '';
    const next = spelt[i + 1] ?? '';
    if (word === 'and' && BIG.has(before) && SMALL_NUMBER_WORDS.has(next)) continue;
    if (word === 'a' && BIG.has(next)) said.push('one');
    else if (word === 'hundred' && TEENS.includes(before))
      said.splice(-1, 1, 'one', 'thousand', englishNumber(11 + TEENS.indexOf(before) - 10), word);
    else if (word === 'cent' && before === 'per') said.splice(-1, 1, 'percent');
    else said.push(word);
    before = said[said.length - 1] ?? '';
  }
  return said;
}

function englishDigits(digits: string): string {
  const isCode = digits.length > 1 && digits.startsWith('0');
  if (isCode || Number(digits) > MAX_NUMBER)
    return [...digits].map((one) => englishNumber(Number(one))).join(' ');
  return inWords(Number(digits));
}

/** Digits of a text in Chinese, Japanese or Korean numerals, and numerals in their usual characters. */
export function withNumerals(text: string, base: string): string {
  if (!hasNumerals(base)) return text;
  const numerals = text
    .replace(/\d{4}(?=\s?年)/g, (digits) => inNumerals(digits, base, base === 'zh'))
    .replace(/\d+/g, (digits) => inNumerals(digits, base));
  if (base === 'ko') return numerals;
  return numerals.replace(/[〇两兩萬]/gu, (one) => (one === '〇' ? '零' : one === '萬' ? '万' : '二'));
}

/** Whether a language with this primary tag has forms of its own. */
export function isKnown(base: string): boolean {
  return Object.hasOwn(FORMS, base);
}

const KOREAN_TENS = ['열', '스물', '서른', '마흔', '쉰', '예순', '일흔', '여든', '아흔'];
const KOREAN_UNITS = ['하나', '둘', '셋', '넷', '다섯', '여섯', '일곱', '여덟', '아홉'];
/** Forms before what is counted. Alone they are other words, such as 네, which is a yes. */
const COUNTING = new Map([
  ['스무', 20],
  ['한', 1],
  ['두', 2],
  ['세', 3],
  ['네', 4],
]);
const KOREAN = new Map([
  ...KOREAN_TENS.map((word, i) => [word, 10 * (i + 1)] as const),
  ...KOREAN_UNITS.map((word, i) => [word, i + 1] as const),
  ...COUNTING,
]);
const COUNTED = '개|명|번|시|잔|마리|살|대|장|권|병|사람|가지|걸음|바퀴|발|달|곳|송이|그루|켤레';
const KOREAN_NUMBERS = [
  new RegExp(
    `(?<![가-힣])(?:(${KOREAN_TENS.join('|')}) ?)?(${[...KOREAN.keys()].join('|')})(?= ?(?:${COUNTED}))`,
    'gu',
  ),
  new RegExp(
    `(?<![가-힣])(?:(${KOREAN_TENS.join('|')}) ?)?(${[...KOREAN_TENS, ...KOREAN_UNITS].join('|')})(?![가-힣])`,
    'gu',
  ),
];

/** Native Korean numbers, which count things, as the numerals that digits stand for. */
function withKoreanNumbers(text: string): string {
  return KOREAN_NUMBERS.reduce(
    (said, pattern) =>
      said.replace(pattern, (_, ten: string | undefined, word: string) =>
        inNumerals(String((KOREAN.get(ten ?? '') ?? 0) + (KOREAN.get(word) ?? 0)), 'ko'),
      ),
    text,
  );
}
