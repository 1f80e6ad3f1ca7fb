/** Character classes by code point. Written as ranges, because they are checked for every character of every reply. */

/** Chinese characters and Japanese kana: scripts without spaces between words. */
export function isDense(code: number): boolean {
  if (code < 0x3005) return false;
  return isHan(code) || isKana(code);
}

export function isHan(code: number): boolean {
  return (
    (code >= 0x4e00 && code <= 0x9fff) ||
    (code >= 0x3400 && code <= 0x4dbf) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0x20000 && code <= 0x3ffff) ||
    (code >= 0x3005 && code <= 0x3007)
  );
}

export function isHiragana(code: number): boolean {
  return code >= 0x3041 && code <= 0x309f;
}

export function isKatakana(code: number): boolean {
  return (
    (code >= 0x30a1 && code <= 0x30ff) ||
    (code >= 0x31f0 && code <= 0x31ff) ||
    (code >= 0xff66 && code <= 0xff9f)
  );
}

function isKana(code: number): boolean {
  return isHiragana(code) || isKatakana(code);
}

export function isHangul(code: number): boolean {
  return code >= 0xac00 && code <= 0xd7a3;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isSpace(code: number): boolean {
  return (
    code === 32 ||
    (code >= 9 && code <= 13) ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000 ||
    code === 0xfeff
  );
}

const PICTOGRAPH = /^\p{Extended_Pictographic}/u;
const MARK = /^\p{M}/u;

/** An emoji, or half of a flag. Text symbols (©, ®, ™, arrows) are not included. */
export function isEmoji(code: number): boolean {
  if (code < 0x2300) return false;
  return isRegionalIndicator(code) || PICTOGRAPH.test(String.fromCodePoint(code));
}

function isRegionalIndicator(code: number): boolean {
  return code >= 0x1f1e6 && code <= 0x1f1ff;
}

const ZERO_WIDTH_JOINER = 0x200d;

/** Characters that modify the previous one: accents, variation selectors, skin tones, tags, the key of a keycap. */
function extendsCharacter(code: number): boolean {
  if (code < 0x300) return false;
  return (
    code === ZERO_WIDTH_JOINER ||
    (code >= 0xfe00 && code <= 0xfe0f) ||
    (code >= 0x1f3fb && code <= 0x1f3ff) ||
    (code >= 0xe0020 && code <= 0xe007f) ||
    MARK.test(String.fromCodePoint(code))
  );
}

function unitsOf(code: number): number {
  return code > 0xffff ? 2 : 1;
}

/**
 * The end of the visible character that begins at `at`: joined emoji, a flag and a letter with its accents are one
 * character. White space is always separate.
 */
export function characterEnd(text: string, at: number): number {
  const first = text.codePointAt(at);
  if (first === undefined) return at;
  let end = at + unitsOf(first);
  if (first < 0x300 && (text.charCodeAt(end) || 0) < 0x300) return end;
  if (isSpace(first)) return end;
  if (isRegionalIndicator(first)) {
    const second = text.codePointAt(end);
    if (second !== undefined && isRegionalIndicator(second)) end += 2;
  }
  for (;;) {
    const code = text.codePointAt(end);
    if (code === undefined || !extendsCharacter(code)) return end;
    end += unitsOf(code);
    if (code !== ZERO_WIDTH_JOINER) continue;
    const joined = text.codePointAt(end);
    if (joined !== undefined && isEmoji(joined)) end += unitsOf(joined);
  }
}
