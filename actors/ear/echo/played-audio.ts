import { type OutputRate, PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import { DUCK_RAMP_MS, DUCKED_DB, type PlaybackState } from '../../../machines/wire.ts';
import type { Resampler, ResamplerFactory } from '../../ports/resampler.ts';

const FULL_SCALE = 0x8000;
const DUCKED_GAIN = 10 ** (DUCKED_DB / 20);
const GAIN_SAMPLES = samplesInMs(DUCK_RAMP_MS, PIPELINE_RATE);
/** Change of the gain in a sample of the client's ramp. */
const GAIN_STEP = (1 - DUCKED_GAIN) / GAIN_SAMPLES;
/** Changes of the gain that are kept: more than happen in what is kept of the audio. */
const GAINS_KEPT = 16;
/** How much of it is kept, before and after the microphone's position. A client is sent at most 200 ms ahead. */
const KEPT = samplesInMs(4_000, PIPELINE_RATE);
/** A client that plays later than this behind the sending is followed, ms: the canceller finds delays up to 500 ms. */
const MOST_BEHIND_MS = 250;
/** How far behind it is left then, ms, so that the echo never comes before what is played. */
const LEFT_BEHIND_MS = 100;
/** Later than this behind the sending no client is taken to play, ms. */
const MOST_LATER_MS = 1_000;
/** Reports on a reply that must all be late: on a busy machine a few come late together. One that is too early cannot be wrong. */
const FEWEST_REPORTS = 3;

/**
 * What the client's loudspeaker plays, by samples of its microphone. It follows what is sent as the client's player
 * does: audio is played when it comes, behind what waits; a pause takes back what was not played. Echo, network and
 * buffers of the client come on top as a delay that stays about the same. Samples are never further behind than
 * `MOST_BEHIND_MS` once the client has reported what it played.
 */
export class PlayedAudio {
  readonly #resampler: Resampler<OutputRate, typeof PIPELINE_RATE>;
  readonly #ring = new Int16Array(KEPT);
  /** Where the audio that waits to be played ends. */
  #end = 0;
  /** Where playback last began. */
  #restartAt = Number.POSITIVE_INFINITY;
  #generation = -1;
  /** Samples of the generation, sent or waiting. */
  #sent = 0;
  #flushed = -1;
  /** Changes of the client's gain, the newest first: from sample `at` on it moves from one to the other. */
  #gains: readonly { readonly at: number; readonly from: number; readonly to: number }[] = [];
  #paused: Int16Array[] | undefined;
  /** Added to the time at which audio of this reply is sent. */
  #later = 0;
  /** Reports on this reply, and the least that one was behind, samples: others may have waited on their way. */
  #reports = 0;
  #leastBehind = Number.POSITIVE_INFINITY;
  readonly #rate: OutputRate;

  constructor(rate: OutputRate, resamplers: ResamplerFactory) {
    this.#rate = rate;
    this.#resampler = resamplers.create(rate, PIPELINE_RATE);
  }

  /** How much later than it is sent a frame of this reply is taken to be played, samples. */
  get later(): number {
    return this.#later;
  }

  /** True if anything is or was to be heard at `sample` or within the `tail` samples before it. */
  heardNear(sample: number, tail: number): boolean {
    return this.#end > 0 && sample < this.#end + tail;
  }

  /** A frame of a reply leaves when the microphone is at sample `at`. */
  send(generation: number, frame: Int16Array, at: number): void {
    if (generation <= this.#flushed) return;
    const { samples } = this.#resampler.push({ rate: this.#rate, samples: frame });
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#paused = undefined;
      this.#sent = 0;
      this.#follow();
      this.#setGain(1, Math.max(this.#end, at + this.#later));
    }
    this.#sent += samples.length;
    if (this.#paused) this.#paused.push(samples.slice());
    else this.#append(samples, at + this.#later);
  }

  /** The client was ordered to play, to play more softly or to pause. */
  order(generation: number, state: PlaybackState, at: number): void {
    if (generation !== this.#generation) return;
    if (state === 'paused') {
      this.#paused ??= [this.#takeBack(at + this.#later)];
      return;
    }
    this.#setGain(state === 'ducked' ? DUCKED_GAIN : 1, at + this.#later);
    const waiting = this.#paused;
    this.#paused = undefined;
    for (const samples of waiting ?? []) this.#append(samples, at + this.#later);
  }

  /** The client drops what it has of the generation. */
  flush(generation: number, at: number): void {
    this.#flushed = Math.max(this.#flushed, generation);
    if (generation < this.#generation) return;
    this.#takeBack(at + this.#later);
    this.#paused = undefined;
  }

  /** The client had played `samples` of the generation at its rate when its microphone was at `at`. */
  report(generation: number, samples: number, at: number): void {
    // The count stands still in a pause, and after one that ended in a flush.
    if (generation !== this.#generation || generation <= this.#flushed || samples === 0 || this.#paused)
      return;
    const waits = this.#sent - Math.round((samples * PIPELINE_RATE) / this.#rate);
    this.#reports++;
    this.#leastBehind = Math.min(this.#leastBehind, at - (this.#end - waits));
  }

  /** True once for each time that playback begins, or continues after a gap, before `sample`. */
  takeRestart(sample: number): boolean {
    if (sample < this.#restartAt) return false;
    this.#restartAt = Number.POSITIVE_INFINITY;
    return true;
  }

  /** Fills `out` with what was played from `from` on, −1..1. */
  read(from: number, out: Float32Array): void {
    const [first, end] = [Math.max(from, this.#end - KEPT, 0), Math.min(from + out.length, this.#end)];
    out.fill(0);
    // Mostly one gain holds for all of it.
    const steady =
      !this.#gains[0] || this.#gains[0].at + GAIN_SAMPLES <= first ? this.#gainAt(first) : undefined;
    for (let at = first; at < end; at++)
      out[at - from] = ((steady ?? this.#gainAt(at)) * (this.#ring[at % KEPT] as number)) / FULL_SCALE;
  }

  close(): void {
    this.#resampler.close();
  }

  /** Follows the reports on the last reply: only now, because within one the canceller has learned the delay. */
  #follow(): void {
    const behind = this.#leastBehind;
    const late = this.#reports >= FEWEST_REPORTS && behind > samplesInMs(MOST_BEHIND_MS, PIPELINE_RATE);
    if (late || behind < 0) {
      const later = this.#later + behind - samplesInMs(LEFT_BEHIND_MS, PIPELINE_RATE);
      this.#later = Math.max(0, Math.min(later, samplesInMs(MOST_LATER_MS, PIPELINE_RATE)));
    }
    this.#reports = 0;
    this.#leastBehind = Number.POSITIVE_INFINITY;
  }

  #setGain(to: number, at: number): void {
    const from = this.#gainAt(at);
    if (from !== to) this.#gains = [{ at, from, to }, ...this.#gains].slice(0, GAINS_KEPT);
  }

  #gainAt(sample: number): number {
    const change = this.#gains.find(({ at }) => at <= sample);
    if (!change) return 1;
    const { at, from, to } = change;
    const moved = GAIN_STEP * (sample - at);
    return from < to ? Math.min(to, from + moved) : Math.max(to, from - moved);
  }

  #append(samples: Int16Array, at: number): void {
    const from = Math.max(this.#end, at);
    if (from > this.#end) {
      this.#restartAt = from;
      for (let i = Math.max(this.#end, from - KEPT); i < from; i++) this.#ring[i % KEPT] = 0;
    }
    for (let i = 0; i < samples.length; i++) this.#ring[(from + i) % KEPT] = samples[i] ?? 0;
    this.#end = from + samples.length;
  }

  /** Removes what is to be played from `at` on, and returns it. */
  #takeBack(at: number): Int16Array {
    const from = Math.max(0, this.#end - KEPT, at);
    const taken = new Int16Array(Math.max(0, this.#end - from));
    for (let i = 0; i < taken.length; i++) taken[i] = this.#ring[(from + i) % KEPT] ?? 0;
    if (taken.length > 0) this.#end = from;
    return taken;
  }
}
