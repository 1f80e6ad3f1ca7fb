/** Numbers as people say them: in English, Chinese, Japanese and Korean words, and from German, French and Spanish ones. */

const UNITS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

/** Largest number that is read as a whole; longer ones are read digit by digit. */
export const MAX_NUMBER = 999_999_999;

/** Names of the scales of English numbers. */
export const SCALES = [
  [1_000_000, 'million'],
  [1_000, 'thousand'],
  [100, 'hundred'],
] as const;

/** Words that are an English number, or a part of one. */
export const NUMBER_WORDS: ReadonlySet<string> = new Set([
  ...UNITS,
  ...TENS,
  ...SCALES.map(([, name]) => name),
]);
/** … and may stand behind "hundred and". */
export const SMALL_NUMBER_WORDS: ReadonlySet<string> = new Set([...UNITS, ...TENS]);
/** Eleven to nineteen, which people say hundreds of. */
export const TEENS: readonly string[] = UNITS.slice(11);

/** 0 to 999 in English words: `forty five`, `one hundred eighty`. */
export function englishNumber(n: number): string {
  if (n >= 100) {
    const rest = n % 100;
    return `${UNITS[Math.floor(n / 100)]} hundred${rest === 0 ? '' : ` ${englishNumber(rest)}`}`;
  }
  const unit = UNITS[n];
  if (unit !== undefined) return unit;
  const tens = TENS[Math.floor(n / 10) - 2];
  return n % 10 === 0 ? `${tens}` : `${tens} ${UNITS[n % 10]}`;
}

/** A whole number in English words without "and": `three thousand five`. */
export function inWords(n: number): string {
  if (n < 0) return `minus ${inWords(-n)}`;
  for (const [scale, name] of SCALES.slice(0, 2)) {
    if (n < scale) continue;
    const rest = n % scale;
    return `${inWords(Math.floor(n / scale))} ${name}${rest === 0 ? '' : ` ${inWords(rest)}`}`;
  }
  return englishNumber(n);
}

const IRREGULAR = new Map([
  ['one', 'first'],
  ['two', 'second'],
  ['three', 'third'],
  ['five', 'fifth'],
  ['eight', 'eighth'],
  ['nine', 'ninth'],
  ['twelve', 'twelfth'],
]);

/** A whole number as an English ordinal: `twenty first`. */
export function ordinal(n: number): string {
  const words = inWords(n).split(' ');
  const last = words.pop() ?? '';
  return [...words, IRREGULAR.get(last) ?? `${last.replace(/y$/, 'ie')}th`].join(' ');
}

interface Numerals {
  readonly digits: string;
  /** Ten, hundred and thousand. */
  readonly scales: string;
  readonly myriad: string;
  /** Whether a one before ten, hundred and thousand is said, and a zero for a place that is left out. */
  readonly chinese: boolean;
}

const NUMERALS: Readonly<Record<string, Numerals>> = {
  zh: { digits: '零一二三四五六七八九', scales: '十百千', myriad: '万', chinese: true },
  ja: { digits: '零一二三四五六七八九', scales: '十百千', myriad: '万', chinese: false },
  ko: { digits: '영일이삼사오육칠팔구', scales: '십백천', myriad: '만', chinese: false },
};

/** Whether the language writes numbers with a character for each digit and scale. */
export function hasNumerals(base: string): boolean {
  return Object.hasOwn(NUMERALS, base);
}

/** Digits in Chinese, Japanese or Korean numerals: `120` is 一百二十 in Chinese. `each`: digit by digit, as years in Chinese. */
export function inNumerals(digits: string, base: string, each = false): string {
  const numerals = hasNumerals(base) ? NUMERALS[base] : undefined;
  if (!numerals) return digits;
  const isCode = digits.length > 1 && digits.startsWith('0');
  if (each || isCode || Number(digits) > MAX_NUMBER)
    return [...digits].map((digit) => numerals.digits[Number(digit)]).join('');
  const n = Number(digits);
  if (n === 0) return numerals.digits.charAt(0);
  const [high, low] = [Math.floor(n / 10_000), n % 10_000];
  if (high === 0) return upToMyriad(low, numerals, false);
  const many = `${numerals.chinese || high > 1 ? upToMyriad(high, numerals, false) : base === 'ja' ? '一' : ''}${numerals.myriad}`;
  if (low === 0) return many;
  const gap = numerals.chinese && low < 1_000 ? numerals.digits.charAt(0) : '';
  return `${many}${gap}${upToMyriad(low, numerals, true)}`;
}

function upToMyriad(n: number, numerals: Numerals, inside: boolean): string {
  const { digits, scales, chinese } = numerals;
  if (n >= 10_000)
    return `${upToMyriad(Math.floor(n / 10_000), numerals, false)}${numerals.myriad}${upToMyriad(n % 10_000, numerals, true)}`;
  let said = '';
  let gap = false;
  for (const [place, scale] of [
    [1_000, scales.charAt(2)],
    [100, scales.charAt(1)],
    [10, scales.charAt(0)],
    [1, ''],
  ] as const) {
    const digit = Math.floor(n / place) % 10;
    if (digit === 0) {
      gap = said !== '';
      continue;
    }
    if (gap && chinese) said += digits.charAt(0);
    gap = false;
    // 12 is 十二 in Chinese, but 112 is 一百一十二.
    const silent = digit === 1 && place > 1 && (chinese ? place === 10 && said === '' && !inside : true);
    said += `${silent ? '' : digits.charAt(digit)}${scale}`;
  }
  return said;
}

/** Numbers of European languages from their words. */
interface Spelling {
  /** 0 to 999, by its words in normal form. */
  readonly small: ReadonlyMap<string, number>;
  /** Most words of such a number. */
  readonly longest: number;
  readonly thousand: string;
  /** Words that mean 1 before a unit, and are articles elsewhere. */
  readonly articles: ReadonlySet<string>;
}

function german(): Spelling {
  const units =
    'null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn'.split(
      ' ',
    );
  const tens = 'zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig'.split(' ');
  const small = new Map<string, number>([['zwo', 2]]);
  const one = (n: number) => (n === 1 ? 'ein' : (units[n] ?? ''));
  const below100 = (n: number): string => {
    if (n < 20) return units[n] ?? '';
    const ten = tens[Math.floor(n / 10) - 2] ?? '';
    return n % 10 === 0 ? ten : `${one(n % 10)}und${ten}`;
  };
  for (let n = 0; n < 1_000; n++) {
    const [hundreds, rest] = [Math.floor(n / 100), n % 100];
    const tail = hundreds > 0 && rest === 0 ? '' : below100(rest);
    const heads =
      hundreds === 0 ? [''] : hundreds === 1 ? ['hundert', 'einhundert'] : [`${one(hundreds)}hundert`];
    for (const head of heads)
      for (const text of [`${head}${tail}`, ...(head && tail ? [`${head}und${tail}`] : [])]) {
        small.set(text, n);
        small.set(text.replaceAll('ß', 'ss'), n);
      }
  }
  return {
    small,
    longest: 1,
    thousand: 'tausend',
    articles: new Set('ein eine einen einem einer'.split(' ')),
  };
}

function french(): Spelling {
  const units =
    'zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix_sept dix_huit dix_neuf'
      .split(' ')
      .map((word) => word.replace('_', ' '));
  const tens = [
    'vingt',
    'trente',
    'quarante',
    'cinquante',
    'soixante',
    'soixante',
    'quatre vingt',
    'quatre vingt',
  ];
  const small = new Map<string, number>();
  const below100 = (n: number): readonly string[] => {
    if (n < 20) return [units[n] ?? ''];
    const place = Math.floor(n / 10) - 2;
    const ten = tens[place] ?? '';
    const rest = n - 10 * (place + 2) + (place === 5 || place === 7 ? 10 : 0);
    if (rest === 0) return n === 80 ? ['quatre vingts', 'quatre vingt'] : [ten];
    const unit = units[rest] ?? '';
    return [`${ten} ${unit}`, `${ten} et ${unit}`];
  };
  const swiss = new Map([
    ['septante', 70],
    ['huitante', 80],
    ['octante', 80],
    ['nonante', 90],
  ]);
  const all = Array.from({ length: 100 }, (_, n) => [...below100(n)]);
  for (const [ten, value] of swiss) {
    all[value]?.push(ten);
    for (let unit = 1; unit < 10; unit++)
      all[value + unit]?.push(`${ten} ${units[unit]}`, `${ten} et ${units[unit]}`);
  }
  for (let n = 0; n < 1_000; n++) {
    const [hundreds, rest] = [Math.floor(n / 100), n % 100];
    const heads =
      hundreds === 0
        ? ['']
        : hundreds === 1
          ? ['cent']
          : [`${units[hundreds]} cents`, `${units[hundreds]} cent`];
    for (const head of heads)
      for (const tail of hundreds > 0 && rest === 0 ? [''] : (all[rest] ?? []))
        small.set([head, tail].filter(Boolean).join(' '), n);
  }
  return withoutArticles({ small, longest: 6, thousand: 'mille', articles: new Set(['un', 'une']) });
}

function spanish(): Spelling {
  const units =
    'cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve'.split(
      ' ',
    );
  const tens = 'treinta cuarenta cincuenta sesenta setenta ochenta noventa'.split(' ');
  const hundreds =
    'ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos'.split(
      ' ',
    );
  const small = new Map<string, number>([['cien', 100]]);
  const below100 = (n: number): string => {
    if (n < 30) return units[n] ?? '';
    const ten = tens[Math.floor(n / 10) - 3] ?? '';
    return n % 10 === 0 ? ten : `${ten} y ${units[n % 10]}`;
  };
  for (let n = 0; n < 1_000; n++) {
    const head = n < 100 ? '' : (hundreds[Math.floor(n / 100) - 1] ?? '');
    const tail = head && n % 100 === 0 ? '' : below100(n % 100);
    const text = [head, tail].filter(Boolean).join(' ');
    for (const one of [
      text,
      text.replace(/uno$/, 'un'),
      text.replace(/uno$/, 'una'),
      text.replace(/cientos\b/, 'cientas'),
    ]) {
      small.set(one, n);
      small.set(one.normalize('NFD').replace(/\u0301/g, ''), n);
    }
  }
  return withoutArticles({ small, longest: 4, thousand: 'mil', articles: new Set(['un', 'una']) });
}

function withoutArticles(spelling: Spelling): Spelling {
  const small = new Map(spelling.small);
  for (const article of spelling.articles) small.delete(article);
  return { ...spelling, small };
}

const MAKERS: Readonly<Record<string, () => Spelling>> = { de: german, fr: french, es: spanish };
const SPELLINGS = new Map<string, Spelling>();

function spellingOf(base: string): Spelling | undefined {
  const known = SPELLINGS.get(base);
  const maker = Object.hasOwn(MAKERS, base) ? MAKERS[base] : undefined;
  if (known || !maker) return known;
  const made = maker();
  SPELLINGS.set(base, made);
  return made;
}

/** German, French or Spanish words with their numbers in digits. `units`: words behind which an article is a 1. */
export function withDigits(
  words: readonly string[],
  base: string,
  units: ReadonlySet<string>,
): readonly string[] {
  const spelling = spellingOf(base);
  if (!spelling) return words;
  const found: string[] = [];
  for (let at = 0; at < words.length; ) {
    const number = numberAt(words, at, spelling);
    const word = words[at] ?? '';
    if (number) found.push(String(number.value));
    else if (spelling.articles.has(word) && units.has(words[at + 1] ?? '')) found.push('1');
    else found.push(word);
    at += number?.length ?? 1;
  }
  return found;
}

interface NumberAt {
  readonly value: number;
  /** In words. */
  readonly length: number;
}

function numberAt(words: readonly string[], at: number, spelling: Spelling): NumberAt | undefined {
  const { thousand } = spelling;
  const compound = words[at] ?? '';
  if (thousand === 'tausend') {
    const [head, tail, more] = compound.split(thousand);
    if (tail === undefined || more !== undefined) return smallAt(words, at, spelling);
    const many = head === '' || head === 'ein' ? 1 : spelling.small.get(head ?? '');
    const rest = tail === '' ? 0 : spelling.small.get(tail.replace(/^und/, ''));
    return many === undefined || rest === undefined ? undefined : { value: many * 1_000 + rest, length: 1 };
  }
  const first = smallAt(words, at, spelling);
  const length = first?.length ?? 0;
  if (words[at + length] !== thousand) return first;
  const rest = smallAt(words, at + length + 1, spelling);
  return {
    value: (first?.value ?? 1) * 1_000 + (rest?.value ?? 0),
    length: length + 1 + (rest?.length ?? 0),
  };
}

/** The longest number below 1,000. */
function smallAt(words: readonly string[], at: number, { small, longest }: Spelling): NumberAt | undefined {
  for (let length = Math.min(longest, words.length - at); length > 0; length--) {
    const value = small.get(words.slice(at, at + length).join(' '));
    if (value !== undefined) return { value, length };
  }
  return undefined;
}
