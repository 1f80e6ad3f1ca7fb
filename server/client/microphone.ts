import {
  FRAME_MS,
  type Pcm,
  PIPELINE_RATE,
  type PipelineRate,
  samplesPerFrame,
} from '../../machines/audio.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';

const FRAME = samplesPerFrame(PIPELINE_RATE);

/** A simulated open microphone: sends given audio in real time, and silence in between. */
export class Microphone {
  readonly #clock: Clock;
  readonly #send: (frame: Int16Array) => void;
  readonly #startMs: number;
  readonly #recorded: { readonly atSample: number; readonly samples: Int16Array }[] = [];
  #queue: { readonly samples: Int16Array; at: number; readonly done: () => void }[] = [];
  #frames = 0;
  #timer: TimerHandle | undefined;

  constructor(clock: Clock, send: (frame: Int16Array) => void) {
    this.#clock = clock;
    this.#send = send;
    this.#startMs = clock.nowMs();
    this.#tick();
  }

  /** Sends `pcm` in real time; resolves when its last frame is sent. */
  say(pcm: Pcm<PipelineRate>): Promise<void> {
    return new Promise((done) => {
      this.#recorded.push({ atSample: this.#frames * FRAME, samples: pcm.samples });
      this.#queue.push({ samples: pcm.samples, at: 0, done });
    });
  }

  close(): void {
    this.#timer?.cancel();
    for (const { done } of this.#queue.splice(0)) done();
  }

  /** All audio sent since the start, including silence. */
  recording(): Int16Array {
    const track = new Int16Array(this.#frames * FRAME);
    for (const { atSample, samples } of this.#recorded)
      track.set(samples.subarray(0, Math.max(0, track.length - atSample)), atSample);
    return track;
  }

  /** Sends every frame that is due, which makes up for a late timer. */
  #tick(): void {
    const due = Math.floor((this.#clock.nowMs() - this.#startMs) / FRAME_MS) + 1;
    while (this.#frames < due) {
      this.#frames += 1;
      this.#send(this.#nextFrame());
    }
    const nextMs = this.#startMs + this.#frames * FRAME_MS;
    this.#timer = this.#clock.setTimer(Math.max(0, nextMs - this.#clock.nowMs()), () => this.#tick());
  }

  #nextFrame(): Int16Array {
    const frame = new Int16Array(FRAME);
    const head = this.#queue[0];
    if (!head) return frame;
    const piece = head.samples.subarray(head.at, head.at + FRAME);
    frame.set(piece);
    head.at += piece.length;
    if (head.at >= head.samples.length) {
      this.#queue.shift();
      head.done();
    }
    return frame;
  }
}
