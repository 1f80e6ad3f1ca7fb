import { heardLength, type WordMark } from '../../machines/policies/heard.ts';
import type { ListenerSample } from '../../machines/session/listener.ts';
import type { ReplyTrack } from '../reply-track.ts';

/** What is made of one segment's audio. */
export interface SegmentAudio {
  /** Samples made so far, at the output rate. */
  readonly made: number;
  /** Marks known so far. */
  readonly words: readonly WordMark[];
  /** True when all of it is made. */
  readonly ready: boolean;
}

/** The position of the playback, by its pacing. */
export interface PacedPlayback {
  /** Samples that have left for the client, the padding of the last frame not counted. */
  readonly sent: number;
  /** The sample that the client should have been hearing `agoMs` ago. */
  position(agoMs: number): number;
}

export interface ListenerOptions {
  readonly generation: number;
  readonly track: Pick<ReplyTrack, 'rate' | 'lead'>;
  /** ms since the session's start. */
  readonly nowMs: () => number;
}

interface Segment {
  readonly text: string;
  audio?: SegmentAudio;
}

const NOT_MADE: SegmentAudio = { made: 0, words: [], ready: false };

/**
 * Where the listener is in one reply: the only owner of that knowledge. It puts together what playback has sent and where
 * it is, the marks of the words, and what the client has reported. Nothing of it is an event: the runner samples it at
 * the time of each event, and the journal keeps the sample within the event.
 */
export class Listener {
  readonly generation: number;
  readonly #options: ListenerOptions;
  readonly #segments: Segment[] = [];
  /** The segment whose turn it is. */
  #current: SegmentAudio | undefined;
  #currentMade = 0;
  #heldUp = false;
  #aliveAtMs = 0;
  #playback: PacedPlayback | undefined;
  /** Samples that the client has played by its own reports; null until its first. */
  #acknowledged: number | null = null;
  #firstAudioAtMs: number | undefined;
  #fillerAtMs: number | undefined;
  #playingAtMs: number | undefined;
  #playedAtMs: number | undefined;

  constructor(options: ListenerOptions) {
    this.generation = options.generation;
    this.#options = options;
  }

  /** A segment is to be spoken after all before it. */
  asked(text: string): void {
    this.#segments.push({ text });
  }

  /** It is the turn of the segment of this number. */
  begins(segment: number, audio: SegmentAudio): void {
    const known = this.#segments[segment];
    if (known) known.audio = audio;
    this.#current = audio;
    this.#currentMade = 0;
    this.#aliveAtMs = this.#options.nowMs();
    this.madeAudio();
  }

  /** More of the segment may have been made. */
  madeAudio(): void {
    const made = this.#current?.made ?? 0;
    if (made <= this.#currentMade) return;
    this.#currentMade = made;
    this.#aliveAtMs = this.#options.nowMs();
    this.#firstAudioAtMs ??= this.#aliveAtMs;
  }

  /** While `on`, the engine is kept waiting: its silence is not its fault. */
  holdUp(on: boolean): void {
    this.#heldUp = on;
    this.#aliveAtMs = this.#options.nowMs();
  }

  /** Playback has begun with this reply. */
  follow(playback: PacedPlayback): void {
    this.#playback = playback;
  }

  /** A frame has left. */
  frameSent(): void {
    if (this.#playingAtMs !== undefined) return;
    const { track, nowMs } = this.#options;
    const sent = this.#playback?.sent ?? 0;
    if (track.lead > 0) this.#fillerAtMs ??= nowMs();
    if (sent <= track.lead) return;
    this.#playingAtMs = nowMs();
    this.#firstAudioAtMs ??= this.#playingAtMs;
  }

  /** Playback has come to its end: the reply was heard to there, whatever the client has reported before. */
  playedOut(): void {
    if (this.#acknowledged !== null) this.#acknowledged = this.#playback?.sent ?? 0;
  }

  /** The client reports that it has played `samples`. Nobody can have heard what was not sent. */
  acknowledge(samples: number): void {
    const honest = Math.min(samples, this.#playback?.sent ?? 0);
    this.#acknowledged = Math.max(this.#acknowledged ?? 0, honest);
    const { track, nowMs } = this.#options;
    const own = honest - track.lead;
    if (own <= 0 || this.#playingAtMs === undefined) return;
    // So many have been played by now, so the first one was played that much earlier; but not before it was sent.
    this.#playedAtMs ??= Math.max(this.#playingAtMs, toMicroseconds(nowMs() - (own * 1_000) / track.rate));
  }

  /** What the listener has heard at `atMs`, which is not far in the past. Undefined as long as nothing is made. */
  sample(atMs: number): ListenerSample | undefined {
    this.madeAudio();
    if (!this.#current && !this.#playback?.sent) return undefined;
    const { track, nowMs } = this.#options;
    const sent = this.#playback?.sent ?? 0;
    const played = this.#acknowledged ?? this.#playback?.position(Math.max(0, nowMs() - atMs)) ?? 0;
    const segments = this.#segments.map(({ text, audio = NOT_MADE }) => ({
      ...{ text, samples: audio.made, words: audio.words, ready: audio.ready },
    }));
    const heard = heardLength(segments, Math.max(0, played - track.lead));
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
}

/** The session's clock has no more. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
