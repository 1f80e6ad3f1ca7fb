/** Spans of a reply that are never cut. */

export interface Span {
  readonly kind: 'fence' | 'code' | 'link';
  readonly end: number;
  /** Spoken share of its text; 0 for a code block. */
  readonly spokenLength: number;
}

/** More text is needed to decide what begins here. */
export const UNDECIDED = 'undecided';

/** Maximum distance to the end of inline code or of a link; beyond it, the text is neither. In UTF-16 units. */
const INLINE_LIMIT = 200;
const URL_LIMIT = 1_000;

/** The text from `from` on; earlier text is ignored. `final`: no more text follows. */
export interface Stretch {
  readonly text: string;
  readonly from: number;
  readonly final: boolean;
}

/** The span that begins at `at`, if any. A code block without an end extends to the end of a final text. */
export function spanAt(stretch: Stretch, at: number): Span | typeof UNDECIDED | undefined {
  switch (stretch.text.charCodeAt(at)) {
    case 96: // `
      return fenceAt(stretch, at) ?? codeAt(stretch, at);
    case 126: // ~
      return fenceAt(stretch, at);
    case 91: // [
      return linkAt(stretch, at);
    default:
      return undefined;
  }
}

function fenceAt(stretch: Stretch, at: number): Span | typeof UNDECIDED | undefined {
  const { text, final } = stretch;
  if (!startsLine(stretch, at)) return undefined;
  const run = runLength(text, at);
  if (run < 3) return at + run === text.length && !final ? UNDECIDED : undefined;
  const fence = text.slice(at, at + run);
  const lineEnd = text.indexOf('\n', at);
  for (let close = text.indexOf(fence, at + run); close >= 0; close = text.indexOf(fence, close + 1)) {
    if (lineEnd < 0 || close < lineEnd) return undefined; // opened and closed in one line
    if (!startsLine(stretch, close)) continue;
    const newline = text.indexOf('\n', close);
    if (newline < 0 && !final) return UNDECIDED;
    return { kind: 'fence', end: newline < 0 ? text.length : newline + 1, spokenLength: 0 };
  }
  return final ? { kind: 'fence', end: text.length, spokenLength: 0 } : UNDECIDED;
}

function codeAt({ text, final }: Stretch, at: number): Span | typeof UNDECIDED | undefined {
  const run = runLength(text, at);
  const limit = Math.min(text.length, at + INLINE_LIMIT);
  for (let i = at + run; i < limit; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 10) return undefined;
    if (unit !== 96) continue;
    const closing = runLength(text, i);
    if (i + closing === text.length && closing <= run && !final) return UNDECIDED;
    if (closing === run) return { kind: 'code', end: i + run, spokenLength: i - at - run };
    i += closing - 1;
  }
  return limit === text.length && limit < at + INLINE_LIMIT && !final ? UNDECIDED : undefined;
}

/** `[text](address)`. */
function linkAt({ text, final }: Stretch, at: number): Span | typeof UNDECIDED | undefined {
  const undecided = final ? undefined : UNDECIDED;
  const closed = endWithin(text, at + 1, INLINE_LIMIT, 93);
  if (closed === undefined) return undefined;
  if (closed === UNDECIDED || closed + 1 === text.length) return undecided;
  if (text.charCodeAt(closed + 1) !== 40) return undefined;
  const end = endWithin(text, closed + 2, URL_LIMIT, 41);
  if (end === undefined) return undefined;
  if (end === UNDECIDED) return undecided;
  return { kind: 'link', end: end + 1, spokenLength: closed - at - 1 };
}

/** Position of the bracket `close`, matching nested brackets, in the same line and within `limit`. */
function endWithin(
  text: string,
  from: number,
  limit: number,
  close: number,
): number | typeof UNDECIDED | undefined {
  const open = close === 41 ? 40 : 91;
  let depth = 1;
  for (let i = from; i < from + limit; i++) {
    if (i >= text.length) return UNDECIDED;
    const unit = text.charCodeAt(i);
    if (unit === 10) return undefined;
    if (unit === open) depth++;
    else if (unit === close && --depth === 0) return i;
  }
  return undefined;
}

function runLength(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  let end = at;
  while (text.charCodeAt(end) === unit) end++;
  return end - at;
}

/** True if only white space and marks of a quotation or list precede `at` in its line. */
function startsLine({ text, from }: Stretch, at: number): boolean {
  for (let i = at - 1; i >= from; i--) {
    const unit = text.charCodeAt(i);
    if (unit === 10) return true;
    if ((unit !== 32 && unit !== 9 && unit !== 62) || at - i > INLINE_LIMIT) return false;
  }
  return true;
}
