/** Types of slots: how their values are said, and which value the words mean. */
import type { JsonObject } from '../../machines/json.ts';
import { tableOf } from '../../machines/language/mod.ts';
import { isEnglish, wordsOf } from '../../machines/policies/text.ts';
import { dateOf, datePhrase, type SpokenDate } from './dates.ts';
import { datesInNumerals } from './dates-in-numerals.ts';
import { decimalPhrase, digitsPhrase, numberPhrase } from './number-phrases.ts';
import { digitsOf, inWords, isNumeral, MAX_NUMBER, numberOf, numeralOf } from './numbers.ts';
import { oneOrSequence, PhraseError, type PhraseNode, said } from './phrase.ts';
import { spoken } from './spoken.ts';

export type SlotValue = string | number | boolean | SpokenDate | readonly SlotValue[];

/** A filled slot: the spoken words, and their value. */
export interface FilledSlot {
  readonly words: readonly string[];
  readonly value: SlotValue;
  readonly secret?: true;
}

export type Slots = Readonly<Record<string, FilledSlot>>;

export interface SlotType {
  /** The ways to say its values. */
  readonly phrase: PhraseNode;
  /** Whether each value is a number. */
  readonly numeric: boolean;
  /** A mark stands for its values; see `secrets.ts`. */
  readonly secret?: true;
  /** JSON Schema of its values, as actions get them. */
  readonly schema: JsonObject;
  /** The words that a value is said with, for a default; undefined if it is none of the type's. */
  readonly wordsFor: (value: string | number | boolean) => readonly string[] | undefined;
  /** The value of words that `phrase` allows; undefined if they have none, such as the 31st of April. */
  readonly valueOf: (words: readonly string[]) => SlotValue | undefined;
}

/** The built-in types as they are written in a dialog file. */
export const BUILT_IN = '`number`, `number 1..20`, `decimal 0..5`, `digits 4..8`, `date` or `list of SLOT`';

/** A type with words of its own: each with the value that actions get. Throws PhraseError for text without a word. */
export function wordsType(
  options: readonly (readonly [said: string, value: string | number | boolean])[],
  language: string,
): SlotType {
  const ways = options.map(([text, value]) => {
    const words = spoken(text, language);
    if (words.length === 0) throw new PhraseError(`"${text}" has no word in it`);
    return { words, value };
  });
  if (ways.length === 0) throw new PhraseError('the slot has no words');
  const values = new Map(ways.map(({ words, value }) => [words.join(' '), value] as const).reverse());
  const phrases = ways.map(({ words }) => said(words));
  return {
    phrase: phrases.length === 1 ? oneOrSequence(phrases) : { kind: 'choice', options: phrases },
    numeric: ways.every(({ value }) => typeof value === 'number'),
    schema: valuesSchema(ways.map(({ value }) => value)),
    wordsFor: (value) => ways.find((one) => one.value === value)?.words,
    valueOf: (words) => values.get(words.join(' ')),
  };
}

/** JSON Schema of a set of values. */
export function valuesSchema(values: readonly (string | number | boolean)[]): JsonObject {
  const types = [...new Set(values.map((value) => typeof value))];
  const [type = 'string', another] = types;
  return { type: another === undefined ? type : types, enum: [...new Set(values)] };
}

/** A built-in type. `typeOf` returns another slot's type. Throws PhraseError if `written` is none. */
export function builtInType(
  written: string,
  language: string,
  typeOf: (slot: string) => SlotType | undefined,
): SlotType {
  const range = /^(number|decimal|digits)(?:\s+(-?\d+)\.\.(-?\d+))?$/.exec(written);
  const [, exactly] = /^digits\s+(\d+)$/.exec(written) ?? [];
  const [, kind = '', low, high] = range ?? (exactly === undefined ? [] : ['', 'digits', exactly, exactly]);
  const from = low === undefined ? undefined : Number(low);
  const to = high === undefined ? undefined : Number(high);
  const list = /^list of ([A-Za-z][\w-]*)$/.exec(written)?.[1];
  if (from !== undefined && to !== undefined && from > to)
    throw new PhraseError(`${written}: ${from} is above ${to}`);
  if (kind === 'number' || kind === 'decimal')
    return numberType(kind === 'decimal', from ?? 0, to ?? 999, language);
  if (kind === 'digits') return digitsType(from ?? 1, to ?? 12, language);
  if (written === 'date') return dateType(language);
  if (list === undefined) throw new PhraseError(`"${written}" is not a type; the types are ${BUILT_IN}`);
  const item = typeOf(list);
  if (!item) throw new PhraseError(`unknown slot "${list}": define it before this one`);
  return listType(item, language);
}

function numberType(decimals: boolean, from: number, to: number, language: string): SlotType {
  if (Math.max(-from, to) > MAX_NUMBER) throw new PhraseError(`numbers end at ${MAX_NUMBER}`);
  const english = isEnglish(language);
  const inRange = (value: number | undefined) =>
    value !== undefined && value >= from && value <= to ? value : undefined;
  const inEnglish = decimals ? decimalPhrase : numberPhrase;
  return {
    phrase: english ? inEnglish(from, to) : numeralPhrase(language),
    numeric: true,
    schema: { type: decimals ? 'number' : 'integer', minimum: from, maximum: to },
    wordsFor: (value) => {
      if (typeof value !== 'number') return undefined;
      return english && Number.isInteger(value) ? inWords(value).split(' ') : [String(value)];
    },
    valueOf: (words) => {
      if (english) return inRange(numberOf(words));
      const { minus, point } = signsOf(language);
      const sign = minus.find((said) => said.every((word, i) => words[i] === word)) ?? [];
      const at = words.findIndex((_, i) =>
        point.some((said) => said.every((word, j) => words[i + j] === word)),
      );
      const whole = numeralOf(words.slice(sign.length, at < 0 ? undefined : at));
      const rest = at < 0 ? [] : words.slice(at + 1).map((word) => numeralOf([word]));
      if (whole === undefined || (at >= 0 && !decimals) || rest.includes(undefined)) return undefined;
      return inRange((sign.length > 0 ? -1 : 1) * Number(`${whole}.${rest.join('') || '0'}`));
    },
  };
}

/** A number in a language whose number words are not known: digits, or Chinese, Japanese and Korean numerals. */
function numeralPhrase(language: string): PhraseNode {
  const { minus, point } = signsOf(language);
  const numerals = [{ kind: 'numeral' }, { kind: 'repeat', item: { kind: 'numeral' } }] as const;
  return {
    kind: 'sequence',
    items: [
      { kind: 'optional', item: { kind: 'choice', options: minus.map(said) } },
      ...numerals,
      {
        kind: 'optional',
        item: { kind: 'sequence', items: [{ kind: 'choice', options: point.map(said) }, ...numerals] },
      },
    ],
  };
}

/** How a minus sign and a decimal point are said: "minus" and "point" stand for the signs in digits. */
function signsOf(language: string) {
  const table = tableOf(language);
  const ways = (sign: string, name = sign) => [[sign], ...(name === sign ? [] : [wordsOf(name, language)])];
  return { minus: ways('minus', table?.minus), point: ways('point', table?.point) };
}

function digitsType(min: number, max: number, language: string): SlotType {
  if (min < 1 || max > 20) throw new PhraseError('digits are 1 to 20');
  const english = isEnglish(language);
  return {
    phrase: english
      ? digitsPhrase(min, max)
      : { kind: 'sequence', items: [{ kind: 'numeral' }, { kind: 'repeat', item: { kind: 'numeral' } }] },
    numeric: false,
    schema: { type: 'string', pattern: `^[0-9]{${min},${max}}$` },
    wordsFor: (value) => [String(value)],
    valueOf: (words) => {
      const digits = english
        ? digitsOf(words)
        : words.map((one) => (/^\d+$/.test(one) ? one : (digitOf(one) ?? 'x'))).join('');
      return digits && /^\d+$/.test(digits) && digits.length >= min && digits.length <= max
        ? digits
        : undefined;
    },
  };
}

/** The digit that a numeral stands for; undefined for ten, a hundred and so on. */
function digitOf(word: string): number | undefined {
  const value = isNumeral(word) ? numeralOf([word]) : undefined;
  return value !== undefined && value < 10 ? value : undefined;
}

function dateType(language: string): SlotType {
  const english = isEnglish(language) ? { phrase: datePhrase(), valueOf: dateOf } : undefined;
  const dates = english ?? datesInNumerals(language);
  if (!dates) throw new PhraseError('dates are understood in English, Chinese, Japanese and Korean only');
  const schema = { type: 'string', format: 'date', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' };
  return { ...dates, numeric: false, schema, wordsFor: () => undefined };
}

function listType(item: SlotType, language: string): SlotType {
  const between = wordsOf(tableOf(language)?.and ?? 'and', language);
  const link: PhraseNode = { kind: 'optional', item: said(between) };
  /** The items in `words`; undefined if they cannot be split into items. */
  const split = (words: readonly string[]): readonly SlotValue[] | undefined => {
    // From the end, so that each rest is split once: words that fit in several ways would otherwise be split in all of them.
    const rests: (readonly SlotValue[] | undefined)[] = [];
    for (let from = words.length - 1; from >= 0; from--) rests[from] = splitFrom(words, from, rests);
    return rests[0];
  };
  const splitFrom = (
    words: readonly string[],
    from: number,
    rests: readonly (readonly SlotValue[] | undefined)[],
  ): readonly SlotValue[] | undefined => {
    for (let end = words.length; end > from; end--) {
      const first = item.valueOf(words.slice(from, end));
      if (first === undefined) continue;
      if (end === words.length) return [first];
      const linked = between.every((word, i) => words[end + i] === word);
      const rest = (linked && rests[end + between.length]) || rests[end];
      if (rest) return [first, ...rest];
    }
    return undefined;
  };
  return {
    phrase: {
      kind: 'sequence',
      items: [item.phrase, { kind: 'repeat', item: { kind: 'sequence', items: [link, item.phrase] } }],
    },
    numeric: false,
    schema: { type: 'array', items: item.schema, minItems: 1 },
    wordsFor: () => undefined,
    valueOf: split,
  };
}
