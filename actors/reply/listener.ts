import { msOfSamples } from '../../machines/audio.ts';
import { type Clock, toMicroseconds } from '../../machines/clock.ts';
import { heardLength, type WordMark } from '../../machines/policies/heard.ts';
import type { ListenerSample } from '../../machines/session/model.ts';
import type { ReplyTrack } from '../reply-track.ts';

/** Progress of one segment's audio. */
export interface SegmentAudio {
  /** Samples made so far, at the output rate. */
  readonly made: number;
  /** Marks known so far. */
  readonly words: readonly WordMark[];
  /** True when all of it is made. */
  readonly ready: boolean;
}

/** Playback position according to the pacing. */
export interface PacedPlayback {
  /** Samples sent to the client, without the padding of the last frame. */
  readonly sent: number;
  /** The sample that the client should have been hearing when the clock was at `clockMs`. */
  position(clockMs: number): number;
}

export interface ListenerOptions {
  readonly generation: number;
  readonly track: Pick<ReplyTrack, 'rate' | 'lead'>;
  /** By which the reply is paced. */
  readonly clock: Pick<Clock, 'nowMs'>;
  /** When the session began, on the clock. */
  readonly startMs: number;
}

interface Segment {
  readonly text: string;
  audio?: SegmentAudio;
}

/** A word counts as heard when it has ended, and the one that sounds now is wanted too. */
const LONGEST_WORD_MS = 700;

const NOT_MADE: SegmentAudio = { made: 0, words: [], ready: false };

/**
 * Where the listener is in one reply: the only owner of that knowledge. Combines the playback position, the marks of
 * the words and the client's reports. None of it is an event: the runner samples it at the time of each event, and the
 * journal stores the sample with the event.
 */
export class Listener {
  readonly generation: number;
  readonly #options: ListenerOptions;
  readonly #segments: Segment[] = [];
  /** The current segment. */
  #current: SegmentAudio | undefined;
  #currentMade = 0;
  #heldUp = false;
  #aliveAtMs = 0;
  #playback: PacedPlayback | undefined;
  /** Samples that the client reports as played; null until its first report. */
  #acknowledged: number | null = null;
  /** Samples played, as the last sample says. */
  #sampled = 0;
  #firstAudioAtMs: number | undefined;
  #fillerAtMs: number | undefined;
  #playingAtMs: number | undefined;
  #playedAtMs: number | undefined;

  constructor(options: ListenerOptions) {
    this.generation = options.generation;
    this.#options = options;
  }

  /** Adds a segment, to be spoken after the earlier ones. */
  asked(text: string): void {
    this.#segments.push({ text });
  }

  /** Makes the segment with this number the current one. */
  begins(segment: number, audio: SegmentAudio): void {
    const known = this.#segments[segment];
    if (known) known.audio = audio;
    this.#current = audio;
    this.#currentMade = 0;
    this.#aliveAtMs = this.#nowMs();
    this.madeAudio();
  }

  /** Notes the progress of the current segment. */
  madeAudio(): void {
    const made = this.#current?.made ?? 0;
    if (made <= this.#currentMade) return;
    this.#currentMade = made;
    this.#aliveAtMs = this.#nowMs();
    this.#firstAudioAtMs ??= this.#aliveAtMs;
  }

  /** While `on`, the engine is blocked by backpressure, so its silence is not a fault. */
  holdUp(on: boolean): void {
    this.#heldUp = on;
    this.#aliveAtMs = this.#nowMs();
  }

  /** Starts playback of this reply. */
  follow(playback: PacedPlayback): void {
    this.#playback = playback;
  }

  /** Counts a frame that was sent. */
  frameSent(): void {
    if (this.#playingAtMs !== undefined) return;
    const { track } = this.#options;
    const sent = this.#playback?.sent ?? 0;
    if (track.lead > 0) this.#fillerAtMs ??= this.#nowMs();
    if (sent <= track.lead) return;
    this.#playingAtMs = this.#nowMs();
    this.#firstAudioAtMs ??= this.#playingAtMs;
  }

  /** Playback ended: the reply was heard to there, whatever the client reported before. */
  playedOut(): void {
    if (this.#acknowledged !== null) this.#acknowledged = this.#playback?.sent ?? 0;
  }

  /** The client reports that it has played `samples`. Limited to the samples sent. */
  acknowledge(samples: number): void {
    const honest = Math.min(samples, this.#playback?.sent ?? 0);
    this.#acknowledged = Math.max(this.#acknowledged ?? 0, honest);
    const { track } = this.#options;
    const own = honest - track.lead;
    if (own <= 0 || this.#playingAtMs === undefined) return;
    // The first sample played that much earlier, but not before it was sent.
    this.#playedAtMs ??= Math.max(
      this.#playingAtMs,
      toMicroseconds(this.#nowMs() - (own * 1_000) / track.rate),
    );
  }

  /** The text in the first `samples`. */
  heardAt(samples: number): string {
    const text = this.#segments.map((segment) => segment.text).join('');
    return text.slice(0, this.#heardLength(samples)).trim();
  }

  /** How much of the reply's own audio was played at the last sample, ms; 0 of another reply. */
  heardMs(generation: number): number {
    const { lead, rate } = this.#options.track;
    return generation === this.generation ? msOfSamples(Math.max(0, this.#sampled - lead), rate) : 0;
  }

  /** The words that sounded in the last `agoMs`, with the one that sounds now; empty while nothing plays. */
  lately(agoMs: number): string {
    const clockMs = this.#options.clock.nowMs();
    const to = this.#playback?.position(clockMs) ?? 0;
    const from = this.#playback?.position(clockMs - agoMs) ?? 0;
    if (to <= from) return '';
    const { rate } = this.#options.track;
    const text = this.#segments.map((segment) => segment.text).join('');
    const soon = to + (LONGEST_WORD_MS * rate) / 1_000;
    return text.slice(this.#heardLength(from), this.#heardLength(soon)).trim();
  }

  /** Returns what the listener has heard at `atMs`, a recent time. Undefined while no audio is made. */
  sample(atMs: number): ListenerSample | undefined {
    this.madeAudio();
    if (!this.#current && !this.#playback?.sent) return undefined;
    const sent = this.#playback?.sent ?? 0;
    const played = this.#acknowledged ?? this.#playback?.position(this.#options.startMs + atMs) ?? 0;
    const heard = this.#heardLength(played);
    this.#sampled = played;
    return {
      ...{ generation: this.generation, sent, played, heard },
      ...(this.#acknowledged !== null && { acknowledged: true }),
      ...(this.#current && !this.#current.ready && { aliveAtMs: this.#heldUp ? atMs : this.#aliveAtMs }),
      ...(this.#firstAudioAtMs !== undefined && { firstAudioAtMs: this.#firstAudioAtMs }),
      ...(this.#fillerAtMs !== undefined && { fillerAtMs: this.#fillerAtMs }),
      ...(this.#playingAtMs !== undefined && { playingAtMs: this.#playingAtMs }),
      ...(this.#playedAtMs !== undefined && { playedAtMs: this.#playedAtMs }),
    };
  }

  /** ms since the session's start. */
  #nowMs(): number {
    const { clock, startMs } = this.#options;
    return toMicroseconds(clock.nowMs() - startMs);
  }

  /** Length of the segments' text in the first `samples` of the reply. */
  #heardLength(samples: number): number {
    const segments = this.#segments.map(({ text, audio = NOT_MADE }) => ({
      ...{ text, samples: audio.made, words: audio.words, ready: audio.ready },
    }));
    return heardLength(segments, Math.max(0, samples - this.#options.track.lead));
  }
}
