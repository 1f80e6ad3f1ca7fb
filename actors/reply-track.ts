import { type Pcm, samplesInMs } from '../machines/audio.ts';

/** A mouth shape that begins at `sample` of the reply. */
export interface VisemeCue {
  readonly sample: number;
  readonly phoneme: string;
  readonly viseme: number;
}

/** Maximum audio that a reply buffers for its playback; anything beyond it waits in the engine. */
const HELD_MS = 5_000;
/** Initial size of the ring, enough for a short reply. Doubled when full, up to the maximum. */
const FIRST_MS = 625;

/**
 * The audio of one reply: a ring buffer with an end. TTS writes it in order, playback reads it in frames. Samples are
 * copied in and out, so both sides keep their own buffers.
 */
export class ReplyTrack<Rate extends number = number> {
  readonly rate: Rate;
  /** Maximum samples that wait to be played. */
  readonly capacity: number;
  /** Samples at the front that belong to a filler; the reply's own follow them. Set before they are written. */
  lead = 0;
  #ring: Int16Array;
  readonly #cues: VisemeCue[] = [];
  #written = 0;
  #read = 0;
  #ended = false;
  #onWrite: () => void = () => {};
  #onRead: () => void = () => {};

  /** `heldMs`: 5,000. */
  constructor(rate: Rate, heldMs = HELD_MS) {
    this.rate = rate;
    this.capacity = samplesInMs(heldMs, rate);
    this.#ring = new Int16Array(Math.min(this.capacity, samplesInMs(FIRST_MS, rate)));
  }

  get written(): number {
    return this.#written;
  }

  /** Samples that playback has taken. */
  get taken(): number {
    return this.#read;
  }

  /** Samples that wait to be played. */
  get buffered(): number {
    return this.#written - this.#read;
  }

  /** True once no more audio will come. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Takes samples of `pcm` from `from` on, as many as fit, and returns how many. The writer waits for a read and writes
   * the rest then. An ended track accepts everything and drops it.
   */
  write({ samples }: Pcm<Rate>, from = 0): number {
    const offered = samples.length - from;
    if (this.#ended) return offered;
    const count = Math.min(offered, this.capacity - this.buffered);
    if (count <= 0) return 0;
    if (this.buffered + count > this.#ring.length) this.#grow(this.buffered + count);
    const ring = this.#ring;
    const at = this.#written % ring.length;
    const first = Math.min(count, ring.length - at);
    ring.set(samples.subarray(from, from + first), at);
    if (first < count) ring.set(samples.subarray(from + first, from + count), 0);
    this.#written += count;
    this.#onWrite();
    return count;
  }

  cue(cue: VisemeCue): void {
    if (!this.#ended) this.#cues.push(cue);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onWrite();
  }

  /** Fills `frame` from its start; returns the number of samples. */
  read(frame: Int16Array): number {
    const ring = this.#ring;
    const count = Math.min(frame.length, this.buffered);
    if (count === 0) return 0;
    const at = this.#read % ring.length;
    const first = Math.min(count, ring.length - at);
    frame.set(ring.subarray(at, at + first));
    if (first < count) frame.set(ring.subarray(0, count - first), first);
    this.#read += count;
    this.#onRead();
    return count;
  }

  /** Takes the next cue if it begins before `sample`. */
  takeCue(sample: number): VisemeCue | undefined {
    const cue = this.#cues[0];
    return cue && cue.sample < sample ? this.#cues.shift() : undefined;
  }

  /** Called after each write and at the end; one listener. */
  onWrite(listener: () => void): void {
    this.#onWrite = listener;
  }

  /** Called after each read; one listener. */
  onRead(listener: () => void): void {
    this.#onRead = listener;
  }

  #grow(needed: number): void {
    let length = this.#ring.length;
    while (length < needed) length = Math.min(this.capacity, 2 * length);
    const waiting = this.buffered;
    const ring = new Int16Array(length);
    const old = this.#ring;
    const from = this.#read % old.length;
    const first = Math.min(waiting, old.length - from);
    const to = this.#read % length;
    copyAround(old.subarray(from, from + first), ring, to);
    copyAround(old.subarray(0, waiting - first), ring, (to + first) % length);
    this.#ring = ring;
  }
}

function copyAround(samples: Int16Array, ring: Int16Array, at: number): void {
  const first = Math.min(samples.length, ring.length - at);
  ring.set(samples.subarray(0, first), at);
  if (first < samples.length) ring.set(samples.subarray(first), 0);
}
