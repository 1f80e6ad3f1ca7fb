/** Numbers with what belongs to them: units, ranges, ratios, fractions, sizes. */
import { type Figures, figuresAt, isOne, isPart, isYear, RANGE, sayFigures } from '../numbers.ts';
import type { Rule, Said, Scan } from '../scan.ts';
import { half } from './halves.ts';
import { money } from './prices.ts';
import { type FoundUnit, unitAt, unitOf } from './units.ts';

const FOLLOWING = /\s?(\d{1,2})(?:\s?(in|″|"|'')(?![\p{L}]))/uy;

const FEET = /(\d{1,3})\s?(?:'|′|’)\s?(\d{1,2})\s?(?:"|″|”|'')?/y;

/** A number with its unit, currency or size: "5 kg", "20 €", "10k", "3 x 4 m", "50 %". */
export const quantity: Rule = (scan) => {
  const { table } = scan;
  const feet = scan.match(FEET);
  if (feet && table.style === 'english') {
    const [all, foot = '', inch = ''] = feet;
    const foots = unitOf(table, 'ft');
    const inches = unitOf(table, 'in');
    if (foots && inches)
      return {
        end: scan.at + all.length,
        text: `${table.amount(foot, foot === '1', foots, true)} ${table.amount(inch, inch === '1', inches, true)}`,
      };
  }
  const figures = figuresAt(scan);
  if (!figures) return undefined;
  return (
    half(scan) ??
    size(scan, figures) ??
    manyTimes(scan, figures) ??
    money(scan, figures) ??
    withUnit(scan, figures) ??
    withMagnitude(scan, figures) ??
    range(scan, figures) ??
    ratio(scan, figures) ??
    fraction(scan, figures) ??
    factorial(scan, figures)
  );
};

function withUnit(scan: Scan, figures: Figures): Said | undefined {
  const { table } = scan;
  const unit = unitAt(scan, figures.end);
  if (!unit) return undefined;
  if (
    /^[%％]$/u.test(unit.sign) &&
    /^\s?\d/.test(scan.ahead(2, unit.end)) &&
    /\s/.test(scan.char(figures.end))
  )
    return undefined;
  const said = sayFigures(table, figures, unit.forms[0]);
  const one = isOne(figures) || isPart(figures);
  const first = table.amount(said, one, unit.forms, figures.fraction === '');
  const second = amountBehind(scan, figures, unit);
  if (second) return { end: second.start, text: `${first}${scan.spaced(table.signs[second.sign])}` };
  // "5 ft 7 in".
  const more = /^(?:ft|')$/u.test(unit.sign) ? scan.match(FOLLOWING, unit.end) : null;
  const inches = more && unitOf(table, 'in');
  if (!more || !inches) return { end: unit.end, text: first };
  return {
    end: unit.end + more[0].length,
    text: `${first} ${table.amount(more[1] ?? '', more[1] === '1', inches, true)}`,
  };
}

/** "5 % - 10 %" is a range; "10 kg - 5 kg" and "5 % - 10 % = …" are differences. */
function amountBehind(
  scan: Scan,
  figures: Figures,
  unit: FoundUnit,
): { readonly start: number; readonly sign: 'to' | 'minus' } | undefined {
  const match = scan.match(RANGE, unit.end);
  if (!match) return undefined;
  const start = unit.end + match[0].length;
  const second = figuresAt(scan, start);
  const same = second && unitAt(scan, second.end);
  if (!second || same?.sign !== unit.sign) return undefined;
  const ascends = amountOf(second) > amountOf(figures) && !isEquation(scan, same.end);
  return { start, sign: ascends ? 'to' : 'minus' };
}

const amountOf = ({ whole, fraction }: Figures) => Number(`${whole}.${fraction || 0}`);

const TIMES = /x(?=\s(?!(?:is|are|and|or|plus|minus|equals|if|when|where|for|with|to|in)\s)\p{Ll}{2})/uy;

/** "5x faster", "a 10x zoom"; "2x and 3y" are terms. */
function manyTimes(scan: Scan, figures: Figures): Said | undefined {
  const { table } = scan;
  if (table.style !== 'english' || !scan.match(TIMES, figures.end)) return undefined;
  return { end: figures.end + 1, text: `${sayFigures(table, figures)} ${table.signs.times}` };
}

const SUFFIX = /(k|K|M|bn|B|mn)\+?(?![\p{L}\p{N}/])/uy;

/** "10k users", "1.5M", "5M users". "4K" and "3M" are names. */
function withMagnitude(scan: Scan, figures: Figures): Said | undefined {
  const { table } = scan;
  const match = scan.match(SUFFIX, figures.end);
  const letter = match?.[1];
  if (letter === undefined || !Object.hasOwn(table.suffixes, letter)) return undefined;
  const counts =
    letter === 'M' && figures.whole !== '3' && /^M\s\p{Ll}+s(?!\p{L})/u.test(scan.ahead(24, figures.end));
  const isName = /^[KMB]$/.test(letter) && figures.fraction === '' && figures.whole.length < 2 && !counts;
  if (isName || figures.vulgar) return undefined;
  const number = figures.fraction === '' ? table.words(Number(figures.whole)) : sayFigures(table, figures);
  return { end: figures.end + letter.length, text: `${number}${table.space}${table.suffixes[letter]}` };
}

/** "10-15": to. "7-4=3" is a difference. */
function range(scan: Scan, figures: Figures): Said | undefined {
  const { table } = scan;
  const match = scan.match(RANGE, figures.end);
  if (!match || figures.vulgar) return undefined;
  const start = figures.end + match[0].length;
  const second = figuresAt(scan, start);
  if (!second) return undefined;
  const [dash] = match;
  const after = scan.ahead(32, second.end);
  // "5-6-7" and "1-2-3": neither.
  if (/^[-–]\d/.test(after) || /\d[-–]$/.test(scan.behind(2))) return undefined;
  const spaced = /^\s.*\s$/u.test(dash);
  const hyphen = dash.includes('-');
  if (hyphen && (isEquation(scan, second.end) || (spaced && !isRange(scan, second)))) return undefined;
  return { end: start, text: `${sayOfRange(scan, figures, second)}${scan.spaced(table.signs.to)}` };
}

function isRange(scan: Scan, second: Figures): boolean {
  const { table } = scan;
  return (
    table.before.range.has(scan.wordBefore()) ||
    unitAt(scan, second.end) !== undefined ||
    /^\s\p{L}{3}/u.test(scan.ahead(4, second.end))
  );
}

/** Whether the digits around the place are part of an equation. */
function isEquation(scan: Scan, end: number): boolean {
  return (
    /^[\d\s.,+*/×÷()−-]{0,24}=/u.test(scan.ahead(26, end)) ||
    /=\s?[\d\s.,+*/×÷()−-]{0,24}$|[+*×÷(]\s?$/u.test(scan.behind(26)) ||
    /^\s?[+*×÷^]/u.test(scan.ahead(2, end))
  );
}

/** Both ends of "2010–2015" are years. */
function sayOfRange(scan: Scan, figures: Figures, second: Figures): string {
  const unit = unitAt(scan, second.end);
  // "百分之五到百分之十": the sign is said before the number.
  if (unit && scan.table.style === 'asian' && /^[%％]$/u.test(unit.sign))
    return scan.table.amount(
      sayFigures(scan.table, figures, unit.forms[0]),
      isOne(figures),
      unit.forms,
      figures.fraction === '',
    );
  const years = [figures, second].every(({ whole, fraction }) => fraction === '' && isYear(whole));
  const short = isYear(figures.whole) && /^\d{2}$/.test(second.whole);
  return (years || short) && !unit ? scan.table.year(Number(figures.whole)) : sayFigures(scan.table, figures);
}

const TO = /\s?:\s?(?=\d)/y;

/** "3:1", "16:9". */
function ratio(scan: Scan, figures: Figures): Said | undefined {
  const { table } = scan;
  const match = scan.match(TO, figures.end);
  if (!match || /\s$/.test(match[0]) !== /^\s/.test(match[0])) return undefined;
  const second = figuresAt(scan, figures.end + match[0].length);
  if (!second || scan.char(second.end) === ':' || scan.char(scan.at - 1) === ':') return undefined;
  const say = (one: Figures) =>
    one.fraction === '' ? table.words(Number(one.whole.slice(0, 12))) : sayFigures(table, one);
  return { end: second.end, text: `${say(figures)}${scan.spaced(table.signs.ratio)}${say(second)}` };
}

/** Larger parts than tenths that people count in; "9/11" is not one. */
const BELOW = new Set([12, 16, 20, 32, 50, 64, 100]);
const SLASH = /\s?[/⁄]\s?(?=\d)/uy;

/** "3/4", "10/10", "6/2=3", "24/7". */
function fraction(scan: Scan, figures: Figures): Said | undefined {
  const { table } = scan;
  const match = scan.match(SLASH, figures.end);
  if (!match || figures.vulgar) return undefined;
  const second = figuresAt(scan, figures.end + match[0].length);
  if (!second || scan.char(second.end) === '/' || scan.char(scan.at - 1) === '/') return undefined;
  const [above, below] = [Number(figures.whole), Number(second.whole)];
  const whole = figures.fraction === '' && second.fraction === '';
  const both = (link: string) => ({
    end: second.end,
    text: `${sayFigures(table, figures)}${scan.spaced(link)}${sayFigures(table, second)}`,
  });
  if (whole && above === below && above === 50)
    return { end: second.end, text: `${table.words(above)}${table.space || ' '}${table.words(below)}` };
  if (above === 24 && below === 7) return { end: second.end, text: `${table.words(24)} ${table.words(7)}` };
  if (whole && above < below && (below <= 10 || BELOW.has(below)) && !/^0/.test(figures.whole)) {
    // "9/10 stars" counts; "9/10 of them" is a part.
    if (below >= 5 && /^\s(?:stars?|points?|rating|score)\b/u.test(scan.ahead(8, second.end)))
      return both(table.signs.outOf);
    const said = table.fraction(above, below);
    const before = /(\d)\s$/.exec(scan.behind(2));
    if (said !== undefined)
      return {
        end: second.end,
        text: before ? `${table.signs.and} ${table.fraction(above, below, true) ?? said}` : said,
      };
    return both(table.signs.over);
  }
  if (whole && above === below && (below === 5 || below === 10 || below === 100))
    return both(table.signs.outOf);
  return both(isEquation(scan, second.end) ? table.signs.divided : table.signs.over);
}

const BY = /\s?[x×X]\s?(?=\d)/uy;

/** "3 x 4 m", "1920x1080", "10 × 15 cm": by. "2 × 3 = 6" is a product. */
function size(scan: Scan, figures: Figures): Said | undefined {
  const { table } = scan;
  const first = scan.match(BY, figures.end) ?? unitBy(scan, figures);
  if (!first || figures.vulgar) return undefined;
  const start = figures.end + first[0].length;
  const second = figuresAt(scan, start);
  if (!second) return undefined;
  const more = scan.match(BY, second.end);
  const third = more && figuresAt(scan, second.end + more[0].length);
  const last = third ?? second;
  const unit = unitAt(scan, last.end);
  const sign = first[0].trim();
  const isSize = unit !== undefined || (sign !== '×' && !isEquation(scan, last.end)) || third !== null;
  if (!isSize || isEquation(scan, last.end)) return undefined;
  const said = [figures, second, ...(third ? [third] : [])].map((one, i, all) =>
    i === all.length - 1 && unit ? sayFigures(table, one, unit.forms[0]) : sayFigures(table, one),
  );
  const text = said.join(scan.spaced(table.signs.by));
  return unit
    ? { end: unit.end, text: table.amount(text, false, unit.forms, true) }
    : { end: last.end, text };
}

const UNIT_BY = /\s?(?:mm|cm|m|in|ft)\s?[x×]\s?(?=\d)/uy;

/** "3 m x 4 m": the first unit is said by the second. */
function unitBy(scan: Scan, figures: Figures): RegExpExecArray | null {
  return scan.match(UNIT_BY, figures.end);
}

/** "5! = 120". At the end of a sentence it is an exclamation. */
function factorial(scan: Scan, figures: Figures): Said | undefined {
  const { table } = scan;
  if (!/^!\s?[=+*×/−-]/u.test(scan.ahead(3, figures.end)) || figures.fraction !== '') return undefined;
  return { end: figures.end + 1, text: `${table.cardinal(figures.whole)} ${table.signs.factorial}` };
}
