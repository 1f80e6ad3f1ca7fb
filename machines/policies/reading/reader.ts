import { type SpeechText, SpokenText } from './output.ts';
import { dateInFigures, dayAndMonth, monthAlone, monthAndDay, weekday } from './rules/calendar.ts';
import { clock } from './rules/clock.ts';
import { namedVersion, phone, room, version } from './rules/codes.ts';
import { decade, number, ordinalInFigures, ordinalWithStop, scientific } from './rules/plain-numbers.ts';
import { priceBefore } from './rules/prices.ts';
import { quantity } from './rules/quantities.ts';
import { sign } from './rules/signs.ts';
import {
  abbreviation,
  bareUnit,
  camel,
  capitals,
  dotted,
  figuresFirst,
  id,
  initials,
  isCurrencyCode,
  mail,
  named,
  numero,
  roman,
} from './rules/words.ts';
import { type Rule, Scan } from './scan.ts';
import type { ReadingTable } from './table.ts';
import type { UserWords } from './user-words.ts';

/** A text without any of these, and without words of the user, is said as it is written. */
const MAY_NEED_READING =
  /[\d+*/=<>^&#@~%§°$€£¥￥₩₹₽₿₺₪₴¢√∛∞≤≥≠≈±×÷−→←↔⇒⇐⇔➜⟶©®™¶‰№½⅓⅔¼¾⅕-⅞¹²³⁰⁴-⁹₀-₉π∑∫∏∈∧∨¬⁄∣|\u0370-\u03ff＜＞％＝＋]|\p{L}\.|\p{Lu}{2}|\p{Ll}\p{Lu}|(?:^|[\s(])[–-]\S|(?:^|\s)\.[\p{L}\d]|-[-\p{Lu}]|–|\b(?:vs|etc|aka|asap|dept|rdv|svp|bd|Mmes?|Mlle|Dra?|Ste?|Uds?|[IVX]+|Mon|Tue|Tues|Wed|Thu|Thurs|Fri|Sat|Sun)\b/u;

const FROM_DIGIT: readonly Rule[] = [
  mailFromDigit,
  phone,
  dateInFigures,
  version,
  clock,
  dayAndMonth,
  scientific,
  decade,
  ordinalInFigures,
  ordinalWithStop,
  namedVersion,
  quantity,
  figuresFirst,
  room,
  number,
];
const FROM_LETTER: readonly Rule[] = [
  mail,
  monthAndDay,
  weekday,
  named,
  roman,
  dotted,
  bareUnit,
  numero,
  abbreviation,
  initials,
  monthAlone,
  id,
  camel,
  capitals,
];
const FROM_SIGN: readonly Rule[] = [phone, priceBefore, decadeFromSign, quantityFromSign, sign];

function mailFromDigit(scan: Scan): ReturnType<Rule> {
  const start = scan.ahead(40);
  return /^[\w.+-]{1,30}@\w|^\d+[a-z-]+\.[a-z]{2}/iu.test(start) ? (mail(scan) ?? dotted(scan)) : undefined;
}

function decadeFromSign(scan: Scan): ReturnType<Rule> {
  return /^['’]\d0s/u.test(scan.ahead(4)) ? decade(scan) : undefined;
}

function quantityFromSign(scan: Scan): ReturnType<Rule> {
  return /^[½⅓⅔¼¾⅕-⅞⅐⅑⅒]/u.test(scan.char(scan.at)) ? (quantity(scan) ?? number(scan)) : undefined;
}

/** Lower-case words without anything special behind them are most of a text. */
const PLAIN_WORD = /[\p{Ll}\p{M}'’]+(?=[\s,;!?:"”)]|$)/uy;
const WORD = /[\p{L}\p{M}\p{Nd}_'’]+/uy;
const DIGITS = /\d+/y;

/** Reads `text`, which has no markup, in the language of `table`. */
export function readPlain(text: string, table: ReadingTable, words: UserWords | undefined): SpeechText {
  if (!MAY_NEED_READING.test(text) && !words) return { text, originalOffset: (offset) => offset };
  const scan = new Scan(text, table);
  const spoken = new SpokenText();
  let done = 0;
  while (scan.at < text.length) {
    const { at } = scan;
    const said = words?.read(scan) ?? readAt(scan);
    if (!said) continue;
    spoken.copy(text.slice(done, at), done);
    if (said.text === text.slice(at, said.end)) spoken.copy(said.text, at);
    else spoken.say(said.text, at);
    // A number and the word behind it stay apart.
    if (
      /[\p{L}\p{N}]$/u.test(said.text) &&
      table.style !== 'asian' &&
      /[\p{L}\p{N}]/u.test(text.charAt(said.end))
    )
      spoken.put(' ', said.end);
    scan.at = Math.max(said.end, at + 1);
    done = scan.at;
  }
  if (done === 0) return { text, originalOffset: (offset) => offset };
  spoken.copy(text.slice(done), done);
  return spoken.done(text.length);
}

/** Reads what stands at the scan's place; if it is plain, moves the scan behind it. */
function readAt(scan: Scan): ReturnType<Rule> {
  const { text, at } = scan;
  const code = text.charCodeAt(at);
  // A space; or a Chinese, Japanese or Korean character.
  if (code === 32 || (code >= 0x2e80 && code < 0xff00 && !(code >= 0xd800 && code < 0xf900))) {
    scan.at++;
    return undefined;
  }
  if (code >= 48 && code <= 57) {
    const said = first(FROM_DIGIT, scan);
    if (!said) scan.at += scan.match(DIGITS)?.[0].length ?? 1;
    return said;
  }
  if (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 0xc0 && code < 0x250 && code !== 0xd7 && code !== 0xf7)
  ) {
    const plain = scan.match(PLAIN_WORD);
    if (
      plain &&
      !Object.hasOwn(scan.table.abbreviations, plain[0]) &&
      !/^:\d/.test(scan.ahead(2, at + plain[0].length))
    ) {
      scan.at += plain[0].length;
      return undefined;
    }
    const said =
      isCurrencyCode(scan) || /^(?:US|C|A)\$/.test(scan.ahead(3))
        ? priceBefore(scan)
        : first(FROM_LETTER, scan);
    if (!said) scan.at += scan.match(WORD)?.[0].length ?? 1;
    return said;
  }
  const said = first(FROM_SIGN, scan);
  if (!said) scan.at += code >= 0xd800 && code < 0xdc00 ? 2 : 1;
  return said;
}

function first(rules: readonly Rule[], scan: Scan): ReturnType<Rule> {
  for (const rule of rules) {
    const said = rule(scan);
    if (said) return said;
  }
  return undefined;
}
