/** Independent check of heard text, from the frames sent instead of playback's reports. */
import { heardText, type SpokenSegment } from '../../policies/heard.ts';
import { isUnspaced } from '../../policies/text.ts';

/** Bounds on the client's position in one reply, from its frames and pauses. */
export class PacedPosition {
  readonly #rate: number;
  #sent = 0;
  #position = 0;
  #atMs = 0;
  #pausedAtMs: number | null = null;

  constructor(rate: number) {
    this.#rate = rate;
  }

  get sent(): number {
    return this.#sent;
  }

  get pausedAtMs(): number | null {
    return this.#pausedAtMs;
  }

  frame(atMs: number, samples: number): void {
    this.#advance(atMs);
    this.#sent += samples;
  }

  setPaused(atMs: number, paused: boolean): void {
    this.#advance(atMs);
    this.#pausedAtMs = paused ? (this.#pausedAtMs ?? atMs) : null;
  }

  at(atMs: number): number {
    this.#advance(atMs);
    return this.#position;
  }

  /** Bounds on the position at a time that may be past: a busy runner handles a timer after it was due. */
  around(atMs: number): { readonly least: number; readonly most: number } {
    const most = this.at(atMs);
    return { least: Math.max(0, most - ((this.#atMs - atMs) * this.#rate) / 1_000), most };
  }

  #advance(atMs: number): void {
    if (atMs <= this.#atMs) return;
    const passed = this.#pausedAtMs === null ? ((atMs - this.#atMs) * this.#rate) / 1_000 : 0;
    this.#position = Math.min(this.#sent, this.#position + passed);
    this.#atMs = atMs;
  }
}

export interface HeardClaim {
  readonly heard: string;
  /** The whole reply. */
  readonly text: string;
  readonly completed: boolean;
  readonly segments: readonly SpokenSegment[];
  /** Minimum and maximum number of samples that can have been played. */
  readonly least: number;
  readonly most: number;
}

/** Describes what is wrong with `heard`; undefined if it is plausible. */
export function heardFault(claim: HeardClaim): string | undefined {
  const { heard, completed, segments, least, most } = claim;
  const text = claim.text.trim();
  if (!text.startsWith(heard)) return 'what was heard is not the beginning of the reply';
  if (splitsWord(heard.slice(-1), text.charAt(heard.length))) return 'what was heard ends within a word';
  if (completed)
    return countWords(heard) === countWords(text) ? undefined : 'a completed reply was not heard to its end';
  const words = countWords(heard);
  const atMost = countWords(heardText(knownSegments(segments, 'whole'), most));
  if (words > atMost) return `${words} words count as heard, but at most ${atMost} were played`;
  const atLeast = countWords(heardText(knownSegments(segments, 'not'), least)) - 1;
  if (words < atLeast) return `only ${words} words count as heard, but ${atLeast + 1} were played`;
  return undefined;
}

/** The length of an unfinished segment is unknown here: it may have been heard completely, or not at all. */
function knownSegments(
  segments: readonly SpokenSegment[],
  unknown: 'whole' | 'not',
): readonly SpokenSegment[] {
  const at = segments.findIndex(({ ready }) => !ready);
  const open = segments[at];
  if (!open) return segments;
  const known = segments.slice(0, at);
  return unknown === 'whole' ? [...known, { ...open, ready: true }] : known;
}

function splitsWord(last: string, next: string): boolean {
  return /[\p{L}\p{N}]/u.test(last) && /[\p{L}\p{N}]/u.test(next) && !isUnspaced(last);
}

/** Words, or characters in scripts without spaces. */
export function countWords(text: string): number {
  return (
    text.match(
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{N}'-])+/gu,
    )?.length ?? 0
  );
}
