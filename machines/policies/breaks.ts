import {
  characterEnd,
  isDense,
  isDigit,
  isEmoji,
  isHan,
  isHangul,
  isHiragana,
  isKatakana,
  isSpace,
} from './characters.ts';
import { mayBeginSegment, signAt } from './signs.ts';
import { type Stretch, UNDECIDED } from './spans.ts';

/** Kinds of breaks, best first. `word`: between two words; `character`: within text without words. */
export type BreakKind = 'sentence' | 'clause' | 'word' | 'character';

/**
 * Called for each break, and for each sign inside something ('none'): the segment could end before `at`, with this
 * spoken length until there, in Latin letters. Returning true stops the walk.
 */
export type OnStep = (at: number, kind: BreakKind | 'none', weight: number) => boolean;

/** A Chinese or Japanese character takes about as long to speak as three Latin letters, a Korean syllable as two. */
const DENSE_WEIGHT = 3;
const HANGUL_WEIGHT = 2;

/** Text without a break of this length is split between any two characters. In UTF-16 units. */
const SEAMLESS_LIMIT = 1_000;

/**
 * Walks through the text and reports the breaks that no further text can invalidate: never within a number, an address,
 * an abbreviation, code, a link or an emoji. Closing signs stay with their sentence, and one white space stays with the
 * text that it ends. 'open': further text is needed beyond the last step. The end of a final text is not reported.
 */
export function walkBreaks(stretch: Stretch, onStep: OnStep): 'stopped' | 'open' | 'whole' {
  const { text, from, final } = stretch;
  let at = from;
  let weight = 0;
  let lastBreak = from;
  /** True after a sign, whose end was already reported. */
  let reported = true;
  while (at < text.length) {
    const code = text.codePointAt(at) ?? 0;
    if (!reported) {
      const kind = at - lastBreak >= SEAMLESS_LIMIT ? 'character' : seamAt(text, from, at, code);
      if (kind !== 'none') {
        lastBreak = at;
        if (onStep(at, kind, weight)) return 'stopped';
      }
    }
    const run = plainEnd(text, at, lastBreak + SEAMLESS_LIMIT);
    if (run > at) {
      if (run === text.length && !final) return 'open';
      weight += run - at;
      at = run;
      reported = false;
      continue;
    }
    if (code === SPACE) {
      if (weight > 0) weight++;
      at++;
      reported = false;
      continue;
    }
    const sign = signAt(stretch, at, code);
    if (sign === UNDECIDED) return 'open';
    if (sign) {
      weight += sign.weight;
      at = sign.end;
      reported = true;
      if (sign.ends !== 'none') lastBreak = at;
      if (onStep(at, sign.ends, weight)) return 'stopped';
      continue;
    }
    const end = characterEnd(text, at);
    // The next text may belong to this character.
    if (end === text.length && !final && !isSpace(code)) return 'open';
    weight += weightOf(code, end - at, weight);
    at = end;
    reported = false;
  }
  if (!final) return 'open';
  return onStep(at, 'none', weight) ? 'stopped' : 'whole';
}

const SPACE = 32;

/**
 * The end of the ASCII letters and digits from `at` on, before `limit`, without one that may carry an accent. There is
 * no break inside.
 */
function plainEnd(text: string, at: number, limit: number): number {
  let end = at;
  while (end < limit && PLAIN[text.charCodeAt(end)]) end++;
  return end < text.length && text.charCodeAt(end) >= 0x300 ? Math.max(at, end - 1) : end;
}

const PLAIN = Array.from({ length: 128 }, (_, code) => /[A-Za-z0-9]/.test(String.fromCharCode(code)));

function weightOf(code: number, units: number, before: number): number {
  if (code < 0x80) return before === 0 && isSpace(code) ? 0 : 1;
  if (isDense(code)) return DENSE_WEIGHT;
  if (isHangul(code)) return HANGUL_WEIGHT;
  return before === 0 && isSpace(code) ? 0 : Math.min(units, 2);
}

const OPERATORS = '+-−*/=<>×÷≤≥≠≈±~€$£#';

/** The break between the character before `at` and the one at it, if that is not a sign. */
function seamAt(text: string, from: number, at: number, code: number): BreakKind | 'none' {
  const before = text.charCodeAt(at - 1);
  if (before > SPACE && before < 128 && code < 128) return 'none';
  if (isSpace(before)) {
    if (isSpace(code) || !mayBeginSegment(code)) return 'none';
    if (at - 2 < from) return 'word';
    // "5 kg" and "1.5 billion" are read as one, and so is a sign with what follows it: "2 * 3".
    const last = text.charCodeAt(at - 2);
    return isDigit(last) || (isDigit(code) && OPERATORS.includes(text.charAt(at - 2))) ? 'none' : 'word';
  }
  if (code < 0x2300 || isSpace(code)) return isEmojiBefore(text, at) && isLetter(code) ? 'character' : 'none';
  if (isDense(code))
    return isDense(before) ? denseSeam(before, code) : isEmojiBefore(text, at) ? 'character' : 'none';
  return isEmoji(code) && !isSpace(before) ? 'character' : 'none';
}

/** Chinese particles that allow a pause after them. */
const CHINESE_PARTICLES = '的了着过呢吧吗和是在';
/** Kana that never begin a line, and so no segment. */
const NEVER_FIRST_KANA = 'ぁぃぅぇぉっゃゅょァィゥェォッャュョー々';

/** Japanese words usually begin with a Chinese character or katakana after hiragana. */
function denseSeam(before: number, code: number): BreakKind | 'none' {
  if (NEVER_FIRST_KANA.includes(String.fromCharCode(code))) return 'none';
  if (isHiragana(before)) return isHan(code) || isKatakana(code) ? 'word' : 'character';
  if (isHan(code) && CHINESE_PARTICLES.includes(String.fromCharCode(before))) return 'word';
  return 'character';
}

function isEmojiBefore(text: string, at: number): boolean {
  const unit = text.charCodeAt(at - 1);
  if (unit < 0x2300) return false;
  if (unit < 0xdc00 || unit > 0xdfff) return unit >= 0xfe00 && unit <= 0xfe0f ? true : isEmoji(unit);
  return isEmoji(text.codePointAt(at - 2) ?? 0);
}

const LETTER = /^[\p{L}\p{N}]/u;

function isLetter(code: number): boolean {
  return LETTER.test(String.fromCodePoint(code));
}
