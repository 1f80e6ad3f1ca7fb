/** Signs between and before words and numbers. */
import type { Rule, Said, Scan } from '../scan.ts';
import type { SignName } from '../table.ts';
import { comparison, equals, power } from './comparisons.ts';
import { isBetween, OPERAND_BEFORE, said } from './operands.ts';

const GREEK: Readonly<Record<string, string>> = {
  ...{
    α: 'alpha',
    β: 'beta',
    γ: 'gamma',
    δ: 'delta',
    ε: 'epsilon',
    ζ: 'zeta',
    η: 'eta',
    θ: 'theta',
    κ: 'kappa',
    λ: 'lambda',
    μ: 'mu',
    ν: 'nu',
    ξ: 'xi',
    ρ: 'rho',
    σ: 'sigma',
    τ: 'tau',
    φ: 'phi',
    χ: 'chi',
    ψ: 'psi',
    ω: 'omega',
  },
  ...{
    Γ: 'gamma',
    Δ: 'delta',
    Θ: 'theta',
    Λ: 'lambda',
    Π: 'pi',
    Σ: 'sigma',
    Φ: 'phi',
    Ψ: 'psi',
    Ω: 'omega',
    '∆': 'delta',
    π: 'pi',
  },
};

const SIMPLE: Readonly<Record<string, SignName>> = {
  ...{
    '÷': 'divided',
    '≠': 'notEqual',
    '≈': 'approximately',
    '±': 'plusMinus',
    '∞': 'infinity',
    '©': 'copyright',
    '™': 'trademark',
  },
  ...{
    '¶': 'paragraph',
    '%': 'percent',
    '％': 'percent',
    '‰': 'perMille',
    '∑': 'sum',
    '∫': 'integral',
    '∏': 'product',
  },
  ...{
    '→': 'arrow',
    '⇒': 'arrow',
    '➜': 'arrow',
    '⟶': 'arrow',
    '←': 'from',
    '⇐': 'from',
    '↔': 'and',
    '⇔': 'and',
    '∧': 'and',
    '∨': 'or',
    '¬': 'not',
    '∈': 'isIn',
    '⁄': 'over',
    '≡': 'equals',
    '＝': 'equals',
    '＋': 'plus',
    '℃': 'degrees',
  },
};

export const sign: Rule = (scan) => {
  const char = scan.char(scan.at);
  switch (char) {
    case '+':
      return plus(scan);
    case '-':
    case '–':
    case '—':
    case '−':
      return dash(scan);
    case '*':
      return scan.char(scan.at + 1) === '*' ? said(scan, 2, 'power') : said(scan, 1, 'times');
    case '×':
      return said(scan, 1, 'times');
    case '·':
    case '⋅':
      return isBetween(scan, 1) ? said(scan, 1, 'times') : undefined;
    case '/':
      return slash(scan);
    case '=':
      return equals(scan);
    case '!':
      return scan.char(scan.at + 1) === '='
        ? said(scan, /^!==/.test(scan.ahead(3)) ? 3 : 2, 'notEqual')
        : undefined;
    case '<':
    case '>':
    case '≤':
    case '≥':
    case '＜':
    case '＞':
      return comparison(scan);
    case '^':
    case '²':
    case '³':
      return power(scan);
    case '√':
      return said(scan, 1, 'root');
    case '∛':
      return said(scan, 1, 'cubeRoot');
    case '&':
      return ampersand(scan);
    case '#':
    case '№':
      return hash(scan);
    case '@':
      return handle(scan);
    case '~':
    case '∼':
      return tilde(scan);
    case '%':
      return isBetween(scan, 1) && /\s/.test(scan.char(scan.at + 1))
        ? said(scan, 1, 'modulo')
        : said(scan, 1, 'percent');
    case '§':
      return section(scan);
    case '°':
    case 'º':
      return scan.char(scan.at + 1) === '' || !/\p{L}/u.test(scan.char(scan.at + 1))
        ? said(scan, 1, 'degrees')
        : undefined;
    case '®':
      return said(scan, 1, 'registered');
    case '∣':
      return absolute(scan);
    case '|':
      return scan.char(scan.at + 1) === '|' ? said(scan, 2, 'or') : undefined;
    case '.':
      return point(scan);
    case '$':
      // "$HOME": no price.
      return /[\p{L}_]/u.test(scan.char(scan.at + 1))
        ? { end: scan.at + 1, text: ` ${scan.table.currencies.$?.[0] ?? ''} ` }
        : undefined;
    case '\\':
      return /[\p{L}:]/u.test(scan.char(scan.at - 1)) ? said(scan, 1, 'backslash') : undefined;
    case '․':
      return said(scan, 1, 'dot');
    default:
      return simple(scan, char);
  }
};

function simple(scan: Scan, char: string): Said | undefined {
  if (/[¹²³⁰⁴-⁹⁻₀-₉]/u.test(char)) return power(scan);
  const name = Object.hasOwn(SIMPLE, char) ? SIMPLE[char] : undefined;
  if (name !== undefined) {
    // An arrow that leads nowhere is a mark.
    const nowhere =
      (name === 'arrow' || name === 'from') &&
      (scan.behind(40).trim() === '' || /^[\s.,!?]*$/u.test(scan.ahead(40, scan.at + 1)));
    if (nowhere) return { end: scan.at + 1, text: ' ' };
    if (name === 'approximately' && !OPERAND_BEFORE.test(scan.behind(3))) return said(scan, 1, 'about');
    return said(scan, 1, name);
  }
  if (
    !Object.hasOwn(GREEK, char) ||
    /\p{Script=Greek}/u.test(scan.char(scan.at - 1) + scan.char(scan.at + 1))
  )
    return undefined;
  return { end: scan.at + 1, text: scan.spaced(GREEK[char] ?? '') };
}

function plus(scan: Scan): Said | undefined {
  if (/^\+\/[-−]/u.test(scan.ahead(3))) return said(scan, 3, 'plusMinus');
  if (scan.char(scan.at + 1) === '=')
    return { end: scan.at + 2, text: scan.spaced(`${scan.table.signs.plus} ${scan.table.signs.equals}`) };
  const before = scan.char(scan.at - 1);
  const after = scan.char(scan.at + 1);
  if (
    /[\p{L}\p{N})°%²³]/u.test(before) ||
    /[\p{L}\p{N}(.$€£]/u.test(after) ||
    (/\s/.test(before) && /\s/.test(after))
  )
    return said(scan, 1, 'plus');
  return undefined;
}

function dash(scan: Scan): Said | undefined {
  const { text, at } = scan;
  const char = scan.char(at);
  const arrow = /^[-–—]{1,3}>/u.exec(scan.ahead(4))?.[0];
  if (arrow)
    return scan.behind(40).trim() === ''
      ? { end: at + arrow.length, text: ' ' }
      : said(scan, arrow.length, 'arrow');
  if (char === '-' && scan.char(at + 1) === '=')
    return { end: at + 2, text: scan.spaced(`${scan.table.signs.minus} ${scan.table.signs.equals}`) };
  if (char === '—') return undefined;
  const before = scan.char(at - 1);
  const after = scan.char(at + 1);
  const isNumber =
    /[\d½¼¾]/u.test(after) || (/[.$€£¥∞√π(]/u.test(after) && /[\d(xyπ∞]/u.test(after + scan.char(at + 2)));
  // A sign: nothing, or an operator, before it.
  if (
    isNumber &&
    /^$|[\s"“„«'‘([=<>+*/×÷^,:~≈≤≥±$€£{|∣\u3040-\u9fff，。：；、]/u.test(before) &&
    !(char === '–' && /\d\s$/u.test(scan.behind(2)))
  )
    return said(scan, 1, 'negative');
  if (char === '−') return said(scan, 1, 'minus');
  if (/[xyzabcn]/.test(after) && !/\p{L}/u.test(scan.char(at + 2)) && /^$|[=(<>]\s?$/u.test(scan.behind(2)))
    return said(scan, 1, 'minus');
  const spaced = /\s/.test(before) && /\s/.test(after);
  if (spaced && isBetween(scan, 1)) return char === '–' ? said(scan, 1, 'to') : said(scan, 1, 'minus');
  if (spaced || /\s/.test(before) || before === '') return undefined;
  // "10%-15%", "5 kg–6 kg", "9:00-17:00".
  if (/\d/.test(after)) {
    if (/[\p{N}%°€£¢)]/u.test(before)) {
      if (/[)]/.test(before) || isEquation(scan)) return said(scan, 1, 'minus');
      // "1-2-3", "978-3-16": parts of a code.
      return /^-\d{1,9}-\d/.test(scan.ahead(24)) || /\d-\d{1,9}$/.test(scan.behind(12))
        ? { end: at + 1, text: ' ' }
        : said(scan, 1, 'to');
    }
    // "12k-15k", "5kg-6kg", but "2x-3".
    if (/\d\s?(?:[kKM]|[kcmd]?m|[km]?g|[mc]?l|s|h|min|€)$/u.test(scan.behind(6)) && !isEquation(scan))
      return said(scan, 1, 'to');
    if (/(?:^|[^\p{L}])\p{Ll}$/u.test(scan.behind(2))) return said(scan, 1, 'minus');
    if (char === '–') return said(scan, 1, 'to');
    if (/\d\s?\p{L}{1,3}$/u.test(scan.behind(6))) return said(scan, 1, 'to');
  }
  // "5-x", "a-b = c".
  if (
    /(?:^|[^\p{L}])[\p{Ll}\d)]$/u.test(scan.behind(2)) &&
    /^\p{Ll}(?![\p{L}-])/u.test(scan.ahead(2, at + 1)) &&
    /=|^\p{Ll}$/u.test(text.slice(at + 1, at + 20))
  )
    return said(scan, 1, 'minus');
  if (char === '–' && /\p{L}/u.test(before) && /\p{Lu}/u.test(after)) return said(scan, 1, 'to');
  return undefined;
}

function isEquation(scan: Scan): boolean {
  return (
    /^-[\d\s.,+*/×÷()−-]{0,24}=/u.test(scan.ahead(26)) ||
    /=\s?[\d\s.,+*/×÷()−-]{0,24}$/u.test(scan.behind(26))
  );
}

function slash(scan: Scan): Said | undefined {
  const { table, at } = scan;
  const before = scan.char(at - 1);
  const after = scan.char(at + 1);
  // A path: "/home/user/file.txt".
  const path = /^(?:\/[\p{L}\p{N}_.-]{1,60}){1,8}\/?/u.exec(scan.ahead(200))?.[0];
  if (path !== undefined && /^$|[\s(~."]/u.test(before) && /\p{L}/u.test(path)) {
    const written = path.replace(/[.-]+$/u, '');
    const said = (written.match(/\p{L}+|\d+|[^\p{L}\d]/gu) ?? []).map((part) => {
      if (part === '/') return table.signs.slash;
      if (part === '.') return table.signs.dot;
      if (part === '_') return '';
      return part === '-'
        ? table.signs.dash
        : part.length <= 3 && !/[aeiouy]/iu.test(part)
          ? [...part].join(' ')
          : part;
    });
    return { end: at + written.length, text: ` ${said.filter(Boolean).join(' ')}` };
  }
  // "5 L/100 km", "12 V/5 A".
  if (/[\p{L}°]/u.test(before) && /\d/.test(after) && /\d\s?[\p{L}°]{1,4}$/u.test(scan.behind(8)))
    return /^100\s?km/.test(scan.ahead(6, at + 1)) ? said(scan, 1, 'per') : { end: at + 1, text: ' ' };
  if (/\d/.test(before) && /\p{L}/u.test(after)) return said1(scan, 'per');
  if (
    /[\p{L}]/u.test(before) &&
    /^(?:day|week|month|year|hour|minute|second|person|night|Tag|Woche|Stunde|jour|semaine|heure|día|semana|hora|km|s|h)(?!\p{L})/u.test(
      scan.ahead(10, at + 1),
    )
  )
    return said1(scan, 'per');
  if (isBetween(scan, 1) && !/^\p{L}$/u.test(before))
    return said1(scan, /\s/.test(before) ? 'divided' : 'over');
  if (/[\p{L})]/u.test(before) && /[\p{L}(]/u.test(after)) {
    // "and/or" and "A/C" need no word for it.
    if (
      /^\p{Ll}$/u.test(before + (/(?:^|[^\p{L}])\p{L}$/u.test(scan.behind(2)) ? '' : 'no')) &&
      /^\p{Ll}(?!\p{L})/u.test(scan.ahead(2, at + 1)) &&
      !isNamed(scan, at + 2)
    )
      return said1(scan, 'over');
    return { end: at + 1, text: ' ' };
  }
  if (/\s/.test(before) && /\s/.test(after)) return { end: at + 1, text: ' ' };
  return undefined;
}

/** "an a/b test", "a y/n question": letters in front of what they name. */
function isNamed(scan: Scan, at: number): boolean {
  return /^[\s-](?:tests?|testing|tested|split|switch|question|prompt|answer|comparison|unit|repair|Tests?)(?!\p{L})/u.test(
    scan.ahead(12, at),
  );
}

function said1(scan: Scan, name: SignName): Said {
  return said(scan, 1, name);
}

const HANDLE = /@([\p{L}\p{N}_]{1,40}(?:[.-][\p{L}\p{N}_]{1,40}){0,3})/uy;

/** "@robbie_2". */
function handle(scan: Scan): Said {
  const { signs } = scan.table;
  const match = scan.match(HANDLE);
  const name = match?.[1];
  if (!match || name === undefined || /\d/.test(name.charAt(0))) return said(scan, 1, 'at');
  const parts = (name.match(/\p{L}+|\p{N}+|[^\p{L}\p{N}]/gu) ?? []).map((part) =>
    part === '_' ? signs.underscore : part === '.' ? signs.dot : part === '-' ? signs.dash : part,
  );
  return { end: scan.at + match[0].length, text: `${scan.table.space}${signs.at} ${parts.join(' ')}` };
}

function ampersand(scan: Scan): Said {
  return said(scan, scan.char(scan.at + 1) === '&' ? 2 : 1, 'and');
}

function hash(scan: Scan): Said | undefined {
  const after = scan.char(scan.at + 1);
  if (/\d/.test(after) || scan.char(scan.at) === '№')
    return {
      end: scan.at + 1 + (after === ' ' ? 1 : 0),
      text: `${scan.table.space}${scan.table.signs.number} `,
    };
  if (!/\p{L}/u.test(after) || /[\p{L}\p{N}]/u.test(scan.char(scan.at - 1))) return undefined;
  const tag = /^[\p{L}\p{N}_]{1,60}/u.exec(scan.ahead(60, scan.at + 1))?.[0] ?? '';
  const words = tag.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{N}+|[^\p{Lu}\p{Ll}\p{N}_]+/gu) ?? [tag];
  return { end: scan.at + 1 + tag.length, text: ` ${scan.table.signs.hashtag} ${words.join(' ')}` };
}

function tilde(scan: Scan): Said | undefined {
  if (scan.char(scan.at + 1) === '/') return { end: scan.at + 1, text: `${scan.table.signs.tilde} ` };
  const range = /[\p{N}%°]\s?$/u.test(scan.behind(2)) && /^\s?\d/u.test(scan.ahead(2, scan.at + 1));
  return range
    ? said(scan, 1, 'to')
    : /^\s?[\d$€£¥.]/u.test(scan.ahead(2, scan.at + 1))
      ? said(scan, 1, 'about')
      : undefined;
}

function section(scan: Scan): Said {
  const run = /^§+\s?/u.exec(scan.ahead(4))?.[0].length ?? 1;
  const already = scan.wordBefore() === scan.table.signs.section.toLowerCase();
  return { end: scan.at + run, text: already ? ' ' : `${scan.spaced(scan.table.signs.section)}` };
}

/** "∣x∣", from "|x|". */
function absolute(scan: Scan): Said | undefined {
  const close = /^∣[^∣]{1,20}∣/u.test(scan.ahead(24));
  const opened = (scan.behind(24).match(/∣/gu)?.length ?? 0) % 2 === 1;
  return { end: scan.at + 1, text: close && !opened ? ` ${scan.table.signs.absolute} ` : ' ' };
}

/** ".NET", ".5". */
function point(scan: Scan): Said | undefined {
  if (/[\p{L}\p{N}.)\]]/u.test(scan.char(scan.at - 1))) return undefined;
  const after = scan.ahead(4, scan.at + 1);
  if (/^\.?\/[\p{L}_]/u.test(after)) return { end: scan.at + 1, text: ` ${scan.table.signs.dot} ` };
  if (/^\d/.test(after))
    return {
      end: scan.at + 1,
      text:
        scan.table.decimalSign === '.'
          ? `${scan.table.figures('0') === '0' ? 'zero' : scan.table.figures('0')} ${scan.table.signs.point} `
          : `${scan.table.signs.point} `,
    };
  return /^[A-Za-z]{2}/.test(after) && (scan.at === 0 || /\s/.test(scan.char(scan.at - 1)))
    ? { end: scan.at + 1, text: `${scan.table.signs.dot} ` }
    : undefined;
}
