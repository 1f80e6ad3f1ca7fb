import type { Pcm } from '../machines/audio.ts';

/** A mouth shape that begins at `sample` of the reply. */
export interface VisemeCue {
  readonly sample: number;
  readonly phoneme: string;
  readonly viseme: number;
}

/** The audio of one reply between TTS, which writes it in order, and playback, which reads it in frames. */
export class ReplyTrack<Rate extends number = number> {
  readonly rate: Rate;
  readonly #pieces: Int16Array[] = [];
  readonly #cues: VisemeCue[] = [];
  #written = 0;
  #read = 0;
  #headOffset = 0;
  #ended = false;
  #onWrite: () => void = () => {};
  #onRead: () => void = () => {};

  constructor(rate: Rate) {
    this.rate = rate;
  }

  get written(): number {
    return this.#written;
  }

  /** Samples that wait to be played. */
  get buffered(): number {
    return this.#written - this.#read;
  }

  /** True once no more audio will come. */
  get ended(): boolean {
    return this.#ended;
  }

  write(pcm: Pcm<Rate>): void {
    if (this.#ended || pcm.samples.length === 0) return;
    this.#pieces.push(pcm.samples);
    this.#written += pcm.samples.length;
    this.#onWrite();
  }

  cue(cue: VisemeCue): void {
    this.#cues.push(cue);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onWrite();
  }

  /** Fills `frame` from its start; gives how many samples there were. */
  read(frame: Int16Array): number {
    let filled = 0;
    for (let piece = this.#pieces[0]; piece && filled < frame.length; piece = this.#pieces[0]) {
      const count = Math.min(frame.length - filled, piece.length - this.#headOffset);
      frame.set(piece.subarray(this.#headOffset, this.#headOffset + count), filled);
      filled += count;
      this.#headOffset += count;
      if (this.#headOffset === piece.length) {
        this.#pieces.shift();
        this.#headOffset = 0;
      }
    }
    this.#read += filled;
    if (filled > 0) this.#onRead();
    return filled;
  }

  /** Takes the cues that begin before `sample`. */
  takeCues(sample: number): VisemeCue[] {
    const count = this.#cues.findIndex((cue) => cue.sample >= sample);
    return this.#cues.splice(0, count < 0 ? this.#cues.length : count);
  }

  /** Called after each write and at the end; one listener. */
  onWrite(listener: () => void): void {
    this.#onWrite = listener;
  }

  /** Resolves when fewer than `samples` wait, or `signal` aborts. */
  async room(samples: number, signal: AbortSignal): Promise<void> {
    while (this.buffered >= samples && !signal.aborted) await this.#nextRead(signal);
  }

  #nextRead(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        this.#onRead = () => {};
        resolve();
      };
      this.#onRead = done;
      signal.addEventListener('abort', done);
    });
  }
}
