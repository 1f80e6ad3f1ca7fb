/** Units behind numbers. */
import type { Scan } from '../scan.ts';
import type { Forms, ReadingTable } from '../table.ts';

const UNIT =
  /(?:°\s?[CF](?!\p{Script=Latin})|[%％‰°º℃℉]|[kM]?Ω|[µμ]?\p{Script=Latin}{1,5}(?!\p{Script=Latin}))/uy;

/** "km/h", "m/s²", "N·m": the second part of a unit. */
const UNIT_MORE =
  /(?:\^?([²³23])(?![\p{N}\p{L}]))?(?:\/([µμ]?\p{L}{1,4})(?:\^?([²³23]))?(?![\p{L}\p{N}]))?/uy;

/** Written like units, but words or marks of size where a space precedes them. */
const AFTER_SPACE = new Set('in a A s t B C K F M mi bar MP rad dB l L'.split(' '));

const SAFE_AFTER_SPACE =
  /^[\s.,;:!?)\]…]*$|^[.,;:!?)\]]|^\s?[-–×x*+=<>≤≥±/]|^\s\d|^\s(?:long|wide|tall|high|deep|of|per|and|or|to|at|fuse|battery|screen|display|pipe|current|max|is|are|for|from)\b/u;

const UNSAFE: Readonly<Record<string, RegExp>> = {
  // "5 in the room"; "6 in by 4 in" and "5 in." are lengths.
  in: /^[.;:!?)]|^$|^\s(?:long|wide|tall|high|deep|by|x|screen|display|pipe)\b|^\s?[x×]\s?\d/u,
  a: /^(?!)/u,
  A: SAFE_AFTER_SPACE,
  C: /^(?!)/u,
  M: /^(?!)/u,
  B: SAFE_AFTER_SPACE,
  K: SAFE_AFTER_SPACE,
  F: SAFE_AFTER_SPACE,
};

export function unitOf(table: ReadingTable, written: string): Forms | undefined {
  const sign = written.replace(/^°\s/u, '°').replace('μ', 'µ');
  return Object.hasOwn(table.units, sign)
    ? table.units[sign]
    : Object.hasOwn(table.units, written)
      ? table.units[written]
      : undefined;
}

export interface FoundUnit {
  readonly end: number;
  readonly forms: Forms;
  readonly sign: string;
}

/** The unit behind a number that ends at `at`. */
export function unitAt(scan: Scan, at: number): FoundUnit | undefined {
  const { table } = scan;
  const space = /^[ \u00a0\u202f]/u.test(scan.char(at)) ? 1 : 0;
  const match = scan.match(UNIT, at + space);
  if (!match) return undefined;
  const [written] = match;
  let end = at + space + written.length;
  const base = unitOf(table, written);
  if (!base) return undefined;
  if (space === 1 && AFTER_SPACE.has(written)) {
    const safe = Object.hasOwn(UNSAFE, written) ? UNSAFE[written] : undefined;
    if (safe && !safe.test(scan.ahead(12, end))) return undefined;
  }
  // "10% 3" is a remainder only with spaces: see signs. An id like "3D" or "5K" is not a unit.
  if (space === 0 && /^[A-Z]$/.test(written) && /[KBCMF]/.test(written)) return undefined;
  const more = scan.match(UNIT_MORE, end);
  let forms = base;
  if (more && more[0] !== '') {
    const [all, power, below, belowPower] = more;
    const per = below === undefined ? undefined : unitOf(table, below);
    const isLength = /^(?:[kcmdµμn]?m|ft|in|yd|mi)$/u.test(written);
    if (power !== undefined && isLength) {
      forms = powered(table, forms, power);
      end += all.startsWith('^') ? 2 : 1;
    }
    const known = below === undefined ? undefined : unitOf(table, `${written}/${below}`);
    if (known && belowPower === undefined) {
      forms = known;
      end = at + space + written.length + all.length;
    } else if (below !== undefined && per) {
      const second = belowPower ? raised(table, per, below, belowPower) : per[0];
      const link = ` ${table.signs.per} `;
      forms =
        table.space === ''
          ? [`${forms[0]}${table.signs.per}${second}`, `${forms[1]}${table.signs.per}${second}`]
          : [forms[0] + link + second, forms[1] + link + second];
      end = at + space + written.length + all.length;
    }
  } else if (/^·m\b/u.test(scan.ahead(3, end)) && written === 'N') {
    forms = unitOf(table, 'Nm') ?? forms;
    end += 2;
  }
  // "5 in." and "10 min." may end the sentence; an abbreviation in its middle loses the full stop.
  if (
    scan.char(end) === '.' &&
    /^\.\s[\p{Ll}\d]/u.test(scan.ahead(3, end)) &&
    /^(?:min|in|ft|lb|lbs|oz|hr|hrs|sec|secs|mins|sq)$/u.test(written)
  )
    end++;
  return { end, forms, sign: written };
}

const LENGTH = /^(?:[kcdmµμn]?m|ft|in|yd|mi)$/u;

/** "per cubic metre", "per second squared". */
function raised(table: ReadingTable, forms: Forms, written: string, power: string): string {
  if (LENGTH.test(written)) return powered(table, forms, power)[0];
  return `${forms[0]}${table.space}${power === '²' || power === '2' ? table.signs.squared : table.signs.cubed}`;
}

function powered(table: ReadingTable, [one, many]: Forms, power: string): Forms {
  const name = power === '²' || power === '2' ? table.signs.squareUnit : table.signs.cubicUnit;
  // Latin languages put it behind.
  if (name.startsWith('-'))
    return [`${one} ${name.slice(1)}`, `${many} ${name.slice(1).split('/').join('')}s`];
  if (table.space === '') return [name + one, name + many];
  const join = name.endsWith('-') ? name.slice(0, -1) : `${name} `;
  const fold = (word: string) => (name.endsWith('-') ? word.toLowerCase() : word);
  return [join + fold(one), join + fold(many)];
}
