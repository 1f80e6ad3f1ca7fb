/** Marks of Markdown between words, and the same signs where they have a meaning. */
import { codeWords } from './code.ts';
import { entityAt } from './html.ts';
import type { Inline } from './inline.ts';
import { plainMath } from './latex.ts';
import { directionIn, LONGEST_DIRECTION } from './stage.ts';

export const ALNUM = /[\p{L}\p{N}]/u;

export function code(inline: Inline, i: number): number {
  const open = inline.run(i);
  const ticks = inline.line.slice(i, open);
  let close = inline.line.indexOf(ticks, open);
  while (close >= 0 && inline.run(close) - close !== ticks.length)
    close = inline.line.indexOf(ticks, inline.run(close));
  // An unpaired mark.
  if (close < 0 || close === open) return close < 0 ? open : close + ticks.length;
  const { at } = inline.place;
  for (const { text, from, written } of codeWords(inline.line.slice(open, close))) {
    if (written) inline.spoken.copy(text, at + open + from);
    else inline.spoken.say(text, at + open + from);
  }
  return close + ticks.length;
}

export function star(inline: Inline, i: number): number {
  const end = inline.run(i);
  const { at } = inline.place;
  const count = end - i;
  const before = inline.char(i - 1);
  const after = inline.char(end);
  if (count === 1) {
    const close = inline.line.indexOf('*', end);
    if (close > end && close - end <= LONGEST_DIRECTION && inline.char(close + 1) !== '*') {
      const inner = inline.line.slice(end, close);
      const direction = /\s/.test(after) || ALNUM.test(before) ? undefined : directionIn(inner, 'star');
      if (direction !== undefined) return inline.direction(inner, direction, i, close + 1);
    }
  }
  if (count <= 2 && isOperator(inline, i, end, before, after)) {
    inline.spoken.copy(inline.line.slice(i, end), at + i);
    return end;
  }
  return end;
}

/** "2*3", "2 * 3", "a * b", "2**3", "x*y", but not "un*believ*able" or "5 **kg**". */
export function isOperator(inline: Inline, i: number, end: number, before: string, after: string): boolean {
  const spaced = /\s/.test(before) && /\s/.test(after);
  const left = /(?:[\p{N})°%]|(?:^|[^\p{L}])\p{L}|[\p{L}\p{N}]{2,30})$/u.exec(
    inline.line.slice(Math.max(0, i - 32), spaced ? i - 1 : i),
  )?.[0];
  const right = /^(?:[-−+]?[\p{N}(√$€£]|\p{L}(?!\p{L})|\p{L}{2,30})/u.exec(
    inline.line.slice(spaced ? end + 1 : end, end + 32),
  )?.[0];
  if (left === undefined || right === undefined) return false;
  if (spaced) return true;
  if (/\s/.test(before) || /\s/.test(after)) return false;
  const leftIsTerm = /[\p{N})°%]$/u.test(left) || /(?:^|[^\p{L}])\p{L}$/u.test(left);
  const rightIsTerm = !/^\p{L}{2}/u.test(right);
  if (/(?![a-zA-Z])\p{L}$/u.test(left)) return false;
  // "2*x", "a*b", "count*2", but "2*nd*" is emphasis.
  if (leftIsTerm && rightIsTerm) return true;
  if (!leftIsTerm && !rightIsTerm)
    return !inline.line.slice(end).includes('*') && !inline.line.slice(0, i).includes('*');
  return !inline.line.slice(end, end + 40).includes('*') || /\p{N}$/u.test(left) === /^\p{N}/u.test(right);
}

export function underscore(inline: Inline, i: number): number {
  const end = inline.run(i);
  if (ALNUM.test(inline.char(i - 1)) && ALNUM.test(inline.char(end))) {
    // In an address it is said.
    const around = /[^\s]{0,60}$/u.exec(inline.line.slice(Math.max(0, i - 60), i))?.[0] ?? '';
    if (/@|[\w.]{1,40}@/.test(around) || /^[\w.+-]{0,40}@\w/.test(inline.line.slice(end, end + 60))) return i;
    inline.spoken.put(' ', inline.place.at + i);
  } else if (end === i + 1 && !ALNUM.test(inline.char(i - 1))) {
    const close = inline.line.indexOf('_', end);
    const inner = inline.line.slice(end, close);
    if (close > end && inner.length <= LONGEST_DIRECTION && !ALNUM.test(inline.char(close + 1))) {
      const direction = directionIn(inner, 'star');
      if (direction !== undefined) return inline.direction(inner, direction, i, close + 1);
    }
  }
  return end;
}

export function tilde(inline: Inline, i: number): number {
  const end = inline.run(i);
  // "~5" is a number, "~/file" a path, "10~20" a range.
  if (end - i === 1 && /[\d$€£¥/.]/u.test(inline.char(end)) && !/[~\p{L}]/u.test(inline.char(i - 1)))
    return i;
  if (end - i === 1 && /^ \d/.test(inline.line.slice(end, end + 2)) && !ALNUM.test(inline.char(i - 1)))
    return i;
  return end;
}

export function pipe(inline: Inline, i: number): number {
  const { at, table } = inline.place;
  if (table) {
    inline.spoken.pause(at + i);
    return i + 1;
  }
  if (
    /^\|[-−]?[\p{L}\p{N}][\p{L}\p{N}\s+*/.^²-]{0,16}\|(?![|\p{L}\p{N}])/u.test(
      inline.line.slice(i, i + 20),
    ) &&
    !ALNUM.test(inline.char(i - 1))
  ) {
    const close = inline.line.indexOf('|', i + 1);
    // As one sign, so that it does not look like the cells of a table.
    inline.spoken.put('∣', at + i);
    inline.spoken.copy(inline.line.slice(i + 1, close), at + i + 1);
    inline.spoken.put('∣', at + close);
    return close + 1;
  }
  if (inline.char(i + 1) === '|' && /\s/.test(inline.char(i - 1)) && /\s/.test(inline.char(i + 2))) {
    inline.spoken.put('||', at + i);
    return i + 2;
  }
  inline.spoken.put(' ', at + i);
  return i + 1;
}

export function shortcode(inline: Inline, i: number): number {
  if (ALNUM.test(inline.char(i - 1))) return i;
  const match = /^:([a-z][a-z0-9_+-]{1,30}|\+1|-1):/u.exec(inline.line.slice(i, i + 34));
  if (!match || ALNUM.test(inline.char(i + match[0].length))) return i;
  const name = (match[1] ?? '').replaceAll('_', ' ');
  return inline.direction(name, name, i, i + match[0].length);
}

export function equals(inline: Inline, i: number): number {
  const end = inline.run(i);
  const count = end - i;
  if (count < 2) return i;
  const { at } = inline.place;
  if (count > 3 || (!ALNUM.test(inline.line.slice(0, i)) && !ALNUM.test(inline.char(end)))) {
    inline.spoken.put(' ', at + i);
    return end;
  }
  const before = inline.char(i - 1);
  const after = inline.char(end);
  const opens =
    !/[\p{L}\p{N})\]]/u.test(before) && /\S/u.test(after) && after !== '' && inline.line.includes('==', end);
  const closes =
    /\S/u.test(before) &&
    before !== '' &&
    !/[\p{L}\p{N}(]/u.test(after) &&
    inline.line.lastIndexOf('==', i - 1) >= 0;
  const spaced = /\s/.test(before) && /\s/.test(after);
  if ((opens || closes) && !spaced) return end;
  inline.spoken.put('=', at + i);
  return end;
}

export function dashes(inline: Inline, i: number): number {
  const end = inline.run(i);
  // "-->" is an arrow, "--flag" an option.
  if (inline.char(end) === '>') return i;
  if (end - i === 2 && /[a-zA-Z]/.test(inline.char(end)) && /^$|[\s(`]/.test(inline.char(i - 1))) {
    inline.spoken.put(' ', inline.place.at + i);
    return end;
  }
  if (inline.char(i - 1) === '<') return i;
  // "5--3": minus minus.
  if (end - i === 2 && /\d/.test(inline.char(i - 1)) && /\d/.test(inline.char(end))) {
    inline.spoken.put('−', inline.place.at + i);
    inline.spoken.put('−', inline.place.at + i + 1);
    return end;
  }
  inline.spoken.put(' ', inline.place.at + i);
  return end;
}

/** "!!!" → "!", "?!?!" → "?!", "....." → "...". */
export function many(inline: Inline, i: number): number {
  let end = i;
  const first = inline.char(i);
  const same = '!?！？'.includes(first) ? '!?！？' : first;
  while (end < inline.line.length && same.includes(inline.char(end))) end++;
  if (end - i < 2) return i;
  const { at } = inline.place;
  const many = inline.line.slice(i, end);
  if (first === '.') inline.spoken.copy('...', at + i);
  else {
    const other = [...many].find((one) => one !== first);
    inline.spoken.copy(first, at + i);
    if (other !== undefined) inline.spoken.put(other, at + i + 1);
  }
  return end;
}

export function entity(inline: Inline, i: number): number {
  const entity = entityAt(inline.line, i);
  if (!entity) return i;
  if (entity.text === ' ') inline.spoken.put(' ', inline.place.at + i);
  else if (entity.text !== '') inline.spoken.put(entity.text, inline.place.at + i);
  return entity.end;
}

/** `10^{-3}`, LaTeX outside of dollars: kept for the reader. */
export function exponent(inline: Inline, i: number): number {
  const braces = /^\^(?:\{([^{}\n]{1,40})\}|\(([^()\n]{1,40})\))/u.exec(inline.line.slice(i, i + 44));
  const inner = braces?.[1] ?? braces?.[2];
  if (!braces || inner === undefined) return i;
  inline.spoken.put(`^{${plainMath(inner)}}`, inline.place.at + i);
  return i + braces[0].length;
}
