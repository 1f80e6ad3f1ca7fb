import { plainMath } from './latex.ts';
import { inlineMarkup, type Markup } from './markup.ts';
import { type SpeechText, SpokenText } from './output.ts';

/** A text without any of these has no markup. */
const NOT_PLAIN =
  /[*_`#>|[\](){}<~\\&$^\n\t（）［］【】〔〕]|==|https?:|www\.|\s\s|[:;=8xX][-o'^]?[)(DPpOo/\\|3]|:[a-z_+-]+:|[!?.,;:！？。，…~-]{2}|[★☆♥♡✓✔✗✘♪♫]|\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3|-_|^[•‣◦·+-]|^\s|\s$/u;
/**
 * Units whose markup is read. No segment of prose is longer: the rest is code, or an attack, and is said as it stands.
 */
const MAX_MARKUP = 4_000;
const HAS_WORDS = /[\p{L}\p{N}∞]/u;
/**
 * Returns the words of a text: without Markdown marks, HTML, code blocks, stage directions, emoji and link addresses;
 * asides between commas, list items and table rows as sentences; LaTeX as signs. Signs with a meaning stay. Unpaired
 * marks, whose partner may be in another segment, are also removed. Time is linear in the text.
 */
export function withoutMarkup(original: string, markup: Markup): SpeechText {
  if (!HAS_WORDS.test(original)) return { text: '', originalOffset: () => 0 };
  if (!NOT_PLAIN.test(original)) return { text: original, originalOffset: (offset) => offset };
  const spoken = new SpokenText();
  let fence: string | undefined;
  let left = MAX_MARKUP;
  for (let from = 0; from < original.length; ) {
    const newline = original.indexOf('\n', from);
    const end = newline < 0 ? original.length : newline;
    const line = original.slice(from, end);
    const mark = fenceOf(line);
    if (fence !== undefined && fence !== '$$' && fence !== '\\[') {
      if (mark?.startsWith(fence)) fence = undefined;
    } else if (fence !== undefined) {
      if (line.trim() === (fence === '$$' ? '$$' : '\\]')) fence = undefined;
      else spoken.say(` ${plainMath(line)} `, from);
    } else if (line === '') spoken.endLine(from, true);
    else if (mark !== undefined) {
      fence = mark;
      spoken.endLine(from, true);
    } else if (/^\s{0,3}(?:\$\$|\\\[)\s*$/u.test(line)) fence = line.trim();
    else if (line.length > left) spoken.copy(line, from);
    else speakLine(spoken, line, from, newline >= 0, markup);
    if (fence === undefined) left -= line.length;
    from = end + 1;
  }
  return spoken.done(original.length);
}

/** The mark with which a line begins or ends a code block. */
function fenceOf(line: string): string | undefined {
  if (!line.includes('```') && !line.includes('~~~')) return undefined;
  return /^[\s>]{0,40}(?:(`{3,})[^`]*|(~{3,}).*)$/.exec(line)?.slice(1).find(Boolean);
}

/** Horizontal rules and table rules: nothing to speak. */
const RULE =
  /^[\s>]*(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,}|(?:=\s*){3,}|(?:\|\s*)?:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*(?:\|\s*)?)$/;
const MAY_BE_RULE = /^[\s>|:]*[-*_=]{1,}[-*_=\s|:]*$/;
/** Quotation marks, heading, bullet and check box before the words of a line. "> 5" compares, "-5" is negative. */
const LINE_START =
  /^(?:\s|>(?!\s?(?:[\d=$€£¥]|-\d)))*(?:#{1,6}\s+|(?:[-*+]\s+|[•‣◦·▪●○–→➜➤✓✔]\s*)(?:\[[ xX]\]\s+)?)?\s*/;
const HEADING_END = /\s+#{1,6}\s*$/;

function speakLine(spoken: SpokenText, line: string, at: number, ended: boolean, markup: Markup): void {
  if (MAY_BE_RULE.test(line) && RULE.test(line)) return;
  const start = LINE_START.exec(line)?.[0] ?? '';
  const table = /^[\s>]*\|.*\|\s*$/.test(line) && !/^\s*\|[^|\s]{1,20}\|\s*$/u.test(line);
  const item = /[#\-*+•‣◦·▪●○–→➜➤✓✔]/.test(start) || table || /^[\s>]*\d{1,3}[.)]\s/.test(line);
  // The signs after the words of a heading.
  const closing = start.includes('#') ? (HEADING_END.exec(line)?.[0].length ?? 0) : 0;
  const words = table
    ? { from: line.indexOf('|') + 1, to: line.lastIndexOf('|') }
    : { from: start.length, to: line.length - closing };
  // The text before a list is a line of its own, like its items.
  if (item) spoken.endLine(at, true);
  inlineMarkup(spoken, line.slice(0, words.to), words.from, { ...markup, at, table });
  if (ended) spoken.endLine(at + line.length, item || line.trim() === '');
}
