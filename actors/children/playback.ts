import { FRAME_MS, type OutputRate, samplesInMs } from '../../machines/audio.ts';
import type { Clock } from '../../machines/clock.ts';
import type { PlaybackOutput } from '../../machines/session/events.ts';
import { WIRE_LIMITS } from '../../machines/wire.ts';
import { type ChildLogic, type ChildScope, childLogic } from '../child.ts';
import type { Listener } from '../reply/listener.ts';
import { pacerOf, type Slot } from '../reply/pacer.ts';
import type { ReplyTrack, VisemeCue } from '../reply-track.ts';

export interface PlaybackOptions {
  readonly clock: Clock;
  readonly track: ReplyTrack<OutputRate>;
  /** Receives the playback position. */
  readonly listener?: Listener;
  /** Sends one frame to the client, and returns when, on the clock. `samples` is never written again, so the receiver may keep it. */
  readonly sendFrame: (seq: number, samples: Int16Array) => number;
  /** Publishes a mouth shape that is due `inMs` from now. */
  readonly sendViseme: (cue: VisemeCue, inMs: number) => void;
  /** Called once all of the reply's audio is sent. */
  readonly onSent?: () => void;
  /** Begins paused. */
  readonly paused?: boolean;
  /** Maximum lead over real time, ms: 200. A client with a queue of its own may take more. */
  readonly aheadMs?: number | undefined;
  /** Length of a frame, ms: 20. */
  readonly frameMs?: number | undefined;
}

/**
 * Frames are cut from slabs of half a second, so one allocation serves 25 of them. A slab is not reused: the in-process
 * bus delivers later and by reference, and a socket may hold a frame until its client has read it.
 */
const FRAMES_A_SLAB = 25;

/**
 * Sends the reply's track in frames, in order, at most `aheadMs` ahead of the position that the client should hear.
 * `pause` freezes the position; `resume` continues at the same sample. Ends when the last sample should have been
 * heard.
 */
export function playbackChild(options: PlaybackOptions): ChildLogic {
  return childLogic(async (scope) => new Playout(options, scope).done);
}

/** Bases that are remembered: under load, a timer is later than a gap in the audio and a pause after it. */
const EARLIER_BASES = 8;

interface EarlierBase {
  readonly sample: number;
  readonly ms: number;
  /** Whether the position moved until the next base. */
  readonly moved: boolean;
  /** The sample of the next base. */
  readonly until: number;
}

class Playout {
  readonly done: Promise<PlaybackOutput>;
  readonly #options: PlaybackOptions;
  readonly #scope: ChildScope;
  readonly #slot: Slot;
  readonly #frameSamples: number;
  #aheadSamples: number;
  #finish: (output: PlaybackOutput) => void = () => {};
  #fail: (error: unknown) => void = () => {};
  #seq = 0;
  #slab = new Int16Array(0);
  #slabUsed = 0;
  /** Samples sent, without the padding of the last frame. */
  #sent = 0;
  /** The position was `#baseSample` at `#baseMs`; it moves with the clock unless paused or out of audio. */
  #baseSample = 0;
  #baseMs = 0;
  /** Bases before it, the newest first, for events that happened then but are handled now. */
  #earlier: readonly EarlierBase[] = [];
  #started = false;
  /** The next frame begins the audio, or continues it after a gap. */
  #begins = false;
  #paused: boolean;
  /** True after the last frame; the client still plays what it has. */
  #over = false;
  #sentAll = false;

  constructor(options: PlaybackOptions, scope: ChildScope) {
    this.#options = options;
    this.#paused = options.paused ?? false;
    this.#scope = scope;
    this.#slot = pacerOf(options.clock).slot(() => this.#run());
    this.#frameSamples = samplesInMs(options.frameMs ?? FRAME_MS, options.track.rate);
    this.#aheadSamples = this.#ahead(0);
    this.done = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    scope.signal.addEventListener('abort', () => this.#stop(scope.signal.reason), { once: true });
    options.track.onWrite(() => this.#run());
    const playout = this;
    options.listener?.follow({
      get sent() {
        return playout.#sent;
      },
      position: (clockMs) => this.#position(clockMs),
    });
    // At once: from then on the client is silent, or plays again, because it got the same order directly.
    scope.mailbox.consume(({ type }) => {
      if (type === 'pause') this.#pause();
      else if (type === 'resume') this.#resume();
    });
    this.#run();
  }

  #stop(reason: unknown): void {
    this.#leave();
    this.#fail(reason);
  }

  #leave(): void {
    this.#over = true;
    this.#slot.release();
    this.#options.track.onWrite(() => {});
  }

  /** The sample that the client should be hearing now, or should have been hearing when the clock was at `atMs`. */
  #position(atMs = this.#options.clock.nowMs()): number {
    const { track } = this.#options;
    const after = (base: { sample: number; ms: number }) =>
      base.sample + samplesInMs(Math.max(0, atMs - base.ms), track.rate);
    const late = atMs < this.#baseMs;
    const earlier = late ? (this.#earlier.find(({ ms }) => ms <= atMs) ?? this.#earlier.at(-1)) : undefined;
    if (earlier) return earlier.moved ? Math.min(earlier.until, after(earlier)) : earlier.sample;
    if (this.#paused || !this.#started) return this.#baseSample;
    return Math.min(this.#sent, after({ sample: this.#baseSample, ms: this.#baseMs }));
  }

  /** `moved`: whether the position moved since the last base. */
  #rebase(position: number, moved: boolean): void {
    const before = { sample: this.#baseSample, ms: this.#baseMs, moved, until: position };
    this.#earlier = [before, ...this.#earlier].slice(0, EARLIER_BASES);
    this.#baseSample = position;
    this.#baseMs = this.#options.clock.nowMs();
  }

  /** Restarts the clock reference and the pacing at `position`. */
  #restart(position: number, moved = true): void {
    this.#rebase(position, moved);
    const laterMs = this.#slot.join(this.#baseMs);
    this.#aheadSamples = this.#ahead(laterMs);
  }

  /** Restarts at `position`, whose frame comes next. */
  #begin(position: number, moved = true): void {
    this.#restart(position, moved);
    this.#begins = true;
  }

  #ahead(laterMs: number): number {
    const { track, aheadMs = WIRE_LIMITS.sendAheadMs } = this.#options;
    return samplesInMs(aheadMs - laterMs, track.rate);
  }

  #pause(): void {
    if (this.#paused) return;
    this.#rebase(this.#position(), true);
    this.#paused = true;
    this.#slot.release();
  }

  #resume(): void {
    if (!this.#paused || this.#over) return;
    this.#paused = false;
    if (this.#started) this.#restart(this.#baseSample, false);
    // The next frame comes after whatever else the same step sends.
    queueMicrotask(() => this.#run());
  }

  /** Sends the frames that are due and waits for the next one. */
  #run(): void {
    if (this.#paused || this.#over) return;
    this.#slot.cancel();
    try {
      this.#advance();
    } catch (thrown) {
      // Called by the pacer and by the writer of the track; neither caused the error, so it must not reach them.
      this.#stop(thrown);
    }
  }

  #advance(): void {
    const { track } = this.#options;
    let position = this.#position();
    // After a gap in the audio the position stands at the end of the sent audio; time restarts there.
    if (this.#started && position === this.#sent && track.buffered > 0) this.#begin(position);
    while (this.#sent + this.#frameSamples - position <= this.#aheadSamples && this.#sendNext())
      position = this.#position();
    const sentAll = track.ended && track.buffered === 0 && !this.#paused && !this.#over;
    if (sentAll && !this.#sentAll) {
      this.#sentAll = true;
      this.#options.onSent?.();
    }
    if (sentAll && position >= this.#sent) {
      this.#leave();
      this.#options.listener?.playedOut();
      this.#finish({ samples: this.#sent });
      return;
    }
    const next = this.#hasNext() ? this.#sent + this.#frameSamples - this.#aheadSamples : this.#sent;
    if (next <= position) return; // out of audio: the track's next write runs us again
    this.#slot.callAt(this.#dueMs(next));
  }

  /** When the client will hear `sample`, on the clock. Counted from the base, so errors do not add up. */
  #dueMs(sample: number): number {
    return this.#baseMs + ((sample - this.#baseSample) * 1_000) / this.#options.track.rate;
  }

  /** Whether a whole frame is available (the last one of a track is padded with silence). */
  #hasNext(): boolean {
    const { track } = this.#options;
    return track.buffered >= this.#frameSamples || (track.ended && track.buffered > 0);
  }

  #sendNext(): boolean {
    const { track } = this.#options;
    if (!this.#hasNext()) return false;
    const first = !this.#started;
    if (first) {
      this.#started = true;
      this.#begin(0, false);
    }
    const frame = this.#nextFrame();
    const count = track.read(frame);
    const last = track.ended && track.buffered === 0;
    const before = this.#sent;
    this.#sendVisemes(last ? Number.POSITIVE_INFINITY : this.#sent + count);
    this.#sent += count;
    this.#options.listener?.frameSent();
    const sentAtMs = this.#options.sendFrame(this.#seq++, frame);
    // The client hears it from then on, however long it took to make.
    if (this.#begins) this.#baseMs = sentAtMs;
    else if (this.#dueMs(before) < sentAtMs) {
      // This process stood still meanwhile, and the client had nothing to play until this frame came.
      this.#rebase(before, true);
      this.#baseMs = sentAtMs;
    }
    this.#begins = false;
    if (first) this.#scope.emit({ type: 'playout.started' });
    return !this.#paused && !this.#over;
  }

  #sendVisemes(before: number): void {
    const { track } = this.#options;
    for (let cue = track.takeCue(before); cue; cue = track.takeCue(before))
      this.#options.sendViseme(cue, ((cue.sample - this.#position()) * 1_000) / track.rate);
  }

  #nextFrame(): Int16Array {
    const size = this.#frameSamples;
    if (this.#slabUsed + size > this.#slab.length) {
      this.#slab = new Int16Array(FRAMES_A_SLAB * size);
      this.#slabUsed = 0;
    }
    const frame = this.#slab.subarray(this.#slabUsed, this.#slabUsed + size);
    this.#slabUsed += size;
    return frame;
  }
}
