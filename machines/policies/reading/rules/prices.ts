/** Prices. */
import { type Figures, figuresAt, isOne, sayFigures } from '../numbers.ts';
import type { Rule, Said, Scan } from '../scan.ts';
import type { ReadingTable } from '../table.ts';
import { unitOf } from './units.ts';

const CURRENCY =
  /(?:US|C|A|NZ|HK)?\$|[€£¥￥₩₹₽₿₺₪₴¢]|(?:USD|EUR|GBP|JPY|CNY|RMB|KRW|INR|CHF|BTC|CAD|AUD|SEK|NOK|DKK|PLN)(?![\p{L}])/uy;

/** "$5-10", "$5–$10". */
const PRICE_RANGE = /\s?[-–—]\s?([$€£¥])?(?=[\d½¼¾])/uy;
const MAGNITUDE =
  /\s?([Mm]illion(?:en|es|s)?|[Mm]illiard(?:en|s|e)?|[Bb]illion(?:en|es|s)?|trillion|thousand|hundred|millón|millones|mil|mille|[Tt]ausend|[Mm]io\.?|[Mm]rd\.?|bn|mn|tn|[kKmMbBT])(?![\p{L}\p{N}]|\/)/uy;

/** "$5", "-$5", "€1.5 billion", "$5-10", "CHF 20", "$5/h". */
export const priceBefore: Rule = (scan) => {
  const sign = scan.match(CURRENCY);
  if (!sign) return undefined;
  let at = scan.at + sign[0].length;
  if (/^\s\d/.test(scan.ahead(2, at))) at++;
  const isNegative = /^[-−]\d/.test(scan.ahead(2, at));
  if (isNegative) at++;
  const figures = figuresAt(scan, at);
  const forms = formsOf(scan.table, sign[0]);
  if (!figures || !forms) return undefined;
  const range = scan.match(PRICE_RANGE, figures.end);
  const repeated = range?.[1];
  const second =
    range && (repeated === undefined || repeated === sign[0])
      ? figuresAt(scan, figures.end + range[0].length)
      : undefined;
  const minus = isNegative ? `${scan.table.signs.negative}${scan.table.space}` : '';
  if (range && second) {
    const high = price(scan, second, forms);
    return {
      end: high.end,
      text: `${minus}${sayFigures(scan.table, figures)}${scan.spaced(scan.table.signs.to)}${high.text}`,
    };
  }
  const { end, text } = price(scan, figures, forms);
  return { end, text: minus + text };
};

function formsOf(table: ReadingTable, sign: string): ReadingTable['currencies'][string] | undefined {
  return Object.hasOwn(table.currencies, sign) ? table.currencies[sign] : undefined;
}

/** A price whose number ends at `figures.end`. `from`: position after the currency, if that follows the number. */
function price(
  scan: Scan,
  figures: Figures,
  forms: NonNullable<ReturnType<typeof formsOf>>,
  from = figures.end,
): Said {
  const { table } = scan;
  const [one, many, hundredth, hundredths] = forms;
  const magnitude = from === figures.end ? magnitudeAt(scan, figures.end) : undefined;
  const per = (end: number): Said => perUnit(scan, end);
  if (magnitude) {
    const rest = per(magnitude.end);
    const join = magnitude.of ? ` ${magnitude.of} ` : table.space;
    return {
      end: rest.end,
      text: `${sayFigures(table, figures, one)}${table.space}${magnitude.text}${join}${many}${rest.text}`,
    };
  }
  const rest = per(from);
  const cents = figures.fraction;
  if (cents.length === 2 && !figures.vulgar && hundredth !== '')
    return {
      end: rest.end,
      text:
        table.price(plain(table, figures), [one, many], Number(cents), [hundredth, hundredths]) + rest.text,
    };
  const said =
    figures.fraction === '' && !figures.vulgar ? plain(table, figures, one) : sayFigures(table, figures, one);
  return {
    end: rest.end,
    text: table.amount(said, isOne(figures), [one, many], figures.fraction === '') + rest.text,
  };
}

/** The units of a price: every figure counts, so also a zero in front. */
function plain(table: ReadingTable, { whole }: Figures, next = ''): string {
  return table.cardinal(whole.replace(/^0+(?=\d)/, ''), next);
}

function magnitudeAt(
  scan: Scan,
  at: number,
): { readonly end: number; readonly text: string; readonly of?: string } | undefined {
  const match = scan.match(MAGNITUDE, at);
  const written = match?.[1]?.replace(/\.$/, '');
  if (!match || written === undefined) return undefined;
  // "5 m" behind a space is not five million.
  if (written.length === 1 && /^\s/.test(match[0])) return undefined;
  const { magnitudes } = scan.table;
  const text = Object.hasOwn(magnitudes, written)
    ? magnitudes[written]
    : /^\p{L}{4,}/u.test(written)
      ? written
      : undefined;
  if (text === undefined) return undefined;
  const link = /^(?:million|milliard|millón|millones|mill[óo]n)/u.test(text) ? scan.table.signs.of : '';
  const already = /^\s(?:de|d['’])\s/u.test(scan.ahead(4, at + match[0].length));
  return { end: at + match[0].length, text, ...(link !== '' && !already && { of: link }) };
}

const PER =
  /\s?\/\s?(day|week|month|year|hour|minute|second|person|night|kg|lb|km|h|hr|min|mo|yr|l|m|s|Tag|Monat|Jahr|Stunde|Woche|Person|jour|mois|an|heure|personne|día|mes|año|hora|persona)(?![\p{L}\p{N}²³])/uy;

function perUnit(scan: Scan, at: number): Said {
  const match = scan.match(PER, at);
  const written = match?.[1];
  if (!match || written === undefined) return { end: at, text: '' };
  const word =
    written === 'mo' ? 'month' : written === 'yr' ? 'year' : (unitOf(scan.table, written)?.[0] ?? written);
  return { end: at + match[0].length, text: `${scan.spaced(scan.table.signs.per)}${word}` };
}

/** "20 €", "5 EUR", "50¢", "5 million €". */
export function money(scan: Scan, figures: Figures): Said | undefined {
  const space = /^[ \u00a0\u202f]/u.test(scan.char(figures.end)) ? 1 : 0;
  const sign = scan.match(CURRENCY, figures.end + space);
  if (!sign) {
    const magnitude = magnitudeAt(scan, figures.end);
    const after = magnitude && /^\s?/u.exec(scan.ahead(1, magnitude.end))?.[0].length;
    const late = magnitude && scan.match(CURRENCY, magnitude.end + (after ?? 0));
    const forms = late ? formsOf(scan.table, late[0]) : undefined;
    if (!magnitude || !late || !forms) return undefined;
    const join = magnitude.of ? ` ${magnitude.of} ` : scan.table.space;
    return {
      end: magnitude.end + (after ?? 0) + late[0].length,
      text: `${sayFigures(scan.table, figures, forms[0])}${scan.table.space}${magnitude.text}${join}${forms[1]}`,
    };
  }
  // "5 $10 notes": the sign belongs to what follows.
  if (space === 1 && /^\d/.test(scan.ahead(1, figures.end + space + sign[0].length))) return undefined;
  const forms = formsOf(scan.table, sign[0]);
  return forms && price(scan, figures, forms, figures.end + space + sign[0].length);
}
