/** Numbers with nothing behind them: years, ordinals, decades, powers of ten. */
import { figuresAt, isYear, sayFigures } from '../numbers.ts';
import type { Rule, Scan } from '../scan.ts';

const SCIENTIFIC = /(\d{1,6}(?:[.,]\d{1,6})?)[eE]([-−+]?)(\d{1,3})(?![\p{L}\p{N}])/uy;

/** "1e6", "1.5e-3". */
export const scientific: Rule = (scan) => {
  const { table } = scan;
  const match = scan.match(SCIENTIFIC);
  if (!match) return undefined;
  const [all, , sign = '', power = ''] = match;
  const figures = figuresAt(scan);
  if (!figures) return undefined;
  const end = scan.at + all.length;
  const exponent = Number(power);
  if (sign === '-' || sign === '−' || exponent > 15) {
    const minus = sign === '-' || sign === '−' ? `${table.signs.minus} ` : '';
    return {
      end,
      text: `${sayFigures(table, figures)} ${table.signs.times} ${table.cardinal('10')} ${table.signs.power} ${minus}${table.cardinal(power)}`,
    };
  }
  const padded = figures.whole + figures.fraction.padEnd(exponent, '0').slice(0, exponent);
  if (figures.fraction.length > exponent) return undefined;
  return { end, text: table.cardinal(padded.replace(/^0+(?=\d)/, '')) };
};

const GERMAN_DECADE = /(\d{2,4})er(?![\p{L}])/uy;
const DECADE = /['’]?(\d{2}|1[1-9]\d0|20\d0)['’]?s(?![\p{L}\p{N}])/uy;

/** "1990s", "the 90s". */
export const decade: Rule = (scan) => {
  const { table } = scan;
  if (table.style === 'german') {
    const german = scan.match(GERMAN_DECADE);
    return german
      ? { end: scan.at + german[0].length, text: `${table.year(Number(german[1]))}er` }
      : undefined;
  }
  const match = scan.match(DECADE);
  const written = match?.[1];
  if (!match || written === undefined || table.style !== 'english' || !written.endsWith('0'))
    return undefined;
  // "20s" may be seconds.
  if (
    written.length === 2 &&
    !/\b(?:the|early|mid|late|his|her|their|my|your)[\s-]['’]?$/u.test(scan.behind(8))
  )
    return undefined;
  const hundreds = /^(1[1-9])00$/u.exec(written)?.[1];
  if (hundreds !== undefined)
    return { end: scan.at + match[0].length, text: `${table.words(Number(hundreds))} hundreds` };
  const said =
    written.length === 4 && !written.endsWith('00')
      ? table.year(Number(written))
      : table.words(Number(written));
  return {
    end: scan.at + match[0].length,
    text: said.endsWith('y') ? `${said.slice(0, -1)}ies` : `${said}s`,
  };
};

/** A number with nothing else: a year, or as it stands. */
export const number: Rule = (scan) => {
  const { table } = scan;
  const figures = figuresAt(scan);
  if (!figures) return undefined;
  const { whole, fraction, vulgar } = figures;
  const next = /^\s?(\p{L}+)/u.exec(scan.ahead(16, figures.end))?.[1] ?? '';
  if (
    fraction === '' &&
    !vulgar &&
    isYear(whole) &&
    /^\d{4}$/.test(scan.text.slice(scan.at, figures.end)) &&
    isAfterYearWord(scan)
  )
    return { end: figures.end, text: table.year(Number(whole)) };
  return { end: figures.end, text: sayFigures(table, figures, next) };
};

function isAfterYearWord(scan: Scan): boolean {
  const { table } = scan;
  const before = scan.wordBefore() || scan.behind(2).trim();
  if (table.before.year.has(before)) return true;
  // The end of "2010–2015".
  return /(?:1[1-9]|20)\d{2}\s?[-–—]\s?$/u.test(scan.behind(8));
}

/** Ordinals: "3rd", "1er", "2.º". */
export const ordinalInFigures: Rule = (scan) => {
  const { table } = scan;
  const match = table.ordinalMark && scan.match(table.ordinalMark);
  const written = match?.[1];
  if (!match || written === undefined || Number(written) === 0) return undefined;
  return {
    end: scan.at + match[0].length,
    text: table.ordinal(
      Number(written),
      match[2] ?? scan.wordBefore(),
      /^\s\p{Ll}{3}/u.test(scan.ahead(4, scan.at + match[0].length)),
    ),
  };
};

const WITH_STOP = /(\d{1,3})\.(?=\s(\p{L}))/uy;
/** In German, after one of these a number with a full stop is an ordinal. */
const BEFORE_ORDINAL = new Set(
  'am der die das dem den des im zum zur vom beim jeder jede jeden jedem seinem ihrem meinem einem seinen ihren einen seine ihre'.split(
    ' ',
  ),
);

/** In German, an ordinal stands before one of these. */
const IN_A_ROW =
  /^(?:Stock|Stockwerk|Etage|Platz|Mal|Tag|Klasse|Runde|Weltkrieg|Gang|Tür|Woche|Monat|Jahr|Quartal|Kapitel|Teil|Schritt|Person|Straße|Reihe|Liga|Halbzeit|Bundesliga|Versuch|Geburtstag|Jahrhundert)(?!\p{L})/u;

/** "der 2. Weltkrieg", "am 3. Tag", "jeder 2. ist": German. */
export const ordinalWithStop: Rule = (scan) => {
  const { table } = scan;
  const match = table.style === 'german' ? scan.match(WITH_STOP) : null;
  const [all, written, next = ''] = match ?? [];
  if (all === undefined || written === undefined || Number(written) === 0) return undefined;
  const before = scan.wordBefore();
  const isPlace = IN_A_ROW.test(scan.ahead(16, scan.at + all.length + 1));
  if (!BEFORE_ORDINAL.has(before) && !/\p{Ll}/u.test(next) && !isPlace) return undefined;
  return { end: scan.at + all.length, text: table.ordinal(Number(written), before) };
};
