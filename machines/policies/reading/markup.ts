import { address, angle, backslash, CLOSING, close, dollar, OPENING, open } from './brackets.ts';
import { Inline, type Place } from './inline.ts';
import {
  code,
  dashes,
  entity,
  equals,
  exponent,
  many,
  pipe,
  shortcode,
  star,
  tilde,
  underscore,
} from './marks.ts';
import type { SpokenText } from './output.ts';
import { faceAt } from './stage.ts';

export type { Markup } from './inline.ts';

/** Where markup may begin. */
const CANDIDATE =
  /[`!*_~<>\\&|$^¯（）［］【】〔〕()[\]{};:=]|https?:\/\/|www\.|[!?！？]{2}|\.{4}|…{2}|,{2}|-{2}|。{2}|，{2}|-_|[8xX][-']?[D)]|[oO0T]_/gu;

/** Adds the words of `line` from `from` on. */
export function inlineMarkup(spoken: SpokenText, line: string, from: number, place: Place): void {
  const inline = new Inline(spoken, line, place);
  let done = from;
  CANDIDATE.lastIndex = from;
  for (let match = CANDIDATE.exec(line); match; match = CANDIDATE.exec(line)) {
    const next = match.index;
    inline.plain(done, next);
    const end = read(inline, next, match[0]);
    // Text that has no other meaning is copied.
    if (end === next) {
      inline.plain(next, next + 1);
      done = next + 1;
    } else done = end;
    CANDIDATE.lastIndex = done;
  }
  inline.plain(done, line.length);
}

const LINK =
  /\[(?<label>(?:[^[\]\n]|\[[^[\]\n]{0,60}\]){0,200})\](?:\([^()\n]{0,500}(?:\([^()\n]{0,200}\)[^()\n]{0,200})?\)|\[[^[\]\n]{0,100}\])/uy;
const NOTE = /\[(?:\^?\d{1,3}(?:\s?[,–-]\s?\d{1,3}){0,4}|\^[^\]\s]{1,40}|citation needed)\]:?/uy;
/** Reads what begins at `i`; returns its end, or `i` if it is plain text. */
function read(inline: Inline, i: number, sign: string): number {
  const face = /[[({:;=<>^¯8xXoO0T（-]/u.test(sign.charAt(0)) ? faceAt(inline.line, i) : undefined;
  if (
    face?.name === 'love' &&
    /(?:^|\s)(?:I|we|they)\s$/iu.test(inline.line.slice(Math.max(0, i - 6), i)) &&
    /^\s\p{L}/u.test(inline.line.slice(face.end))
  ) {
    // "I <3 you": the verb.
    inline.spoken.put('love', inline.place.at + i);
    return face.end;
  }
  if (face) return inline.direction(inline.line.slice(i, face.end), face.name, i, face.end, false);
  switch (sign.charAt(0)) {
    case '`':
      return code(inline, i);
    case '!':
      return inline.line.charAt(i + 1) === '[' ? link(inline, i + 1, i) : many(inline, i);
    case '[':
      return link(inline, i, i);
    case 'h':
    case 'w':
      return address(inline, i, i);
    case '<':
      return angle(inline, i);
    case '\\':
      return backslash(inline, i);
    case '&':
      return entity(inline, i);
    case '*':
      return star(inline, i);
    case '_':
      return underscore(inline, i);
    case '~':
      return tilde(inline, i);
    case '$':
      return dollar(inline, i);
    case '|':
      return pipe(inline, i);
    case ':':
      return shortcode(inline, i);
    case '=':
      return equals(inline, i);
    case '^':
      return exponent(inline, i);
    case '¯':
    case '>':
    case ';':
    case '8':
    case 'x':
    case 'X':
    case 'o':
    case 'O':
    case '0':
    case 'T':
      return i;
    case '-':
      return sign === '-_' ? i : dashes(inline, i);
    default:
      if (OPENING.includes(sign)) return open(inline, i);
      if (CLOSING.includes(sign)) return close(inline, i);
      return many(inline, i);
  }
}

/** A link or an image: its words. Else a note, a direction, or a bracket. */
function link(inline: Inline, i: number, from: number): number {
  LINK.lastIndex = i;
  const link = /^\[\^?\d{1,3}\](?!\()/u.test(inline.line.slice(i, i + 8)) ? null : LINK.exec(inline.line);
  if (link) {
    const label = link.groups?.label ?? '';
    inlineMarkup(inline.spoken, label.replaceAll(/[[\]]/gu, ' '), 0, {
      ...inline.place,
      at: inline.place.at + i + 1,
      table: false,
    });
    return i + link[0].length;
  }
  if (from < i) return i;
  NOTE.lastIndex = i;
  const note = NOTE.exec(inline.line);
  // "x[0]" is an element, "= [1, 2]" a list, "fact[1]" a note.
  if (
    note &&
    (inline.line.slice(0, i).trim() !== '' || !/[\p{L}\p{N}]/u.test(inline.line.slice(i + note[0].length))) &&
    !/^\[0/.test(note[0]) &&
    !/(?:(?:^|[^\p{L}])\p{L}|[=<>+(,[]\s?)$/u.test(inline.line.slice(Math.max(0, i - 2), i))
  )
    return i + note[0].length;
  return open(inline, i);
}
