import { isUnspaced } from './text.ts';

/** Start of a word's audio, in samples from the segment's start, and its place in the segment's text. */
export interface WordMark {
  readonly sample: number;
  readonly offset: number;
}

/** One segment of the reply and its known audio. */
export interface SpokenSegment {
  readonly text: string;
  /** Samples synthesised so far, at the output rate. */
  readonly samples: number;
  /** True when `samples` is the whole segment. */
  readonly ready: boolean;
  /** In order; empty if the engine does not report marks. */
  readonly words: readonly WordMark[];
}

/** The text of a reply in its first `playedSamples`. */
export function heardText(segments: readonly SpokenSegment[], playedSamples: number): string {
  const text = segments.map((segment) => segment.text).join('');
  return text.slice(0, heardLength(segments, playedSamples)).trim();
}

/**
 * Length of the segments' text in the first `playedSamples` of a reply, in UTF-16 units. Whole words only, so never a
 * word that was not played to its end. Word marks make it exact; otherwise letters are assumed to last equally long.
 */
export function heardLength(segments: readonly SpokenSegment[], playedSamples: number): number {
  // Unspoken text (code, emoji) takes no time: it counts once some audio was played, or if there is none to play.
  if (playedSamples <= 0 && segments.some(({ ready, samples }) => !ready || samples > 0)) return 0;
  let heard = 0;
  let left = playedSamples;
  for (const segment of segments) {
    if (segment.ready && left >= segment.samples) {
      heard += segment.text.length;
      left -= segment.samples;
      continue;
    }
    if (left > 0) heard += heardWithin(segment, left);
    break;
  }
  return heard;
}

/** 10 characters per second at 24 kHz; normal speech has about 15. */
const SLOW_SAMPLES_PER_CHAR = 2_400;

function heardWithin(segment: SpokenSegment, played: number): number {
  const { text, words } = segment;
  if (words.length > 0) {
    // A word was played once the next one begins.
    let end = 0;
    for (const word of words) {
      if (word.sample > played) break;
      end = word.offset;
    }
    return lastWordEnd(text, end);
  }
  // The length of an unfinished segment is unknown. It is assumed to be twice the audio so far, and at least as long as
  // slow speech, so that no unplayed word counts as heard.
  const total = segment.ready
    ? segment.samples
    : Math.max(2 * Math.max(segment.samples, played), text.length * SLOW_SAMPLES_PER_CHAR);
  // White space at the end takes no time.
  const letters = text.trimEnd().length;
  return lastWordEnd(text, Math.floor((letters * played) / Math.max(1, total)));
}

/** The end of the last whole word within the first `limit` characters. */
function lastWordEnd(text: string, limit: number): number {
  if (limit >= text.length) return text.length;
  for (let end = limit; end > 0; end--) {
    const next = text.charAt(end);
    const last = text.charAt(end - 1);
    if (/\s/u.test(next) || isUnspaced(last)) return end;
  }
  return 0;
}
