/** HTML as models write it: elements by name, so that "a<b" stays a comparison. */

const ELEMENTS =
  'a|abbr|address|article|aside|audio|b|big|blockquote|body|br|break|button|caption|center|cite|code|dd|del|details|dfn|' +
  'div|dl|dt|em|emphasis|figcaption|figure|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|label|' +
  'li|link|main|mark|meta|nav|ol|option|p|phoneme|pre|prosody|q|rp|rt|ruby|s|samp|say-as|script|section|select|small|source|span|' +
  'speak|strike|strong|style|sub|summary|sup|table|tbody|td|textarea|tfoot|th|thead|title|tr|tt|u|ul|var|video|voice|wbr|lang|center';
/** An attribute needs a value, or a name of the few that have none: "<b then c>" is not an element. */
const TAG = new RegExp(
  `<(/?)(${ELEMENTS})((?:\\s{1,4}[a-zA-Z][\\w:.-]{0,30}\\s?=\\s?(?:"[^"<>]{0,300}"|'[^'<>]{0,300}'|[^\\s"'<>]{1,100})|\\s{1,4}(?:disabled|checked|controls|hidden|open|required|async|defer)){0,12})\\s{0,4}/?>`,
  'iy',
);
const COMMENT = /<!--.{0,400}?-->|<!doctype[^<>]{0,100}>/iy;
const BREAKS = /^(?:br|p|li|div|tr|h[1-6]|ul|ol|table|hr|break|dd|dt)$/i;
const CELLS = /^(?:td|th)$/i;

export interface Tag {
  readonly end: number;
  readonly separates: 'no' | 'space' | 'cell';
}

export function tagAt(line: string, at: number): Tag | undefined {
  if (line.charAt(at + 1) === '!') {
    COMMENT.lastIndex = at;
    const comment = COMMENT.exec(line);
    return comment ? { end: at + comment[0].length, separates: 'space' } : undefined;
  }
  TAG.lastIndex = at;
  const match = TAG.exec(line);
  if (!match) return undefined;
  const [all, slash = '', name = '', attributes = ''] = match;
  const end = at + all.length;
  // "a<b>c" compares unless the element is closed, or was opened.
  if (name.length === 1 && attributes === '' && slash === '' && /[\p{L}\p{N}]/u.test(line.charAt(at - 1))) {
    if (
      !line
        .slice(end, end + 400)
        .toLowerCase()
        .includes(`</${name.toLowerCase()}>`)
    )
      return undefined;
  }
  return { end, separates: BREAKS.test(name) ? 'space' : CELLS.test(name) ? 'cell' : 'no' };
}

/** `[Enter]` in angle brackets: the word is said. */
const PLACEHOLDER = /<(\/?)([A-Za-z][\w -]{0,30})>/y;

export function placeholderAt(
  line: string,
  at: number,
): { readonly end: number; readonly inner: string; readonly closing: boolean } | undefined {
  if (/[\p{L}\p{N}]/u.test(line.charAt(at - 1)) && line.charAt(at + 1) !== '/') return undefined;
  PLACEHOLDER.lastIndex = at;
  const match = PLACEHOLDER.exec(line);
  if (!match) return undefined;
  return { end: at + match[0].length, inner: match[2] ?? '', closing: match[1] === '/' };
}

const NAMED: Readonly<Record<string, string>> = {
  ...{
    amp: '&',
    quot: '"',
    apos: "'",
    lt: '<',
    gt: '>',
    nbsp: ' ',
    copy: '©',
    reg: '®',
    trade: '™',
    deg: '°',
  },
  ...{
    hellip: '…',
    ndash: '–',
    mdash: '—',
    lsquo: '‘',
    rsquo: '’',
    ldquo: '“',
    rdquo: '”',
    laquo: '«',
    raquo: '»',
  },
  ...{
    euro: '€',
    pound: '£',
    yen: '¥',
    cent: '¢',
    sect: '§',
    para: '¶',
    middot: '·',
    bull: '•',
    times: '×',
    divide: '÷',
  },
  ...{
    plusmn: '±',
    minus: '−',
    le: '≤',
    ge: '≥',
    ne: '≠',
    asymp: '≈',
    infin: '∞',
    radic: '√',
    pi: 'π',
    micro: 'µ',
  },
  ...{
    frac12: '½',
    frac14: '¼',
    frac34: '¾',
    sup2: '²',
    sup3: '³',
    permil: '‰',
    rarr: '→',
    larr: '←',
    harr: '↔',
  },
  ...{
    auml: 'ä',
    ouml: 'ö',
    uuml: 'ü',
    Auml: 'Ä',
    Ouml: 'Ö',
    Uuml: 'Ü',
    szlig: 'ß',
    eacute: 'é',
    egrave: 'è',
  },
  ...{
    agrave: 'à',
    ccedil: 'ç',
    ntilde: 'ñ',
    aacute: 'á',
    iacute: 'í',
    oacute: 'ó',
    uacute: 'ú',
    ecirc: 'ê',
  },
  ...{ iquest: '¿', iexcl: '¡', thinsp: ' ', ensp: ' ', emsp: ' ', zwj: '', zwnj: '', shy: '', tilde: '~' },
  ...{
    alpha: 'α',
    beta: 'β',
    gamma: 'γ',
    delta: 'δ',
    lambda: 'λ',
    mu: 'μ',
    sigma: 'σ',
    omega: 'ω',
    theta: 'θ',
  },
};
const ENTITY = /&(?:#(\d{1,6})|#[xX]([\da-fA-F]{1,5})|([a-zA-Z]{2,8}\d{0,2}));/y;

/** The character that an entity stands for. */
export function entityAt(
  line: string,
  at: number,
): { readonly end: number; readonly text: string } | undefined {
  ENTITY.lastIndex = at;
  const match = ENTITY.exec(line);
  if (!match) return undefined;
  const [all, decimal, hexadecimal, name = ''] = match;
  const end = at + all.length;
  const code = decimal ? Number(decimal) : hexadecimal ? Number.parseInt(hexadecimal, 16) : undefined;
  if (code !== undefined) {
    if (code < 32 || code > 0x10_ff_ff || (code >= 0xd800 && code <= 0xdfff)) return { end, text: ' ' };
    return { end, text: code === 0xa0 ? ' ' : String.fromCodePoint(code) };
  }
  return Object.hasOwn(NAMED, name) ? { end, text: NAMED[name] ?? '' } : undefined;
}
