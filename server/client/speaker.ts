import { samplesInMs } from '../../machines/audio.ts';
import type { AudioHeader } from '../../machines/audio-message.ts';

/** A piece of played audio and its position in the timeline. */
interface Stretch {
  readonly atSample: number;
  readonly samples: Int16Array;
}

/** A simulated loudspeaker that plays received audio in real time, like a real client: it pauses on `playback`, drops its buffer on `flush`, counts the played samples of each generation, and records what was played when.
 */
export class Speaker {
  readonly rate: number;
  readonly #heard: Stretch[] = [];
  #queue: { readonly generation: number; readonly samples: Int16Array }[] = [];
  #headOffset = 0;
  #paused = false;
  /** Time up to which playback has been computed. */
  #nowMs: number;
  readonly #startMs: number;
  #generation = 0;
  #played = 0;
  #flushed = 0;

  constructor(rate: number, nowMs: number) {
    this.rate = rate;
    this.#startMs = nowMs;
    this.#nowMs = nowMs;
  }

  /** The newest generation played, and its number of played samples. */
  get played(): { readonly generation: number; readonly samples: number } {
    return { generation: this.#generation, samples: this.#played };
  }

  receive(header: AudioHeader, samples: Int16Array, nowMs: number): void {
    this.advance(nowMs);
    if (header.generation <= this.#flushed) return;
    if (header.generation > this.#generation) {
      this.#generation = header.generation;
      this.#played = 0;
      this.#paused = false;
    }
    this.#queue.push({ generation: header.generation, samples });
  }

  setPaused(paused: boolean, nowMs: number): void {
    this.advance(nowMs);
    this.#paused = paused;
  }

  flush(generation: number, nowMs: number): void {
    this.advance(nowMs);
    this.#flushed = Math.max(this.#flushed, generation);
    this.#queue = this.#queue.filter((piece) => piece.generation > generation);
    this.#headOffset = 0;
    this.#paused = false;
  }

  /** Plays until `nowMs`. */
  advance(nowMs: number): void {
    let due = samplesInMs(nowMs - this.#nowMs, this.rate);
    let at = samplesInMs(this.#nowMs - this.#startMs, this.rate);
    // The remainder of the rounding is played next time.
    this.#nowMs += (due * 1_000) / this.rate;
    if (this.#paused) return;
    for (let head = this.#queue[0]; head && due > 0; head = this.#queue[0]) {
      const count = Math.min(due, head.samples.length - this.#headOffset);
      this.#heard.push({
        atSample: at,
        samples: head.samples.subarray(this.#headOffset, this.#headOffset + count),
      });
      at += count;
      due -= count;
      this.#headOffset += count;
      this.#played += count;
      if (this.#headOffset === head.samples.length) {
        this.#queue.shift();
        this.#headOffset = 0;
      }
    }
  }

  /** All audio played since the start, including silence. */
  recording(): Int16Array {
    const last = this.#heard.at(-1);
    const track = new Int16Array(last ? last.atSample + last.samples.length : 0);
    for (const { atSample, samples } of this.#heard) track.set(samples, atSample);
    return track;
  }
}
