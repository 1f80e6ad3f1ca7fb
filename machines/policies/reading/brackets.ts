/** Brackets, HTML, addresses and LaTeX. */
import { placeholderAt, tagAt } from './html.ts';
import type { Inline } from './inline.ts';
import { commandEnd, isMath } from './latex.ts';
import { ALNUM } from './marks.ts';
import { directionIn, LONGEST_DIRECTION } from './stage.ts';

export const OPENING = '([{（［【〔';
export const CLOSING = ')]}）］】〕';
const URL = /(?:https?:\/\/|www\.)[^\s<>"'`|，。；：！？、（）「」《》]{1,1000}/uy;

export function open(inline: Inline, i: number): number {
  const { at } = inline.place;
  const sign = inline.char(i);
  const closeSign = CLOSING.charAt(OPENING.indexOf(sign));
  const close = inline.line.indexOf(closeSign, i + 1);
  if (close > i && close - i <= LONGEST_DIRECTION + 2) {
    const inner = inline.line.slice(i + 1, close);
    // The source that a model with a search names: "【4†source】".
    if (/^\d{1,3}(?::\d{1,3})?†/u.test(inner)) return close + 1;
    const direction = directionIn(
      inner.replaceAll(/^[*_]+|[*_]+$/gu, ''),
      '(（'.includes(sign) ? 'round' : 'bracket',
    );
    if (direction !== undefined) return inline.direction(inner, direction, i, close + 1);
    // A telephone number or the arguments of a function: the reader sees the brackets.
    if (
      sign === '(' &&
      /^\+?[\d\s]{1,6}$/u.test(inner) &&
      /^[\s-]?\d{2}/u.test(inline.line.slice(close + 1, close + 4))
    ) {
      inline.spoken.copy(inline.line.slice(i, close + 1), at + i);
      return close + 1;
    }
    if (sign === '(' && /[\p{L}\p{N}_]/u.test(inline.char(i - 1)) && close === i + 1) return close + 1;
  }
  // "f(x)" and "2(3+4)" have no pause; "apple(s)" is one word.
  if (sign === '(' && ALNUM.test(inline.char(i - 1))) {
    const inner = close > i ? inline.line.slice(i + 1, close) : '';
    if (
      /^\p{L}{1,2}$/u.test(inner) &&
      /\p{L}{3}$/u.test(inline.line.slice(Math.max(0, i - 3), i)) &&
      inner !== 'x'
    ) {
      inline.spoken.copy(inner, at + i + 1);
      return close + 1;
    }
    inline.spoken.put(' ', at + i);
    return i + 1;
  }
  if (sign === '{' || /[=+*/×÷√^<>-]\s?$/u.test(inline.line.slice(Math.max(0, i - 2), i)))
    inline.spoken.put(' ', at + i);
  else inline.spoken.pause(at + i);
  return i + 1;
}

export function close(inline: Inline, i: number): number {
  const { at } = inline.place;
  const sign = inline.char(i);
  const after = inline.line.slice(i + 1, i + 9);
  if (sign === ')' && /^\d{1,3}$/.test(inline.line.slice(0, i).trim())) return i + 1;
  if (/^\s?(?:[=+*/×÷^<>≤≥≠%²³!-]|\()/u.test(after)) inline.spoken.put(' ', at + i);
  else if (/^\s*[\p{L}\p{N}]/u.test(after)) {
    if (sign === '}') inline.spoken.put(' ', at + i);
    else inline.spoken.pause(at + i);
  }
  return i + 1;
}

export function angle(inline: Inline, i: number): number {
  const { at } = inline.place;
  if (/^<(?:https?:\/\/|www\.)/.test(inline.line.slice(i, i + 10))) {
    const end = address(inline, i + 1, i);
    return inline.char(end) === '>' ? end + 1 : end;
  }
  const tag = tagAt(inline.line, i);
  if (tag) {
    if (tag.separates === 'cell') inline.spoken.pause(at + i);
    else if (tag.separates === 'space') inline.spoken.put(' ', at + i);
    return tag.end;
  }
  const mail = /^<(?:mailto:)?([\w.+-]{1,60}@[\w.-]{1,60})>/.exec(inline.line.slice(i, i + 140));
  if (mail?.[1] !== undefined) {
    inline.spoken.copy(mail[1], at + i + 1);
    return i + mail[0].length;
  }
  const word = placeholderAt(inline.line, i);
  if (!word) return i;
  const direction = directionIn(word.inner, 'bracket');
  if (direction !== undefined) return inline.direction(word.inner, direction, i, word.end);
  inline.spoken.put(' ', at + i);
  inline.spoken.copy(word.inner, at + i + (word.closing ? 2 : 1));
  inline.spoken.put(' ', at + word.end);
  return word.end;
}

/** The host of an address, and a short path: `https://www.example.com/docs` → `example.com/docs`. */
export function address(inline: Inline, i: number, _from: number): number {
  if (/[\p{L}\p{N}]/u.test(inline.char(i - 1))) return i;
  URL.lastIndex = i;
  const url = URL.exec(inline.line)?.[0];
  if (url === undefined) return i;
  const { at } = inline.place;
  const start = /^(?:https?:\/\/)?(?:www\.)?/.exec(url)?.[0].length ?? 0;
  const trimmed = url.replace(/[.,;:!?)\]}*_~]+$/u, '');
  const rest = trimmed.slice(start);
  const host = /^[\p{L}\p{N}.-]{0,200}[\p{L}\p{N}](?::\d{1,5})?/u.exec(rest)?.[0] ?? '';
  if (host === '') return i;
  const path = rest.slice(host.length).replace(/\/$/, '');
  const isShort = path.length <= 40 && /^(?:\/[\p{L}\p{N}._-]+){1,3}$/u.test(path);
  inline.spoken.copy(isShort ? host + path : host, at + i + start);
  // A full stop after an address belongs to the sentence.
  const stop = url.slice(trimmed.length);
  inline.spoken.copy(stop.replaceAll(/[)\]}*_~]/gu, ' '), at + i + trimmed.length);
  return i + url.length;
}

export function dollar(inline: Inline, i: number): number {
  if (inline.char(i + 1) === '$') {
    const end = inline.line.indexOf('$$', i + 2);
    return end < 0 ? inline.run(i) : inline.math(inline.line.slice(i + 2, end), i, end + 2);
  }
  if (ALNUM.test(inline.char(i - 1))) return i;
  const end = inline.line.indexOf('$', i + 1);
  if (end < 0 || end - i > 300 || /[\d\p{L}]/u.test(inline.char(end + 1)) || inline.char(end - 1) === '\\')
    return i;
  const inner = inline.line.slice(i + 1, end);
  // "$5 = 5 dollars, 6$ more" has words in it.
  if (!isMath(inner) || (/^\d/.test(inner) && /\p{L}{3}/u.test(inner) && !inner.includes('\\'))) return i;
  return inline.math(inner, i, end + 1);
}

export function backslash(inline: Inline, i: number): number {
  const { at } = inline.place;
  const next = inline.char(i + 1);
  const close = next === '(' ? '\\)' : next === '[' ? '\\]' : undefined;
  if (close !== undefined) {
    const end = inline.line.indexOf(close, i + 2);
    if (end >= 0) return inline.math(inline.line.slice(i + 2, end), i, end + 2);
  }
  const end =
    /[A-Za-z]/.test(next) && !/[\p{L}:\\]/u.test(inline.char(i - 1)) ? commandEnd(inline.line, i) : undefined;
  if (end !== undefined) return inline.math(inline.line.slice(i, end), i, end);
  if (!/[!-/:-@[-`{-~]/.test(next)) return i;
  // An escaped sign: said if it is a sign of mathematics between its operands.
  const operands =
    /[\p{N})]\s?$/u.test(inline.line.slice(Math.max(0, i - 2), i)) &&
    /^\s?[\p{N}(]/u.test(inline.line.slice(i + 2, i + 4));
  if (!'*_`~#|<>\\'.includes(next) || operands) inline.spoken.copy(next, at + i + 1);
  else if (next === '<' || next === '>' || next === '#') inline.spoken.copy(next, at + i + 1);
  else if (next === '_' && ALNUM.test(inline.char(i - 1))) inline.spoken.put(' ', at + i);
  return i + 2;
}
