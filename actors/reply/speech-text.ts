import { characterEnd, isEmoji } from '../../machines/policies/characters.ts';
import { SpokenText } from './spoken-text.ts';

/** The spoken form of a text, with the position of each part in the original. */
export interface SpeechText {
  /** Empty if there is nothing to speak. */
  readonly text: string;
  /** The offset in the original of `offset` in `text`; both in UTF-16 units. Monotonic in `offset`. */
  originalOffset(offset: number): number;
}

/** A text without any of these is spoken unchanged. */
const NOT_PLAIN =
  /[*_`#>|[\](){}<~\\&\n\t（）［］【】〔〕]|https?:|www\.|\s\s|[!?.,;:！？。，…~-]{2}|\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3|^\s|\s$/u;
const HAS_WORDS = /[\p{L}\p{N}]/u;

/**
 * Returns the spoken form of a segment: without Markdown marks, code blocks, emoji and link addresses; asides between
 * commas, list items and table rows as sentences. Unpaired marks, whose partner may be in another segment, are also
 * removed. Time is linear in the text.
 */
export function speechText(original: string): SpeechText {
  if (!HAS_WORDS.test(original)) return { text: '', originalOffset: () => 0 };
  if (!NOT_PLAIN.test(original)) return { text: original, originalOffset: (offset) => offset };
  const spoken = new SpokenText();
  let fence: string | undefined;
  for (let from = 0; from < original.length; ) {
    const newline = original.indexOf('\n', from);
    const end = newline < 0 ? original.length : newline;
    const line = original.slice(from, end);
    const mark = /^[\s>]*(?:(`{3,})[^`]*|(~{3,}).*)$/.exec(line)?.slice(1).find(Boolean);
    if (fence !== undefined) {
      if (mark?.startsWith(fence)) fence = undefined;
    } else if (mark !== undefined) {
      fence = mark;
      spoken.endLine(from, true);
    } else speakLine(spoken, line, from, newline >= 0);
    from = end + 1;
  }
  return spoken.done(original.length);
}

/** Horizontal rules and table rules: nothing to speak. */
const RULE = /^[\s>]*(?:(?:[-*_=]\s*){3,}|\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?)\s*$/;
/** Quotation marks, heading, bullet and check box before the words of a line. */
const LINE_START = /^(?:\s|>)*(?:#{1,6}\s+|[-*+•‣◦·]\s+(?:\[[ xX]\]\s+)?)?\s*/;

function speakLine(spoken: SpokenText, line: string, at: number, ended: boolean): void {
  if (RULE.test(line)) return;
  const start = LINE_START.exec(line)?.[0] ?? '';
  const table = /^[\s>]*\|.*\|\s*$/.test(line);
  const item = /[#\-*+•‣◦·]/.test(start) || table || /^[\s>]*\d{1,3}[.)]\s/.test(line);
  const words = table
    ? { from: line.indexOf('|') + 1, to: line.lastIndexOf('|') }
    : { from: start.length, to: line.length };
  // The text before a list is a line of its own, like its items.
  if (item) spoken.endLine(at, true);
  speakInline(spoken, line.slice(0, words.to), words.from, at, table);
  if (ended) spoken.endLine(at + line.length, item || line.trim() === '');
}

/** Text that is not spoken unchanged. Every lookahead is bounded, so that no text takes long. */
const INLINE = new RegExp(
  [
    /(?<code>(?<ticks>`+)(?<inner>[^`\n]+)\k<ticks>(?!`))/u,
    /!?\[(?<label>(?:[^[\]\n]|\[[^[\]\n]{0,100}\]){0,300})\](?:\([^()\n]{0,500}(?:\([^()\n]{0,200}\)[^()\n]{0,500})?\)|\[[^[\]\n]{0,100}\])/u,
    /(?<note>\[\^?\d{1,3}\]|\[\^[^\]\s]{1,40}\])/u,
    /<?(?<url>(?:https?:\/\/|www\.)[^\s<>"'`|，。；：！？、（）「」《》]+)>?/u,
    /(?<tag><\/?[a-zA-Z][^<>\n]{0,100}>)/u,
    /\\(?<escaped>[!-/:-@[-`{-~])/u,
    /(?<entity>&(?:amp|nbsp|quot|#39|lt|gt);)/u,
    /(?<mark>[*~_]+|`+)/u,
    /(?<open>[([{（［【〔])/u,
    /(?<close>[)\]}）］】〕])/u,
    /(?<cell>\|)/u,
    /(?<many>[!?！？]{2,}|\.{4,}|…{2,}|,{2,}|-{2,}|={2,}|。{2,}|，{2,})/u,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gu',
);

function speakInline(spoken: SpokenText, line: string, from: number, at: number, table: boolean): void {
  INLINE.lastIndex = from;
  let done = from;
  for (const match of line.matchAll(INLINE)) {
    if (match.index < done) continue;
    speakPlain(spoken, line, done, match.index, at);
    done = match.index + match[0].length;
    speakMatch(spoken, match, line, at, table);
  }
  speakPlain(spoken, line, done, line.length, at);
}

const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&quot;': '"', '&#39;': "'" };

function speakMatch(
  spoken: SpokenText,
  match: RegExpExecArray,
  line: string,
  at: number,
  table: boolean,
): void {
  const groups = match.groups ?? {};
  const place = at + match.index;
  const end = match.index + match[0].length;
  const inside = (text: string) => place + match[0].indexOf(text);
  if (groups.inner !== undefined)
    speakPlain(spoken, groups.inner, 0, groups.inner.length, inside(groups.inner));
  else if (groups.label !== undefined) speakInlineAgain(spoken, groups.label, inside(groups.label));
  else if (groups.url !== undefined) speakAddress(spoken, groups.url, inside(groups.url));
  else if (groups.escaped !== undefined) {
    if (!'*_`~#|<>\\'.includes(groups.escaped)) spoken.copy(groups.escaped, place + 1);
  } else if (groups.tag !== undefined) {
    if (/^<\/?(?:br|p|li|div)\b/i.test(groups.tag)) spoken.put(' ', place);
  } else if (groups.entity !== undefined) spoken.put(ENTITIES[groups.entity] ?? ' ', place);
  else if (groups.mark !== undefined) {
    const before = line.charAt(match.index - 1);
    const after = line.charAt(end);
    // "2 * 3" is a sum, "snake_case" a name, "about ~5" a number; everything else is a mark.
    const alone = /\s/.test(before) && /\s/.test(after) && groups.mark === '*';
    if (alone) spoken.copy(groups.mark, place);
    else if (groups.mark === '~' && /\d/.test(after)) spoken.copy(groups.mark, place);
    else if (groups.mark.startsWith('_') && /[\p{L}\p{N}]/u.test(before) && /[\p{L}\p{N}]/u.test(after))
      spoken.put(' ', place);
  } else if (groups.open !== undefined) spoken.pause(place);
  else if (groups.close !== undefined) {
    if (/^\s*[\p{L}\p{N}]/u.test(line.slice(end, end + 8))) spoken.pause(place);
  } else if (groups.cell !== undefined) {
    if (table) spoken.pause(place);
    else spoken.put(' ', place);
  } else if (groups.many !== undefined) speakMany(spoken, groups.many, place);
}

/** The words of a link, which have no links in them. */
function speakInlineAgain(spoken: SpokenText, label: string, at: number): void {
  speakPlain(spoken, label.replaceAll(/[*_`~[\]]/g, ' '), 0, label.length, at);
}

/** Only the host of an address is spoken: `https://www.example.com/a?b` → `example.com`. */
function speakAddress(spoken: SpokenText, url: string, at: number): void {
  const start = /^(?:https?:\/\/)?(?:www\.)?/.exec(url)?.[0].length ?? 0;
  const host = /^[\p{L}\p{N}.-]*[\p{L}\p{N}]/u.exec(url.slice(start))?.[0] ?? '';
  spoken.copy(host, at + start);
  // A full stop after an address belongs to the sentence.
  const stop = /[.,;:!?)]+$/.exec(url.slice(start + host.length))?.[0] ?? '';
  spoken.copy(stop.replaceAll(')', ' '), at + url.length - stop.length);
}

/** "!!!" → "!", "?!?!" → "?!", "....." → "...", "----" → a pause. */
function speakMany(spoken: SpokenText, many: string, at: number): void {
  const first = many.charAt(0);
  if (first === '.') spoken.copy('...', at);
  else if (first === '-' || first === '=') spoken.put(' ', at);
  else {
    const other = [...many].find((one) => one !== first);
    spoken.copy(first, at);
    if (other !== undefined) spoken.put(other, at + 1);
  }
}

/** Everything but emoji. */
function speakPlain(spoken: SpokenText, line: string, from: number, to: number, at: number): void {
  let done = from;
  for (let i = from; i < to; ) {
    const code = line.codePointAt(i) ?? 0;
    if (code < 0x200d && line.charCodeAt(i + 1) !== 0xfe0f && line.charCodeAt(i + 1) !== 0x20e3) {
      i++;
      continue;
    }
    const end = Math.min(to, characterEnd(line, i));
    const character = line.slice(i, end);
    if (isEmoji(code) || /[\ufe0f\u20e3]/.test(character)) {
      spoken.copy(line.slice(done, i), at + done);
      // The number on a key is spoken: "1️⃣".
      if (/^[0-9]/.test(character)) spoken.copy(character.charAt(0), at + i);
      else spoken.put(' ', at + i);
      done = end;
    }
    i = Math.max(i + 1, end);
  }
  spoken.copy(line.slice(done, to), at + done);
}
