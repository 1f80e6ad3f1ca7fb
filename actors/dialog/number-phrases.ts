/** How numbers are said in English. */
import { englishNumber } from '../../machines/policies/forms/numbers.ts';
import { inWords, MAX_NUMBER, SCALES } from './numbers.ts';
import { oneOrSequence, type PhraseNode, said } from './phrase.ts';

/** The whole numbers `from` to `to` in English, exactly these: "one hundred and five", "minus three", "a thousand". */
export function numberPhrase(from: number, to: number): PhraseNode {
  const options: PhraseNode[] = [];
  if (to >= 0) options.push(natural(Math.max(0, from), to));
  if (from < 0)
    options.push({
      kind: 'sequence',
      items: [either([word('minus'), word('negative')]), natural(Math.max(1, -to), -from)],
    });
  return either(options);
}

/** A number from `from` to about `to` with up to three decimals, or with "and a half". */
export function decimalPhrase(from: number, to: number): PhraseNode {
  const decimal: PhraseNode = { kind: 'optional', item: oneOrSequence([digit(), optionally(digit())]) };
  return {
    kind: 'sequence',
    items: [
      numberPhrase(Math.trunc(from), Math.trunc(to)),
      optionally(either([oneOrSequence([word('point'), digit(), decimal]), said(['and', 'a', 'half'])])),
    ],
  };
}

/** Single digits, `min` to `max` of them: "four oh two". */
export function digitsPhrase(min: number, max: number): PhraseNode {
  let more: PhraseNode | undefined;
  for (let count = min; count < max; count++)
    more = optionally(oneOrSequence(more ? [digit(), more] : [digit()]));
  const fixed = Array.from({ length: min }, digit);
  return oneOrSequence(more ? [...fixed, more] : fixed);
}

function natural(from: number, to: number): PhraseNode {
  if (to < 100)
    return either(Array.from({ length: to - from + 1 }, (_, i) => said(inWords(from + i).split(' '))));
  const options: PhraseNode[] = [];
  if (from < 100) options.push(natural(from, 99));
  // The smallest scale first: below a hundred, hundreds, thousands, millions.
  for (const [i, [scale, name]] of [...SCALES.entries()].reverse()) {
    const next = SCALES[i - 1]?.[0] ?? MAX_NUMBER + 1;
    const low = Math.max(from, scale);
    const high = Math.min(to, next - 1);
    if (low <= high) options.push(...scaled(low, high, scale, name));
  }
  return either(options);
}

/** The numbers from `low` to `high` that are said with the name of the scale. */
function scaled(low: number, high: number, scale: number, name: string): readonly PhraseNode[] {
  const times = (first: number, last: number): PhraseNode => {
    const count = natural(first, last);
    return first === 1 ? either([word('a'), count]) : count;
  };
  const rest = (first: number, last: number): PhraseNode => {
    const spoken = (a: number, b: number) => oneOrSequence([optionally(word('and')), natural(a, b)]);
    return first === 0 ? optionally(spoken(1, last)) : spoken(first, last);
  };
  const group = (first: number, last: number, a: number, b: number): PhraseNode => ({
    kind: 'sequence',
    items: [times(first, last), word(name), ...(b === 0 ? [] : [rest(a, b)])],
  });
  const first = Math.floor(low / scale);
  const last = Math.floor(high / scale);
  if (first === last) return [group(first, last, low % scale, high % scale)];
  const begins = low % scale === 0 ? first : first + 1;
  const ends = high % scale === scale - 1 ? last : last - 1;
  return [
    ...(begins > first ? [group(first, first, low % scale, scale - 1)] : []),
    ...(begins <= ends ? [group(begins, ends, 0, scale - 1)] : []),
    ...(ends < last ? [group(last, last, 0, high % scale)] : []),
  ];
}

function word(one: string): PhraseNode {
  return { kind: 'word', word: one };
}

function optionally(item: PhraseNode): PhraseNode {
  return { kind: 'optional', item };
}

function either(options: readonly PhraseNode[]): PhraseNode {
  const only = options[0];
  return options.length === 1 && only ? only : { kind: 'choice', options };
}

function digit(): PhraseNode {
  return either(['oh', ...[...Array(10).keys()].map(englishNumber)].map(word));
}
