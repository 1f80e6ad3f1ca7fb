/** Words that are not said as they are written: abbreviations, names of machines and code, ids, addresses. */
import { camelParts, isSpelled, spelled } from '../code.ts';
import { figuresAt, romanValue } from '../numbers.ts';
import type { Rule, Scan } from '../scan.ts';

const MAIL = /[\w.+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,5}/uy;
const DOTTED =
  /[\p{L}\p{N}_-]{1,63}(?:\.[\p{L}\p{N}_-]{1,63}){1,6}(?::\d{1,5})?(?:\/[\p{L}\p{N}._-]{0,40}){0,4}/uy;
const HOST = /(localhost|[a-z][a-z0-9-]{1,30}):(\d{2,5})(?![\d:])/y;
const DOMAIN =
  /^(?:com|org|net|edu|gov|io|de|fr|es|uk|eu|ai|dev|app|co|cn|jp|kr|ch|at|us|info|tv|me|ly|local|lan|xyz|it|nl|ca|au|in|biz|tech|cloud|example|test|onion|home)$/u;
const FILE =
  /^(?:txt|md|pdf|png|jpe?g|gif|svg|mp[34]|wav|ogg|csv|json|ya?ml|toml|xml|html?|css|[jt]sx?|py|rs|go|java|cpp|hpp|[ch]|sh|bat|exe|zip|tar|gz|log|ini|conf|cfg|env|urdf|launch|bag|db|sql|docx?|xlsx?|pptx?|lock|srt|onnx|stl|ipynb)$/iu;

/** `john.doe_99@mail.co.uk`. */
export const mail: Rule = (scan) => {
  const match = scan.match(MAIL);
  if (!match) return undefined;
  const written = match[0].replace(/[.-]+$/u, '');
  return { end: scan.at + written.length, text: address(scan, written) };
};

function address(scan: Scan, written: string): string {
  const { signs } = scan.table;
  const names: Readonly<Record<string, string>> = {
    '@': signs.at,
    '.': signs.dot,
    '/': signs.slash,
    _: signs.underscore,
    '-': signs.dash,
    '+': signs.plus,
    ':': '',
  };
  const parts = written.match(/\p{L}+|\d+|[^\p{L}\d]/gu) ?? [];
  const said = parts.map((part, i) => {
    if (Object.hasOwn(names, part)) return names[part] ?? '';
    if (/^\d/.test(part))
      return part.length > 4 || /^0\d/.test(part) ? scan.table.figures(part) : scan.table.cardinal(part);
    // "uk" and "txt" are spelled, "co" and "com" are words.
    const isLast = i > 0 && parts[i - 1] === '.';
    return isSpelled(part) ||
      (isLast && /^(?:uk|io|de|fr|es|eu|ai|us|tv|at|ch|it|nl|au|ca|kr|jp|cn)$/u.test(part))
      ? spelled(part)
      : part;
  });
  return said.filter(Boolean).join(' ');
}

/** `example.com`, `main.py`, `robot.move`, `localhost:7400`. */
export const dotted: Rule = (scan) => {
  const { signs } = scan.table;
  const host = scan.match(HOST);
  if (host && (host[1] === 'localhost' || host[2]?.length !== 2))
    return { end: scan.at + host[0].length, text: `${host[1]} ${host[2]}` };
  const match = scan.match(DOTTED);
  if (!match) return undefined;
  const written = match[0].replace(/[./-]+$/u, '');
  const name = /^[^/:]+/u.exec(written)?.[0] ?? '';
  const parts = name.split('.');
  const last = parts.at(-1) ?? '';
  if (parts.length < 2 || parts.some((part) => part === '')) return undefined;
  // "e.g" and "U.S" are abbreviations; "end.Next" are two sentences.
  if (parts.every((part) => part.length === 1) && written === name) {
    const isCode =
      parts.length === 2 && /^[a-z]\.[a-z]$/.test(name) && scan.char(scan.at + name.length) !== '.';
    if (!isCode || Object.hasOwn(scan.table.abbreviations, `${name}.`)) return undefined;
    return { end: scan.at + name.length, text: parts.join(` ${signs.dot} `) };
  }
  const isName =
    DOMAIN.test(last) || FILE.test(last) || /^[a-z_]\w*$/.test(last) || written.length > name.length;
  if (!isName || /^\d+$/.test(last)) return undefined;
  if (/^\d/.test(name) && !DOMAIN.test(last) && !FILE.test(last)) return undefined;
  if (DOMAIN.test(last) || FILE.test(last) || written.length > name.length)
    return { end: scan.at + written.length, text: address(scan, written) };
  // "a.m" and "Ph.D" without the last full stop.
  if (
    parts.some((part) => part.length === 1 && /\p{Lu}/u.test(part)) ||
    (parts.length === 2 && last.length === 1 && parts[0]?.length === 1)
  )
    return undefined;
  return {
    end: scan.at + name.length,
    text: parts.map((part) => camelParts(part).join(' ')).join(` ${signs.dot} `),
  };
};

/** `moveTo(x, y)`, `getUserName`: markup has already made a space of the bracket. */
const CAMEL = /[a-z]{2,}(?:[A-Z][a-z\d]*)+/y;

export const camel: Rule = (scan) => {
  const match = scan.match(CAMEL);
  if (!match || /[\p{L}\p{N}]/u.test(scan.char(scan.at + match[0].length))) return undefined;
  return { end: scan.at + match[0].length, text: camelParts(match[0]).join(' ') };
};

const SHORT_FORM = /(?:\p{L}{1,7}\.[ \u00a0-]?){1,3}|\p{L}{1,5}\/\p{L}?|\p{L}{2,5}/uy;
/** They stand after a name. */
const AFTER_NAME =
  /^(?:junior|senior|incorporated|limited|corporation|company|avenue|boulevard|road|brothers|et cetera|[A-Z]( [A-Z])+)$/iu;

/** "Dr. Smith", "e.g.", "z. B.", "vs". */
export const abbreviation: Rule = (scan) => {
  const { table } = scan;
  const match = scan.match(SHORT_FORM);
  if (!match) return undefined;
  // "z. B. die" may be read as one of three, two or one.
  for (
    let written = match[0].trimEnd();
    written !== '';
    written = written.replace(/\s?[^\s.]*[./][^./]?$/u, '').trimEnd()
  ) {
    const key = written.toLowerCase().replaceAll(/[\s\u00a0]/gu, '');
    const end = scan.at + written.length;
    if (/[\p{L}\p{N}]/u.test(scan.char(end))) {
      if (!/[./]/.test(written)) return undefined;
      continue;
    }
    if (Object.hasOwn(table.beforeNumbers, key) && /^\s?(?:[\d#]|[IVX]{2})/u.test(scan.ahead(3, end)))
      return { end, text: `${table.beforeNumbers[key] ?? ''} ` };
    const text = Object.hasOwn(table.abbreviations, key) ? table.abbreviations[key] : undefined;
    if (text === undefined) {
      if (!/[./]/.test(written)) return undefined;
      continue;
    }
    const said = titled(scan, text, written, end);
    if (said === undefined) continue;
    // At the end of the text its full stop is also the sentence's.
    const isEnd =
      written.endsWith('.') && scan.text.slice(end, end + 3).trim() === '' && end + 3 > scan.text.length;
    return { end: isEnd ? end - 1 : end, text: said };
  }
  return undefined;
};

/** Titles stand before names; "St." and "Dr." are a street and a drive after one. */
function titled(scan: Scan, text: string, written: string, end: number): string | undefined {
  const isNameNext = /^[\s\u00a0]?(?:\p{Lu}|(?:and|or|&)\s)/u.test(scan.ahead(5, end));
  const isNameBefore = /\p{Lu}\p{L}+\s$/u.test(scan.behind(16));
  // "M. Dupont", "D. Juan": one letter is a title only in front of a name.
  if (scan.table.style === 'romance' && /^\p{L}\.$/u.test(written))
    return isNameNext && /^\p{Lu}/u.test(written) ? text : undefined;
  if (scan.table.style !== 'english' || !/^\p{Lu}/u.test(text)) return text;
  if (!/^\p{Lu}/u.test(written)) return /^[A-Z]( [A-Z])/.test(text) ? text : undefined;
  if (text === 'Saint' || text === 'Doctor') {
    if (isNameNext) return text;
    return isNameBefore ? (text === 'Saint' ? 'Street' : 'Drive') : text === 'Doctor' ? text : 'Street';
  }
  if (AFTER_NAME.test(text)) return text;
  return isNameNext ? text : undefined;
}

const NUMERO = /n\.?\s?[º°ᵒ]\.?\s?(?=\d)/iuy;
const STREET = /\p{L}{2,20}str\.(?!\p{L})/uy;

/** "n° 5", "n.º 5"; "Hauptstr.". */
export const numero: Rule = (scan) => {
  if (scan.table.style === 'german') {
    const street = scan.match(STREET);
    if (!street) return undefined;
    const end = scan.at + street[0].length;
    return { end: end === scan.text.length ? end - 1 : end, text: `${street[0].slice(0, -4)}straße` };
  }
  if (scan.table.style !== 'romance') return undefined;
  const match = scan.match(NUMERO);
  return match ? { end: scan.at + match[0].length, text: `${scan.table.signs.number} ` } : undefined;
};

const BARE_UNIT = /(km|m|cm|mm|kg|g|l|MB|Mbit|GB|kW)\/(h|s|min|kg|m|l)(?![\p{L}\p{N}²³])/uy;

/** "in km/h": a unit without a number. */
export const bareUnit: Rule = (scan) => {
  const match = scan.match(BARE_UNIT);
  const [one, per] = match ? [scan.table.units[match[1] ?? ''], scan.table.units[match[2] ?? '']] : [];
  if (!match || !one || !per) return undefined;
  return { end: scan.at + match[0].length, text: `${one[1]}${scan.spaced(scan.table.signs.per)}${per[0]}` };
};

const INITIALS = /(?:\p{L}\.){2,6}/uy;

/** "U.S.", "J.R.R.". */
export const initials: Rule = (scan) => {
  const match = scan.match(INITIALS);
  if (!match || scan.table.style === 'asian') return undefined;
  const [written] = match;
  const end = scan.at + written.length;
  if (/[\p{L}\p{N}]/u.test(scan.char(end))) return undefined;
  return {
    end: end === scan.text.length ? end - 1 : end,
    text: spelled(written.replaceAll('.', '').toUpperCase()),
  };
};

const WITH_SIGNS =
  /C\+\+|[CFJ]#|[A-Z]{1,4}&[A-Z]{1,4}(?![A-Za-z])|[A-F][+](?![\p{L}\p{N}+])|i\+\+|(?:[A-Z][a-z]?[₀-₉]{1,2}){1,4}(?:[A-Z][a-z]?){0,4}|(?:[A-Z][a-z]?){1,4}(?:[₀-₉]{1,2}[A-Z]?[a-z]?){1,4}/uy;

/** "C++", "C#", "AT&T", "CO₂". */
export const named: Rule = (scan) => {
  const { signs } = scan.table;
  const match = scan.match(WITH_SIGNS);
  if (!match || /[\p{L}\p{N}]/u.test(scan.char(scan.at + match[0].length))) return undefined;
  const text = (match[0].match(/[A-Z][a-z]?|[a-z]|[₀-₉]+|[+&#]/gu) ?? []).map((part) => {
    if (part === '+') return signs.plus;
    if (part === '#') return signs.sharp;
    if (part === '&') return signs.and;
    if (/[₀-₉]/u.test(part))
      return scan.table.cardinal(part.replaceAll(/[₀-₉]/gu, (one) => String(one.charCodeAt(0) - 0x2080)));
    return part;
  });
  return { end: scan.at + match[0].length, text: text.join(' ') };
};

const ROMAN = /[IVXLCDM]{1,8}(?:(?:e|er|ère|ème|th|st|nd|rd)(?![\p{L}]))?(\.)?(?![\p{L}\p{N}&'’.-]|\+)/uy;
const RULERS =
  /^(?:henry|louis|charles|george|elizabeth|edward|william|james|richard|john|paul|pius|benedict|philip|frederick|napoleon|francis|catherine|ivan|peter|nicholas|alexander|leo|gregory|innocent|clement|urban|ramses|mary|margaret|christian|gustav|harald|wilhelm|friedrich|ludwig|otto|heinrich|karl|franz|joseph|johannes|felipe|carlos|alfonso|juan|fernando|isabel|luis|pablo|pío|enrique|henri|philippe|jean|françois|napoléon|edouard|guillaume|pie|benoît|elisabeth|albert|leopold|baudouin|constantine|theodosius|xerxes|darius|cosimo|robert|malcolm|david|olaf|sigismund|konrad)$/u;

/** "Chapter IV", "Louis XIV", "World War II", "XXe siècle". */
export const roman: Rule = (scan) => {
  const { table } = scan;
  const match = scan.match(ROMAN);
  if (!match || table.style === 'asian') return undefined;
  const [all, stop] = match;
  const letters = /^[IVXLCDM]+/u.exec(all)?.[0] ?? '';
  const value = romanValue(letters);
  if (value === undefined || value === 0) return undefined;
  const before = scan.wordBefore();
  const isName = /\p{Lu}[\p{L}'’-]+\s$/u.test(scan.behind(24));
  const end = scan.at + all.length - (stop ? 1 : 0);
  if (all.length > letters.length + (stop ? 1 : 0) && /[eè]/.test(all))
    return { end: scan.at + all.length, text: table.ordinal(value, all) };
  const dotted = stop !== undefined && table.style === 'german';
  if (RULERS.test(before) && isName) {
    // "John I think" is not a king.
    if (
      letters === 'I' &&
      !/^(?:[.,;:!?)]|$|\s(?:of|was|is|and|had|von|de|et|y|reigned|ruled|the)\b)/u.test(scan.ahead(8, end))
    )
      return undefined;
    return {
      end: dotted && scan.text.length > end + 1 ? end + 1 : end,
      text: table.regnal ? table.regnal(value) : table.words(value),
    };
  }
  if (table.before.roman.has(before)) {
    if (
      letters === 'I' &&
      /^\s(?:am|was|will|have|had|can|do|think|want|need|like|see|saw)\b/u.test(scan.ahead(7, end))
    )
      return undefined;
    return { end, text: table.words(value) };
  }
  return isName && letters.length > 1 && /^[IVX]+$/.test(letters) && value < 40
    ? { end, text: table.words(value) }
    : undefined;
};

const ID =
  /\p{L}{1,6}(?:-?\d{1,6}|-\p{Lu}{1,3}(?=-?\d)|\p{L}{1,3}(?![\p{L}])|\p{Lu}{1,2}(?=\d)){1,8}(?![\p{L}\p{N}])/uy;

/** "B12", "A-4", "R2-D2", "H2O", "v2": letters and figures apart. */
export const id: Rule = (scan) => {
  const { table } = scan;
  if (table.style === 'asian') return undefined;
  const version = /^[vV](?=\d)/.test(scan.ahead(2)) && !/[\p{L}\p{N}]/u.test(scan.char(scan.at - 1));
  if (version) {
    const rest =
      /^\d{1,4}(?:\.\d{1,4}){1,3}(?:-[a-z]{1,6}\d{0,2})?/u.exec(scan.ahead(30, scan.at + 1))?.[0] ??
      /^\d{1,4}(?![\p{L}])/u.exec(scan.ahead(5, scan.at + 1))?.[0];
    if (rest !== undefined) {
      const said = rest
        .split(/[.-]/u)
        .map((part) =>
          /^\d+$/.test(part) ? (/^0\d/.test(part) ? table.figures(part) : table.cardinal(part)) : part,
        );
      return {
        end: scan.at + 1 + rest.length,
        text: `${table.signs.version} ${said.join(` ${table.signs.point} `)}`,
      };
    }
  }
  const match = scan.match(ID);
  if (!match || !/\d/.test(match[0])) return undefined;
  const [written] = match;
  const parts = written.match(/\p{L}+|\d+/gu) ?? [];
  // "covid-19" keeps its word, "x-1" is a difference.
  if (/^\p{Ll}-\d/u.test(written)) return undefined;
  const said = parts.map((part) => {
    if (/^\d/.test(part)) return /^0\d/.test(part) ? table.figures(part) : table.cardinal(part);
    return part.length > 1 && part.length <= 3 && part === part.toUpperCase() && !table.saidWords.has(part)
      ? spelled(part)
      : part;
  });
  return { end: scan.at + written.length, text: said.join(' ') };
};

/** "4K", "3D", "5A": figures first. */
const FIGURES_FIRST =
  /(\d{1,6})(\p{Lu}{1,3}(?=-?\d)|\p{L}{1,3})(?:(?<=\p{Lu})-?(\d{1,4}))?(?![\p{L}\p{N}.@_])/uy;

export const figuresFirst: Rule = (scan) => {
  const { table } = scan;
  const match = scan.match(FIGURES_FIRST);
  if (!match || table.style === 'asian') return undefined;
  const [all, figures = '', letters = '', more] = match;
  const said =
    letters.length > 1 && letters === letters.toUpperCase() && !table.saidWords.has(letters)
      ? spelled(letters)
      : letters;
  const number = /^0\d/.test(figures) ? table.figures(figures) : table.cardinal(figures);
  return {
    end: scan.at + all.length,
    text: `${number} ${said}${more === undefined ? '' : ` ${table.cardinal(more)}`}`,
  };
};

const CAPITALS = /\p{Lu}{2,5}(?=s?(?![\p{L}\p{N}]))/uy;

/** "the EU": spelled, if it is not a word in capitals. */
export const capitals: Rule = (scan) => {
  const { table } = scan;
  const match = scan.match(CAPITALS);
  if (!match || table.style === 'asian') return undefined;
  const [written] = match;
  const end = scan.at + written.length;
  if (table.saidWords.has(written)) return undefined;
  const isShort = /^[A-Z]+$/.test(written) && (table.spelledWords.has(written) || !/[AEIOUY]/u.test(written));
  if (!isShort) return undefined;
  // A text in capitals is loud, not short: "DO IT NOW".
  if (/\p{Lu}{2,}[ ,!]+$/u.test(scan.behind(12)) && /^[ ,!]+\p{Lu}{2,}/u.test(scan.ahead(12, end)))
    return undefined;
  const plural = scan.char(end) === 's' ? 's' : '';
  return { end: plural === '' ? end : end + 1, text: `${spelled(written)}${plural}` };
};

const CODE = /([A-Z]{3})\s(?=\d)/y;

/** "CHF 20" is a price: see quantities. */
export function isCurrencyCode(scan: Scan): boolean {
  const match = scan.match(CODE);
  return (
    match !== null &&
    Object.hasOwn(scan.table.currencies, match[1] ?? '') &&
    figuresAt(scan, scan.at + match[0].length) !== undefined
  );
}
