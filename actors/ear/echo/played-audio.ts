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
/** How much of it is kept behind the microphone's position, and the least room for what is still to be played. */
const KEPT = samplesInMs(4_000, PIPELINE_RATE);
/** Most room: a client with a queue of its own is sent at most 30 s ahead. */
const MOST_KEPT = samplesInMs(64_000, PIPELINE_RATE);
/** A client that plays later than this behind the sending is followed, ms: the canceller finds delays up to 500 ms. */
const MOST_BEHIND_MS = 250;
/** How far behind it is left then, ms, so that the echo never comes before what is played. */
const LEFT_BEHIND_MS = 100;
/** Later than this behind the sending no client is taken to play, ms. */
const MOST_LATER_MS = 1_000;
/** More than a resampler holds back, ms. */
const HELD_BACK_MS = 5;
/** A client drops what it plays at most so much later than it is asked to, ms: on the way, a frame, its loudspeaker's buffer. */
const DROPS_WITHIN_MS = 250;
/** An echo is heard so much later at most, ms. */
const ECHO_WITHIN_MS = 600;
/** Samples below this are silence: −60 dBFS. */
const SILENCE = 33;
/** Reports on a reply that must all be late: on a busy machine a few come late together. One that is too early cannot be wrong. */
const FEWEST_REPORTS = 3;

/** A frame with its place in the ring, and the frame before it. */
interface Unread {
  readonly at: number;
  readonly frame: Int16Array;
  readonly before: Int16Array;
}

/**
 * What the client's loudspeaker plays, by samples of its microphone. It follows what is sent as the client's player
 * does: audio is played when it comes, behind what waits; a pause takes back what was not played. Echo, network and
 * buffers of the client come on top as a delay that stays about the same. Samples are never further behind than
 * `MOST_BEHIND_MS` once the client has reported what it played. Frames are kept as they are until they are read: mostly
 * the user is silent while the robot speaks, and nothing is.
 */
export class PlayedAudio {
  readonly #resamplers: ResamplerFactory;
  /** Made when the first frame is read. */
  #resampler: Resampler<OutputRate, typeof PIPELINE_RATE> | undefined;
  /** Empty until something is played. */
  #ring = new Int16Array(0);
  /** Frames whose samples are not in the ring yet, in order. */
  #unread: Unread[] = [];
  /** The last frame that was sent, and the last one that the resampler got. */
  #previous: Int16Array | undefined;
  #resampled: Int16Array | undefined;
  /** Where the audio that waits to be played ends. */
  #end = 0;
  /** Where playback last began. */
  #restartAt = Number.POSITIVE_INFINITY;
  /** All that was played since has been silence: engines begin with some. */
  #silent = true;
  /** What the resampler held back of the last frame when playback came to its end. */
  #tail: { readonly at: number; readonly samples: Int16Array } | undefined;
  /** It may hold something back. */
  #holds = false;
  #generation = -1;
  /** Samples of the generation, sent or waiting. */
  #sent = 0;
  #flushed = -1;
  /** From and until when it is not sure whether the client still plays: it was asked to drop what it has. */
  #doubt: { readonly from: number; readonly until: number } | undefined;
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
    this.#resamplers = resamplers;
  }

  /** How much later than it is sent a frame of this reply is taken to be played, samples. */
  get later(): number {
    return this.#later;
  }

  /** True if anything is or was to be heard at `sample` or within the `tail` samples before it. */
  heardNear(sample: number, tail: number): boolean {
    const near = this.#end > 0 && sample < this.#end + tail;
    if (!near && this.#unread.length > 0) this.#forget(this.#end);
    return near;
  }

  /** A frame of a reply leaves when the microphone is at sample `at`. It is never written again. */
  send(generation: number, frame: Int16Array, at: number): void {
    if (generation <= this.#flushed) return;
    this.#holds = this.#rate !== PIPELINE_RATE;
    if (generation !== this.#generation) {
      if (this.#doubt) this.#takeBack(at + this.#later);
      this.#doubt = undefined;
      this.#generation = generation;
      this.#paused = undefined;
      this.#sent = 0;
      this.#follow();
      this.#setGain(1, Math.max(this.#end, at + this.#later));
    }
    this.#forget(at - KEPT);
    const before = this.#previous;
    const count = this.#countOf(frame);
    const from = this.#end;
    // Its place must be known without its samples: it continues what is played, and gives as many as it is long.
    if (before && Number.isInteger(count) && !this.#paused && !this.#silent && at + this.#later <= from) {
      this.#makeRoom(from + count - at - this.#later + KEPT);
      this.#unread.push({ at: from, frame, before });
      this.#previous = frame;
      this.#sent += count;
      this.#end = from + count;
      return;
    }
    const samples = this.#resample(frame, before);
    this.#previous = frame;
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

  /** The client drops what it has of the generation, at once or soon. */
  flush(generation: number, at: number): void {
    this.#flushed = Math.max(this.#flushed, generation);
    if (generation < this.#generation) return;
    const from = at + this.#later;
    this.#takeBack(from + samplesInMs(DROPS_WITHIN_MS, PIPELINE_RATE));
    if (this.#end > from)
      this.#doubt = { from, until: this.#end + samplesInMs(ECHO_WITHIN_MS, PIPELINE_RATE) };
    this.#paused = undefined;
  }

  /** Whether the microphone may hear at `sample` what `read` says, or silence. */
  isDoubtful(sample: number): boolean {
    return this.#doubt !== undefined && sample >= this.#doubt.from && sample < this.#doubt.until;
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
    const unread = this.#unread[0];
    if (unread && from + out.length > unread.at) this.#resampleUnread();
    const size = this.#ring.length;
    if (this.#holds && from + out.length > this.#end && !this.#paused) this.#drain();
    const [first, end] = [Math.max(from, this.#end - size, 0), Math.min(from + out.length, this.#end)];
    out.fill(0);
    // Mostly one gain holds for all of it.
    const steady =
      !this.#gains[0] || this.#gains[0].at + GAIN_SAMPLES <= first ? this.#gainAt(first) : undefined;
    for (let at = first; at < end; at++)
      out[at - from] = ((steady ?? this.#gainAt(at)) * (this.#ring[at % size] as number)) / FULL_SCALE;
    if (this.#tail?.at !== this.#end) return;
    const { samples, at: tailAt } = this.#tail;
    for (let at = Math.max(tailAt, from); at < Math.min(tailAt + samples.length, from + out.length); at++)
      out[at - from] = (this.#gainAt(at) * (samples[at - tailAt] as number)) / FULL_SCALE;
  }

  /** An end is not announced, so the rest is taken once playback gets there. */
  #drain(): void {
    this.#holds = false;
    const silence = new Int16Array(samplesInMs(HELD_BACK_MS, this.#rate));
    this.#tail = { at: this.#end, samples: this.#resample(silence, this.#previous).slice() };
    this.#previous = silence;
  }

  /** The samples of `frame` as they follow those of the frame `before`: the resampler remembers less than a frame. */
  #resample(frame: Int16Array, before: Int16Array | undefined): Int16Array {
    const rate = this.#rate;
    this.#resampler ??= this.#resamplers.create(rate, PIPELINE_RATE);
    if (before && before !== this.#resampled) this.#resampler.push({ rate, samples: before });
    this.#resampled = frame;
    return this.#resampler.push({ rate, samples: frame }).samples;
  }

  /** Frames that end after sample `from`. */
  #resampleUnread(from = 0): void {
    const first = this.#unread.findIndex(({ at, frame }) => at + this.#countOf(frame) > from);
    if (first < 0) return;
    for (const { at, frame, before } of this.#unread.splice(first))
      this.#write(this.#resample(frame, before), at);
  }

  /** Frames that end before sample `until` are not read any more, or as silence. */
  #forget(until: number): void {
    for (;;) {
      const oldest = this.#unread[0];
      if (!oldest) return;
      const { at, frame } = oldest;
      const count = this.#countOf(frame);
      if (at + count > until) return;
      const place = at % this.#ring.length;
      this.#ring.fill(0, place, place + count);
      this.#ring.fill(0, 0, Math.max(0, place + count - this.#ring.length));
      this.#unread.shift();
    }
  }

  /** Samples that a frame gives in the middle of a reply. */
  #countOf(frame: Int16Array): number {
    return (frame.length * PIPELINE_RATE) / this.#rate;
  }

  close(): void {
    this.#resampler?.close();
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
    this.#makeRoom(from + samples.length - at + KEPT);
    const size = this.#ring.length;
    if (from > this.#end || this.#silent) this.#restartAt = from;
    this.#silent = (from > this.#end || this.#silent) && samples.every((one) => Math.abs(one) < SILENCE);
    if (from > this.#end) {
      for (let i = Math.max(this.#end, from - size); i < from; i++) this.#ring[i % size] = 0;
    }
    this.#write(samples, from);
    this.#end = from + samples.length;
  }

  #write(samples: Int16Array, from: number): void {
    const size = this.#ring.length;
    const place = from % size;
    const whole = Math.min(samples.length, size - place);
    this.#ring.set(whole === samples.length ? samples : samples.subarray(0, whole), place);
    if (whole < samples.length) this.#ring.set(samples.subarray(whole), 0);
  }

  #makeRoom(wanted: number): void {
    const before = this.#ring;
    if (wanted <= before.length || before.length === MOST_KEPT) return;
    const size =
      before.length === 0 ? wanted + KEPT / 4 : Math.min(MOST_KEPT, Math.max(wanted, 2 * before.length));
    this.#ring = new Int16Array(size);
    for (let i = Math.max(0, this.#end - before.length); i < this.#end; i++)
      this.#ring[i % size] = before[i % before.length] ?? 0;
  }

  /** Removes what is to be played from `at` on, and returns it. */
  #takeBack(at: number): Int16Array {
    this.#resampleUnread(at);
    const size = this.#ring.length;
    const from = Math.max(0, this.#end - size, at);
    const taken = new Int16Array(Math.max(0, this.#end - from));
    for (let i = 0; i < taken.length; i++) taken[i] = this.#ring[(from + i) % size] ?? 0;
    if (taken.length > 0) this.#end = from;
    return taken;
  }
}
