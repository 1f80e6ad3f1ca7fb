import { msOfSamples, PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import type { EchoReport } from '../../../machines/wire.ts';
import { EchoSum } from '../reports.ts';
import { BLOCK } from './adaptive-filter.ts';
import { EchoCanceller } from './canceller.ts';
import type { PlayedAudio } from './played-audio.ts';

const FULL_SCALE = 0x8000;
/** An echo may still be heard after what is played, ms: 500 of delay, and what the room adds. */
const TAIL_MS = 800;

/** Removes the robot's own voice while it may be heard; at all other times audio passes untouched and at no cost. */
export class EchoStage {
  readonly played: PlayedAudio;
  readonly #expected: boolean;
  readonly #sum = new EchoSum();
  #canceller: EchoCanceller | undefined;
  /** Less than a block that waits for more. */
  #waiting = new Int16Array(0);

  /** `expected`: the client said that there is an echo. */
  constructor(played: PlayedAudio, expected: boolean) {
    this.played = played;
    this.#expected = expected;
  }

  /** Takes what the microphone heard from sample `from` on, and returns what of it others than the robot said. At most 10 ms come later. */
  process(samples: Int16Array, from: number): Int16Array {
    const near = this.played.heardNear(from, samplesInMs(TAIL_MS, PIPELINE_RATE));
    if (!near && this.#waiting.length === 0) return samples;
    const all = new Int16Array(this.#waiting.length + samples.length);
    all.set(this.#waiting);
    all.set(samples, this.#waiting.length);
    const first = from - this.#waiting.length;
    this.#waiting = new Int16Array(0);
    if (!near) return all;
    const count = all.length - (all.length % BLOCK);
    this.#waiting = all.slice(count);
    return this.#cancel(all.subarray(0, count), first);
  }

  /** What was made of the robot's own voice since the last call; undefined if none may have been heard. */
  takeReport(): EchoReport | undefined {
    const delay = this.#canceller?.delay;
    return this.#sum.take(
      delay === undefined ? undefined : msOfSamples(delay + this.played.later, PIPELINE_RATE),
    );
  }

  close(): void {
    this.played.close();
  }

  #cancel(heard: Int16Array, from: number): Int16Array {
    this.#canceller ??= new EchoCanceller((first, out) => this.played.read(first, out), this.#expected);
    const left = new Int16Array(heard.length);
    const block = new Float32Array(BLOCK);
    for (let at = 0; at < heard.length; at += BLOCK) {
      if (this.played.takeRestart(from + at)) this.#canceller.restart();
      for (let i = 0; i < BLOCK; i++) block[i] = (heard[at + i] ?? 0) / FULL_SCALE;
      const cleaned = this.#canceller.process(block, from + at);
      this.#sum.add(block, cleaned, this.#canceller.voice);
      for (let i = 0; i < BLOCK; i++) {
        const one = cleaned[i] ?? 0;
        left[at + i] = Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, Math.round(one * FULL_SCALE)));
      }
    }
    return left;
  }
}
