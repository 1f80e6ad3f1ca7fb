import type { SessionParameters } from '../parameters.ts';
import { type BreakKind, walkBreaks } from './breaks.ts';

export interface Cut {
  /**
   * Lengths of the finished segments at the front of the text, in UTF-16 units; they follow each other without gaps.
   */
  readonly lengths: readonly number[];
}

export interface CutOptions {
  /** Number of earlier segments of the reply. The first is short, so that it sounds early; later ones grow. */
  readonly segment: number;
  /** True if no more text follows, so that the rest becomes segments. */
  readonly final: boolean;
}

/**
 * Cuts the unspoken part of a reply into segments for TTS. Each ends as early as its place in the reply allows, and
 * only where no further text could invalidate the cut. A reply that arrives in pieces is therefore cut like one that
 * arrives at once. Time is linear in the text.
 */
export function cutSegments(rest: string, options: CutOptions, parameters: SessionParameters['reply']): Cut {
  const { final } = options;
  // Half a character is not interpreted: text may be split anywhere.
  const text = !final && /[\ud800-\udbff]$/.test(rest) ? rest.slice(0, -1) : rest;
  const lengths: number[] = [];
  let from = 0;
  let { segment } = options;
  while (from < text.length) {
    const end = segmentEnd(text, from, final, limitsOf(segment, parameters));
    if (end === undefined) break;
    lengths.push(end - from);
    from = end;
    segment++;
  }
  return { lengths };
}

/** From which length on each kind of break ends a segment. */
interface Limits {
  readonly sentence: number;
  readonly clause: number;
  /** Beyond it a segment ends at the last break between words in its second half. */
  readonly most: number;
  /** Beyond it a segment ends at its best break of any kind. */
  readonly hard: number;
}

/**
 * The first segment: a sentence of any length, a clause, or a number of words. Later ones: whole sentences, more of
 * them each time, so that few calls cover most of a long reply; a clause if it is twice as long. The text of a segment
 * must arrive while the previous one sounds. It does if a reply is written `segmentGrowth` times as fast as it is spoken.
 */
function limitsOf(segment: number, parameters: SessionParameters['reply']): Limits {
  const { firstSegmentMinChars, firstSegmentMaxChars, segmentMinChars, segmentGrowth } = parameters;
  const { segmentMaxChars: hard } = parameters;
  if (segment === 0)
    return { sentence: 1, clause: firstSegmentMinChars, most: Math.min(firstSegmentMaxChars, hard), hard };
  let least = segmentMinChars;
  for (let i = 1; i < segment && least < hard / 2 && segmentGrowth > 1; i++) least *= segmentGrowth;
  least = Math.min(least, hard / 2);
  return { sentence: least, clause: 2 * least, most: hard, hard };
}

/** The last break of each kind so far. */
type Places = Partial<Record<BreakKind, number>>;

function segmentEnd(text: string, from: number, final: boolean, limits: Limits): number | undefined {
  const early: Places = {};
  const late: Places = {};
  let end: number | undefined;
  const walked = walkBreaks({ text, from, final }, (at, kind, weight) => {
    if (weight > limits.most) end = atWords(late);
    if (weight > limits.hard) end ??= atAll(late) ?? atAll(early) ?? (kind === 'none' ? undefined : at);
    if (end === undefined && kind !== 'none' && weight > 0) {
      if ((kind === 'sentence' || kind === 'clause') && weight >= limits[kind]) end = at;
      else (weight > limits.most / 2 ? late : early)[kind] = at;
    }
    return end !== undefined;
  });
  return walked === 'whole' ? text.length : end;
}

function atWords({ sentence, clause, word }: Places): number | undefined {
  return sentence ?? clause ?? word;
}

function atAll(places: Places): number | undefined {
  return atWords(places) ?? places.character;
}
