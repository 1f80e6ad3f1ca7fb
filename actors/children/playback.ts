import { type OutputRate, samplesInMs, samplesPerFrame } from '../../machines/audio.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import type { PlaybackOutput } from '../../machines/session/events.ts';
import { WIRE_LIMITS } from '../../machines/wire.ts';
import { type ChildLogic, type ChildScope, childLogic } from '../child.ts';
import type { ReplyTrack, VisemeCue } from '../reply-track.ts';

export interface PlaybackOptions {
  readonly clock: Clock;
  readonly track: ReplyTrack<OutputRate>;
  /** Sends one frame to the client; `samples` is the frame's own. */
  readonly sendFrame: (seq: number, samples: Int16Array) => void;
  /** Tells a mouth shape `inMs` from now. */
  readonly sendViseme: (cue: VisemeCue, inMs: number) => void;
}

/** The machine is told the position this often. */
const PROGRESS_MS = 100;

/**
 * Sends the reply's track in 20 ms frames, in order, at most 200 ms ahead of what the client should be hearing.
 * `pause` freezes the position; `resume` goes on at the same sample. Ends when the last sample should have been heard.
 */
export function playbackChild(options: PlaybackOptions): ChildLogic {
  return childLogic(async (scope) => new Playout(options, scope).done);
}

class Playout {
  readonly done: Promise<PlaybackOutput>;
  readonly #options: PlaybackOptions;
  readonly #scope: ChildScope;
  readonly #frameSamples: number;
  readonly #aheadSamples: number;
  #finish: (output: PlaybackOutput) => void = () => {};
  #fail: (error: unknown) => void = () => {};
  #seq = 0;
  /** Samples sent, padding of the last frame not counted. */
  #sent = 0;
  /** The position was `#baseSample` at `#baseMs`; it moves with the clock unless paused or out of audio. */
  #baseSample = 0;
  #baseMs = 0;
  #started = false;
  #paused = false;
  #toldAtMs = 0;
  /** How much the machine knows to have been sent: it takes no more than that for played. */
  #toldSent = 0;
  #timer: TimerHandle | undefined;

  constructor(options: PlaybackOptions, scope: ChildScope) {
    this.#options = options;
    this.#scope = scope;
    this.#frameSamples = samplesPerFrame(options.track.rate);
    this.#aheadSamples = samplesInMs(WIRE_LIMITS.sendAheadMs, options.track.rate);
    this.done = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    scope.signal.addEventListener('abort', () => this.#stop(scope.signal.reason), { once: true });
    options.track.onWrite(() => this.#run());
    void this.#obey();
    this.#run();
  }

  #stop(reason: unknown): void {
    this.#paused = true;
    this.#timer?.cancel();
    this.#options.track.onWrite(() => {});
    this.#fail(reason);
  }

  async #obey(): Promise<void> {
    for await (const message of this.#scope.mailbox) {
      if (message.type === 'pause') this.#pause();
      else if (message.type === 'resume') this.#resume();
    }
  }

  /** The sample that the client should be hearing now. */
  #position(): number {
    if (this.#paused || !this.#started) return this.#baseSample;
    const elapsed = samplesInMs(this.#options.clock.nowMs() - this.#baseMs, this.#options.track.rate);
    return Math.min(this.#sent, this.#baseSample + elapsed);
  }

  #rebase(position: number): void {
    this.#baseSample = position;
    this.#baseMs = this.#options.clock.nowMs();
  }

  #pause(): void {
    if (this.#paused) return;
    this.#rebase(this.#position());
    this.#paused = true;
    this.#timer?.cancel();
    if (this.#started) this.#tellProgress();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#rebase(this.#baseSample);
    this.#toldAtMs = Number.NEGATIVE_INFINITY; // tell at once that it moves
    this.#run();
  }

  /** Sends what may be sent now, and comes back when the next frame is due. */
  #run(): void {
    if (this.#paused) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    try {
      this.#advance();
    } catch (thrown) {
      // Called by timers and by the writer of the track: neither is to blame, nor must it be hit.
      this.#stop(thrown);
    }
  }

  #advance(): void {
    const { track, clock } = this.#options;
    let position = this.#position();
    // After a gap in the audio the position stands at the end of what was sent: time starts anew there.
    if (position === this.#sent) this.#rebase(position);
    const first = !this.#started;
    while (this.#sent + this.#frameSamples - position <= this.#aheadSamples && this.#sendNext())
      position = this.#position();
    const overtaken = position >= this.#toldSent && this.#sent > this.#toldSent;
    if (this.#started && (first || overtaken || clock.nowMs() - this.#toldAtMs >= PROGRESS_MS))
      this.#tellProgress();
    if (track.ended && track.buffered === 0 && position >= this.#sent) {
      this.#finish({ samples: this.#sent });
      return;
    }
    const frameDue = this.#hasNext() ? this.#sent + this.#frameSamples - this.#aheadSamples : this.#sent;
    const next = this.#sent > this.#toldSent ? Math.min(frameDue, this.#toldSent) : frameDue;
    if (next <= position) return; // out of audio: the track's next write runs us again
    const tellInMs = this.#toldAtMs + PROGRESS_MS - clock.nowMs();
    this.#timer = clock.setTimer(Math.min(this.#msUntil(next), tellInMs), () => this.#run());
  }

  #msUntil(sample: number): number {
    const dueMs = this.#baseMs + ((sample - this.#baseSample) * 1_000) / this.#options.track.rate;
    return Math.max(0, dueMs - this.#options.clock.nowMs());
  }

  /** Whether a whole frame is there (the last one of a track is padded with silence). */
  #hasNext(): boolean {
    const { track } = this.#options;
    return track.buffered >= this.#frameSamples || (track.ended && track.buffered > 0);
  }

  #sendNext(): boolean {
    const { track } = this.#options;
    if (!this.#hasNext()) return false;
    const frame = new Int16Array(this.#frameSamples);
    const first = !this.#started;
    if (first) {
      this.#started = true;
      this.#rebase(0);
      this.#toldAtMs = this.#options.clock.nowMs();
    }
    const count = track.read(frame);
    const position = this.#position();
    const last = track.ended && track.buffered === 0;
    for (const cue of track.takeCues(last ? Number.POSITIVE_INFINITY : this.#sent + count)) {
      this.#options.sendViseme(cue, ((cue.sample - position) * 1_000) / track.rate);
    }
    this.#sent += count;
    this.#options.sendFrame(this.#seq++, frame);
    if (first) this.#scope.tell({ type: 'playout.started' });
    return true;
  }

  #tellProgress(): void {
    this.#toldAtMs = this.#options.clock.nowMs();
    this.#toldSent = this.#sent;
    const moving = !this.#paused;
    this.#scope.tell({ type: 'playout.progress', samples: this.#position(), sent: this.#sent, moving });
  }
}
