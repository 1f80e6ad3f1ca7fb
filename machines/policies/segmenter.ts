import type { ReplyParameters } from '../parameters.ts';

export interface Cut {
  /** Lengths of the finished segments at the front of the text, in UTF-16 units; they follow each other without gaps. */
  readonly lengths: readonly number[];
}

/** A sentence's end. A full stop needs white space after it, so that "3.5" and "example.com" stay whole. */
const SENTENCE_END = /(?:[。！？…]+["'”’」』）)]*|[.!?]+["'”’)\]]*(?=\s)|\n)\s*/gu;
/** A clause's end. A comma needs white space after it, so that "1,000" stays whole. */
const CLAUSE_END = /(?:[，；：、]|[,;:](?=\s)|\s[–—-](?=\s))\s*/gu;
/** What a full stop ends without ending a sentence. One-letter pieces: e.g., p.m., U.S. */
const ABBREVIATION = /(?:^|[\s(])(?:mr|mrs|ms|dr|prof|st|vs|etc|approx|(?:[a-z]\.)*[a-z])\.$/iu;
/** The number of a list item. */
const ENUMERATION = /(?:^|\n|[.!?]\s)\s*\d{1,3}\.$/u;

/**
 * Cuts the unspoken part of a reply into segments for TTS. `first`: nothing of the reply was cut yet, so an early
 * clause will do. `final`: no more text will come, so all that is left becomes segments.
 */
export function cutSegments(
  text: string,
  options: { first: boolean; final: boolean },
  parameters: ReplyParameters,
): Cut {
  const lengths: number[] = [];
  let from = 0;
  let first = options.first;
  for (;;) {
    const length = nextSegment(text.slice(from), first, options.final, parameters);
    if (length === 0) break;
    lengths.push(length);
    from += length;
    first = false;
  }
  return { lengths };
}

function nextSegment(text: string, first: boolean, final: boolean, parameters: ReplyParameters): number {
  const minimum = first ? 1 : parameters.segmentMinChars;
  const sentence = ends(text, SENTENCE_END, final).find(
    (end) => weight(text.slice(0, end)) >= minimum && endsSentence(text.slice(0, end).trimEnd()),
  );
  const clause = first
    ? ends(text, CLAUSE_END, final).find(
        (end) => weight(text.slice(0, end)) >= parameters.firstSegmentMinChars,
      )
    : undefined;
  const end = Math.min(sentence ?? Number.POSITIVE_INFINITY, clause ?? Number.POSITIVE_INFINITY);
  if (end <= parameters.segmentMaxChars) return end;
  if (text.length > parameters.segmentMaxChars) return cutAtClause(text, parameters.segmentMaxChars);
  if (Number.isFinite(end)) return end;
  return final ? text.length : 0;
}

/** Offsets just behind each match. A match at the very end counts only when more text cannot extend it. */
function ends(text: string, pattern: RegExp, final: boolean): number[] {
  const found: number[] = [];
  for (const match of text.matchAll(pattern)) {
    const end = match.index + match[0].length;
    if (end < text.length || final || /\s$/u.test(match[0]) || /[。！？，；：、]/u.test(match[0]))
      found.push(end);
  }
  return found;
}

/** Chinese and Japanese characters say about twice as much as a Latin letter. */
function weight(text: string): number {
  const dense = text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ?? 0;
  return text.trim().length + dense;
}

function endsSentence(text: string): boolean {
  return !ABBREVIATION.test(text) && !ENUMERATION.test(text);
}

function cutAtClause(text: string, limit: number): number {
  const clause = ends(text.slice(0, limit), CLAUSE_END, false).at(-1) ?? 0;
  return clause > limit / 2 ? clause : cutAtWord(text, limit);
}

function cutAtWord(text: string, limit: number): number {
  const space = text.lastIndexOf(' ', limit);
  if (space > limit / 2) return space + 1;
  // Never between the two halves of a surrogate pair.
  const code = text.charCodeAt(limit - 1);
  return code >= 0xd800 && code <= 0xdbff ? limit - 1 : limit;
}
