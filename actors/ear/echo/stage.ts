import { joinedSamples, msOfSamples, PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import type { EchoReport, EchoState, PlaybackState } from '../../../machines/wire.ts';
import { EchoSum } from '../reports.ts';
import { BLOCK } from './adaptive-filter.ts';
import { EchoCanceller } from './canceller.ts';
import type { PlayedAudio } from './played-audio.ts';

const FULL_SCALE = 0x8000;
const NONE = new Int16Array(0);
/** An echo may still be heard after what is played, ms: 500 of delay, and what the room adds. */
const TAIL_MS = 800;
/** A client's `cancelled` is checked until so many replies have brought a verdict, and in every so many replies later. */
const FIRST_CHECKED = 3;
const CHECKED_EVERY = 8;

/**
 * Removes the robot's own voice while it may be heard; at all other times audio passes untouched and at no cost. A client's
 * `cancelled` is checked in a few replies: what sounds like the robot is removed there, and once it is certain that it is, from
 * then on. In all other replies audio passes untouched.
 */
export class EchoStage {
  readonly #played: PlayedAudio;
  readonly #onWrong: () => void;
  #state: EchoState;
  #generation = -1;
  #replies = 0;
  /** Those that brought a verdict. */
  #checked = 0;
  readonly #sum = new EchoSum();
  #canceller: EchoCanceller | undefined;
  /** The block that is processed: as the canceller takes it, and where it is in what was heard. */
  readonly #block = new Float32Array(BLOCK);
  #current: Int16Array = NONE;
  #currentAt = 0;
  /** Less than a block that waits for more. */
  #waiting = NONE;
  /** Samples that may be passed on: the first `#readySamples` of it. */
  #ready = NONE;
  #readySamples = 0;

  /** `state`: what the client says. `onWrong` is called if it says `cancelled` and an echo is found. */
  constructor(played: PlayedAudio, state: EchoState, onWrong: () => void = () => {}) {
    this.#played = played;
    this.#state = state;
    this.#onWrong = onWrong;
  }

  /** The client says something else from now on. */
  setState(state: EchoState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#replies = 0;
    this.#checked = 0;
    if (state !== 'present' && this.#canceller?.found) return;
    this.#canceller?.release();
    this.#canceller = undefined;
  }

  /** A frame of a reply was sent when the microphone was at sample `at`. */
  sent(generation: number, frame: Int16Array, at: number): void {
    if (generation !== this.#generation) {
      this.#replies++;
      if (this.#canceller?.takeVerdict()) this.#checked++;
    }
    this.#generation = generation;
    if (this.#follows) this.#played.send(generation, frame, at);
  }

  ordered(generation: number, state: PlaybackState, at: number): void {
    if (this.#follows) this.#played.order(generation, state, at);
  }

  flushed(generation: number, at: number): void {
    this.#played.flush(generation, at);
  }

  reported(generation: number, samples: number, at: number): void {
    if (this.#follows) this.#played.report(generation, samples, at);
  }

  /**
   * Takes what the microphone heard from sample `from` on, and returns what of it others than the robot said, valid until the next
   * call. It comes at most 10 ms later; a sound that may be the robot or not, up to 0.6 s.
   */
  process(samples: Int16Array, from: number): Int16Array {
    const near = this.#played.heardNear(from, samplesInMs(TAIL_MS, PIPELINE_RATE));
    if (!near) this.#canceller?.release();
    if (!near && this.#waiting.length === 0 && this.#readySamples === 0) return samples;
    const all = this.#waiting.length === 0 ? samples : joinedSamples([this.#waiting, samples]);
    const first = from - this.#waiting.length;
    const count = near ? all.length - (all.length % BLOCK) : all.length;
    this.#waiting = count === all.length ? NONE : all.slice(count);
    if (near) this.#cancel(all, count, first);
    else {
      this.#makeRoom(count);
      this.#ready.set(all, this.#readySamples);
      this.#readySamples += count;
    }
    if (this.#state === 'cancelled' && this.#canceller?.found) {
      this.#state = 'unknown';
      this.#onWrong();
    }
    return this.#takeReady();
  }

  /** Something is held back until more is heard. */
  get holds(): boolean {
    return this.#canceller?.holds ?? false;
  }

  /** What is held back, which passes at once: no more is said for now. */
  settle(): Int16Array {
    this.#canceller?.release();
    return this.#takeReady();
  }

  /** What was made of the robot's own voice since the last call; undefined if none may have been heard. */
  takeReport(): EchoReport | undefined {
    const delay = this.#state === 'cancelled' ? undefined : this.#canceller?.delay;
    const report = this.#sum.take(
      delay === undefined ? undefined : msOfSamples(delay + this.#played.later, PIPELINE_RATE),
    );
    return this.#state === 'cancelled' ? undefined : report;
  }

  close(): void {
    this.#played.close();
  }

  /** Whether this reply is of interest. */
  get #follows(): boolean {
    if (this.#state !== 'cancelled') return true;
    return this.#checked < FIRST_CHECKED || this.#replies % CHECKED_EVERY === 0;
  }

  /** The first `count` samples of `heard`, which are whole blocks. */
  #cancel(heard: Int16Array, count: number, from: number): void {
    this.#canceller ??= new EchoCanceller(
      (first, out) => this.#played.read(first, out),
      this.#state === 'present',
      (block, left, voice) => this.#emit(block, left, voice),
    );
    const block = this.#block;
    for (let at = 0; at < count; at += BLOCK) {
      if (this.#played.takeRestart(from + at)) this.#canceller.restart();
      for (let i = 0; i < BLOCK; i++) block[i] = (heard[at + i] as number) / FULL_SCALE;
      this.#current = heard;
      this.#currentAt = at;
      this.#canceller.process(block, from + at, this.#played.isDoubtful(from + at));
    }
  }

  #emit(heard: Float32Array, left: Float32Array, voice: number): void {
    if (this.#state !== 'cancelled') this.#sum.add(heard, left, voice);
    // What another canceller leaves of an echo is its client's business.
    const isRest = this.#canceller?.known === 'sure' && !this.#canceller.found;
    const given = this.#state === 'cancelled' && isRest ? heard : left;
    this.#makeRoom(BLOCK);
    const ready = this.#ready;
    const at = this.#readySamples;
    const unchanged = given === this.#block;
    for (let i = 0; unchanged && i < BLOCK; i++) ready[at + i] = this.#current[this.#currentAt + i] as number;
    for (let i = 0; !unchanged && i < BLOCK; i++) {
      const one = Math.round((given[i] as number) * FULL_SCALE);
      ready[at + i] = one < -FULL_SCALE ? -FULL_SCALE : one > FULL_SCALE - 1 ? FULL_SCALE - 1 : one;
    }
    this.#readySamples = at + BLOCK;
  }

  #makeRoom(samples: number): void {
    const wanted = this.#readySamples + samples;
    if (wanted <= this.#ready.length) return;
    const before = this.#ready;
    this.#ready = new Int16Array(Math.max(wanted, 2 * before.length));
    this.#ready.set(before);
  }

  #takeReady(): Int16Array {
    const ready = this.#ready.subarray(0, this.#readySamples);
    this.#readySamples = 0;
    return ready;
  }
}
