/** Numbers that are said figure by figure: telephone numbers, addresses of machines, versions, codes. */
import type { Rule, Said, Scan } from '../scan.ts';

const INTERNATIONAL = /\+\d{1,3}(?:[\s().\u00a0/-]{1,3}\d{1,8}){1,6}(?!\d)|\+\d{8,15}(?!\d)/y;
const LOCAL =
  /\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}(?![\d-])|\d{3}-\d{4}(?![\d-])|\(?0\d{1,5}\)?[\s/-]{1,2}\d{3,10}(?:[\s-]\d{1,6}){0,3}(?!\d)|0\d(?:[ .]\d{2}){4}(?!\d)|\d{4}(?:[ -]\d{4}){2,4}(?!\d)|1-\d{3}-\d{3}-\d{4}(?!\d)/y;
const AFTER_WORD = /\d(?:[\d\s()-]{0,20}\d)?(?!\d|[.,:]\d|\s?[-–]\s?\d|\s?%)/y;
const MACHINE = /\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?:\/\d{1,2})?(?![\d.])/y;
const VERSION = /\d{1,5}(?:\.\d{1,5}){2,4}(?:-[a-z]{1,8}(?:\.?\d{1,3})?)?(?![\d])/y;

/** Writing without spaces between words. */
const HAN_OR_KANA = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

export const phone: Rule = (scan) => {
  const { table } = scan;
  const before = scan.char(scan.at - 1);
  const isWord = /[\p{L}\p{N}.,]/u.test(before) && !(table.style === 'asian' && HAN_OR_KANA.test(before));
  if (isWord) return undefined;
  const abroad = scan.char(scan.at) === '+' ? scan.match(INTERNATIONAL) : null;
  if (abroad && abroad[0].replaceAll(/\D/gu, '').length >= 7)
    return { end: scan.at + abroad[0].length, text: `${table.signs.plus} ${figures(scan, abroad[0])}` };
  const local = scan.match(LOCAL);
  if (local && isPhone(scan, local[0]))
    return { end: scan.at + local[0].length, text: figures(scan, local[0]) };
  const word = scan.wordBefore();
  if (!table.before.figures.has(word)) return undefined;
  const code = scan.match(AFTER_WORD);
  if (!code) return undefined;
  const all = code[0].replaceAll(/\D/gu, '');
  // "number 5" is a number; "call 911" is not.
  const least = /^(?:number|numero|nummer|numéro|número|id|order)$/u.test(word) ? 5 : 3;
  if (all.length < least || /\s\d{1,2}$/.test(code[0])) return undefined;
  return { end: scan.at + code[0].length, text: figures(scan, code[0]) };
};

/** "555 100 2000" may be three amounts, "1234-5678" a range: two groups need a hyphen or a leading zero. */
function isPhone(scan: Scan, written: string): boolean {
  if (/^\d{3}-\d{4}$/.test(written)) return !/^\s?=/.test(scan.ahead(3, scan.at + written.length));
  return !/^0\d?[\s/-]\d{3}$/.test(written);
}

function figures(scan: Scan, written: string): string {
  return scan.table.figures(written.replaceAll(/\D/gu, ''));
}

/** `192.168.1.1`, `2.1.3`, `1.0.0-beta`. */
export const version: Rule = (scan) => {
  const { table } = scan;
  const machine = scan.match(MACHINE);
  const found = machine ?? scan.match(VERSION);
  if (!found || isDate(found[0])) return undefined;
  const [written] = found;
  // "1.234.567" is a number in some languages.
  if (!machine && table.decimalSign === ',' && /^\d{1,3}(?:\.\d{3})+$/.test(written)) return undefined;
  const sign = machine ? table.signs.dot : table.signs.point;
  const text = written.replaceAll(/\d+|[^\d]+?(?=\d|$)|[^\d]/gu, (part) => {
    if (/^\d/.test(part)) return ` ${/^0\d/.test(part) ? table.figures(part) : table.cardinal(part)} `;
    if (part === '.') return ` ${sign} `;
    if (part === ':') return ' ';
    if (part === '/') return ` ${table.signs.slash} `;
    return ` ${part.replaceAll(/[-.]/gu, ' ')} `;
  });
  return { end: scan.at + written.length, text: text.replaceAll(/\s+/gu, ' ').trim() };
};

/** "3.5.2026" is a date where days come first. */
function isDate(written: string): boolean {
  const match = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(written);
  return (
    match !== null &&
    Number(match[1]) <= 31 &&
    Number(match[2]) <= 12 &&
    Number(match[1]) > 0 &&
    Number(match[2]) > 0
  );
}

const DECIMAL_VERSION = /(\d{1,4})\.(\d{1,3})(?![\d.]|\s?[\p{L}°%$€£])/uy;

/** "Python 3.11", "Ubuntu 24.04": two numbers, not a decimal. */
export const namedVersion: Rule = (scan) => {
  const { table } = scan;
  const match = scan.match(DECIMAL_VERSION);
  if (!match) return undefined;
  const [all, large = '', small = ''] = match;
  const name = /(?:^|[\s(])(?:v|\p{Lu}[\p{L}]{1,20}|[a-z]?[A-Z]{2,8}|version|release)\s$/u.exec(
    scan.behind(24),
  )?.[0];
  if (
    name === undefined ||
    !/python|ubuntu|ros|ios|android|windows|version|node|java|debian|macos|django|php|release|firmware|linux|kernel|bluetooth|usb|http|html|gpt|claude|gemini|llama|mistral|qwen|typescript|react|api|opencv|cuda|parley|\bv\b/iu.test(
      name,
    )
  )
    return undefined;
  const last = /^0\d|^\d{3,}$/.test(small) && /^0/.test(small) ? table.figures(small) : table.cardinal(small);
  return { end: scan.at + all.length, text: `${table.cardinal(large)} ${table.signs.point} ${last}` };
};

const ROOM = /(\d{3,4})(?![\d.,:]|\s?[%°])/y;

/** "Room 1204": in pairs of figures. */
export const room: Rule = (scan): Said | undefined => {
  const { table } = scan;
  if (table.style === 'asian' || !table.before.room.has(scan.wordBefore())) return undefined;
  const match = scan.match(ROOM);
  const written = match?.[1];
  if (written === undefined || written.startsWith('0')) return undefined;
  const split = written.length - 2;
  const [front, back] = [Number(written.slice(0, split)), Number(written.slice(split))];
  if (back === 0) return undefined;
  const said = back < 10 ? `${table.signs.o} ${table.words(back)}` : table.words(back);
  return { end: scan.at + written.length, text: `${table.words(front)} ${said}` };
};
