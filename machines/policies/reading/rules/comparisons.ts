/** Equations, comparisons and powers. */
import { figuresAt, sayFigures } from '../numbers.ts';
import type { Said, Scan } from '../scan.ts';
import type { SignName } from '../table.ts';
import { said } from './operands.ts';
import { unitAt } from './units.ts';

export function equals(scan: Scan): Said | undefined {
  const arrow = /^={1,2}>/.exec(scan.ahead(3))?.[0];
  if (arrow)
    return scan.behind(40).trim() === ''
      ? { end: scan.at + arrow.length, text: ' ' }
      : said(scan, arrow.length, 'arrow');
  const run = /^={1,3}/.exec(scan.ahead(3))?.[0].length ?? 1;
  return said(scan, run, 'equals');
}

export function comparison(scan: Scan): Said | undefined {
  const { at, table } = scan;
  const char = scan.char(at).replace('＜', '<').replace('＞', '>');
  const two = scan.ahead(3);
  if (/^<-+>|^<=>/.test(two) || /^<-->/.test(scan.ahead(4)))
    return said(scan, two.startsWith('<--') ? 4 : 3, 'and');
  if (/^<-{1,2}(?=[\s\p{L}])/u.test(two)) return said(scan, /^<--/.test(two) ? 3 : 2, 'from');
  if (/^<>/.test(two)) return said(scan, 2, 'notEqual');
  const orEqual = char === '≤' || char === '≥' || /^[<>]=/.test(two);
  const length = /^[<>]=/.test(two) ? 2 : 1;
  const less = char === '<' || char === '≤';
  if (/^(?:<<|>>)/.test(two))
    return { end: at + 2, text: scan.spaced(less ? table.signs.less : table.signs.greater) };
  const before = /(\S{0,20})(\s?)$/u.exec(scan.behind(22));
  const left = before?.[1] ?? '';
  const spaced = before?.[2] === ' ' && /\s/.test(scan.char(at + length));
  // "10 > 5" is a statement, "the load <5 kg" and "a<b" are not.
  const isStatement = spaced && /^[-−]?(?:[\d.,]+[%°]?|\p{L}[₀-₉²³]?|\p{L}+[_\d]\S*)$/u.test(left);
  if (left === '' || /[.:;!?([]$/u.test(left)) {
    const behind = bound(scan, at + length, less, orEqual);
    if (behind) return behind;
    if (orEqual) return said(scan, length, less ? 'atMost' : 'atLeast');
    return said(scan, length, less ? 'lessThan' : 'moreThan');
  }
  const sentence = orEqual ? undefined : inOtherOrder(scan, left, at + length, !less);
  if (sentence) return sentence;
  const names: readonly [SignName, SignName] = orEqual
    ? less
      ? ['isAtMost', 'atMost']
      : ['isAtLeast', 'atLeast']
    : less
      ? ['isLess', 'less']
      : ['isGreater', 'greater'];
  return said(scan, length, names[isStatement ? 0 : 1]);
}

/** What is counted, as one word. */
const COUNTED = /\p{Script=Katakana}[\p{Script=Katakana}ー]{0,9}|\p{Script=Han}|\p{Script=Hangul}{1,3}/uy;

/** "<5 kg" as "5 kg or less", in languages that say it so. */
function bound(scan: Scan, from: number, less: boolean, orEqual: boolean): Said | undefined {
  const { bounds } = scan.table;
  const space = scan.char(from) === ' ' ? 1 : 0;
  const figures = bounds && figuresAt(scan, from + space);
  if (!bounds || !figures) return undefined;
  const amount = sayFigures(scan.table, figures);
  const word = bounds[(less ? 0 : 1) + (orEqual ? 2 : 0)];
  const unit = unitAt(scan, figures.end);
  if (unit)
    return {
      end: unit.end,
      text: `${scan.table.amount(amount, false, unit.forms, true)}${scan.table.space}${word}`,
    };
  const counted = scan.match(COUNTED, figures.end)?.[0] ?? '';
  return { end: figures.end + counted.length, text: `${amount}${counted}${scan.table.space}${word}` };
}

const NUMBER_AFTER = /\s?([-−]?\d+(?:\.\d+)?)(?![\d.,]*[\p{L}\p{N}%°℃+*/×÷^=-])/uy;

/** "10 > 5" between two numbers, where the comparison is said behind them. */
function inOtherOrder(scan: Scan, left: string, from: number, isGreater: boolean): Said | undefined {
  const { table } = scan;
  const match = table.compared && /^[-−]?[\d.]+$/u.test(left) ? scan.match(NUMBER_AFTER, from) : null;
  const right = match?.[1];
  if (!match || right === undefined || !table.compared) return undefined;
  return {
    end: from + match[0].length,
    text: table.compared(left, right.replace(/^[-−]/u, table.signs.negative ?? ''), isGreater),
  };
}

const EXPONENT =
  /\^(?:\{([^{}]{1,40})\}|\(([^()]{1,40})\)|([-−+]?[\p{L}\p{N}]{1,8}))|([⁺⁻]?[⁰¹²³⁴-⁹]{1,6})/uy;

const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹';

export function power(scan: Scan): Said | undefined {
  const { table } = scan;
  const lowered = /^[₀-₉]+/u.exec(scan.ahead(6))?.[0];
  if (lowered)
    return {
      end: scan.at + lowered.length,
      text: ` ${[...lowered].map((one) => String(one.charCodeAt(0) - 0x2080)).join('')} `,
    };
  const match = scan.match(EXPONENT);
  if (!match || !/[\p{L}\p{N})∣}]\s?$/u.test(scan.behind(2)))
    return match?.[4] === undefined ? undefined : { end: scan.at + match[0].length, text: ' ' };
  const [all, braced, round, plain, raised] = match;
  const end = scan.at + all.length;
  // A raised number behind a word is a note.
  if (raised !== undefined && /\p{L}{3}$|[.,!?]$/u.test(scan.behind(3))) return { end, text: ' ' };
  const written =
    braced ??
    round ??
    plain ??
    [...(raised ?? '')]
      .map((one) => (one === '⁻' ? '−' : one === '⁺' ? '' : String(RAISED.indexOf(one))))
      .join('');
  if (written === '2') return { end, text: scan.spaced(table.signs.squared) };
  if (written === '3') return { end, text: scan.spaced(table.signs.cubed) };
  const exponent = written
    .replaceAll(/\s?\+\s?/gu, ` ${table.signs.plus} `)
    .replace(/^[-−]/u, `${table.signs.minus} `)
    .replaceAll(/\d+/gu, (figures) => table.cardinal(figures));
  if (table.signs.power.includes('{n}'))
    return { end, text: table.signs.power.replace('{n}', exponent.trim()) };
  return {
    end,
    text:
      table.space === ''
        ? `${table.signs.power}${exponent.replace(' ', '')}`
        : ` ${table.signs.power} ${exponent} `,
  };
}
