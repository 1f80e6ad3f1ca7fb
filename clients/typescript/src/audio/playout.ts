import { DUCK_RAMP_MS, DUCKED_DB, type PlaybackState } from '../../../../machines/wire.ts';
import type { PlayoutOrder } from '../speaker.ts';

/** Why a count is reported: on the way, or because playback of the generation paused, ran dry or was dropped. */
export type PlayedCause = 'progress' | 'drained' | 'pause' | 'flush' | 'resume';

/** Number of samples of the generation played, counted from its start. */
export interface Played {
  readonly generation: number;
  readonly samples: number;
  readonly cause: PlayedCause;
}

export interface PlayoutStats {
  /** Times that the buffer ran dry in the middle of a reply. */
  readonly underruns: number;
  /** Frames missing by their sequence number. */
  readonly gaps: number;
  /** Frames dropped: of a flushed or older generation, or seen before. */
  readonly stale: number;
  /** Samples dropped because the buffer was full. */
  readonly overflow: number;
}

export interface PlayoutOptions {
  /** Of the audio, in Hz. */
  readonly rate: number;
  /** How much is gathered before sound starts, in ms. Default 40: two frames. */
  readonly targetMs?: number;
  /** The target grows by a frame with each underrun, up to this. Default 160: below what the server sends ahead. */
  readonly maxTargetMs?: number;
  /** Distance of progress reports, in ms of played audio. Default 100. */
  readonly reportMs?: number;
  /** Most audio held, in ms; what comes beyond is dropped. Default 10,000. */
  readonly capacityMs?: number;
}

interface Chunk {
  readonly generation: number;
  readonly samples: Int16Array;
  offset: number;
}

const DUCKED_GAIN = 10 ** (DUCKED_DB / 20);
const GROWTH_MS = 20;
/** Counts of this many generations are kept, so that a late flush can still be answered. */
const GENERATIONS_KEPT = 16;

/**
 * The jitter buffer of the speaker, and the account of what was played. It knows no clock but the samples that
 * `render` asks for. Counts of a generation never fall and are exact to the sample.
 */
export class Playout {
  readonly #maxTarget: number;
  readonly #growth: number;
  readonly #reportEvery: number;
  readonly #capacity: number;
  #target: number;

  #queue: Chunk[] = [];
  #queued = 0;
  /** True from the moment that enough was gathered until the queue is empty. */
  #flowing = false;
  #waited = 0;
  #paused: number | undefined;
  #ducked: number | undefined;
  /** Of what is played now; it moves by `#gainStep` a sample towards its target. */
  #gain = 1;
  readonly #gainStep: number;
  #flushedThrough = -1;
  #newest = -1;
  #nextSeq = 0;
  /** The generation whose audio ran out last: more of it means that it ran out too early. */
  #drained: number | undefined;
  readonly #played = new Map<number, number>();
  #unreported = 0;
  #reports: Played[] = [];
  #stats = { underruns: 0, gaps: 0, stale: 0, overflow: 0 };

  constructor(options: PlayoutOptions) {
    const inSamples = (ms: number) => Math.round((ms * options.rate) / 1_000);
    this.#target = inSamples(options.targetMs ?? 40);
    this.#maxTarget = inSamples(options.maxTargetMs ?? 160);
    this.#growth = inSamples(GROWTH_MS);
    this.#reportEvery = inSamples(options.reportMs ?? 100);
    this.#capacity = inSamples(options.capacityMs ?? 10_000);
    this.#gainStep = (1 - DUCKED_GAIN) / inSamples(DUCK_RAMP_MS);
  }

  get stats(): PlayoutStats {
    return { ...this.#stats };
  }

  /** Samples received and not played yet. */
  get queued(): number {
    return this.#queued;
  }

  obey(order: PlayoutOrder): void {
    if (order.type === 'playback') this.setPlayback(order.generation, order.state);
    else if (order.type === 'flush') this.flush(order.generation);
    else this[order.type]();
  }

  /** Takes frame `seq` of `generation`. Stale and repeated frames are dropped and counted. */
  push(generation: number, seq: number, samples: Int16Array): void {
    if (generation <= this.#flushedThrough || generation < this.#newest) {
      this.#stats.stale++;
      return;
    }
    if (generation > this.#newest) {
      this.#newest = generation;
      this.#nextSeq = 0;
    }
    if (seq < this.#nextSeq) {
      this.#stats.stale++;
      return;
    }
    this.#stats.gaps += seq - this.#nextSeq;
    this.#nextSeq = seq + 1;
    if (samples.length === 0) return;
    if (this.#queued + samples.length > this.#capacity) {
      this.#stats.overflow += samples.length;
      return;
    }
    if (this.#drained === generation) {
      this.#stats.underruns++;
      this.#target = Math.min(this.#maxTarget, this.#target + this.#growth);
    }
    this.#drained = undefined;
    this.#queue.push({ generation, samples, offset: 0 });
    this.#queued += samples.length;
  }

  /** Pauses `generation` before its next sample, or plays it on from that sample: `ducked` means softer. */
  setPlayback(generation: number, state: PlaybackState): void {
    if (state === 'paused') {
      this.#paused = generation;
      this.#report(generation, 'pause');
      return;
    }
    if (this.#paused === generation) this.#paused = undefined;
    if (state === 'ducked') this.#ducked = generation;
    else if (this.#ducked === generation) this.#ducked = undefined;
  }

  /** Drops all audio of `generation` and older ones, now and when it comes late. */
  flush(generation: number): void {
    const dropped = new Set<number>([generation]);
    for (const chunk of this.#queue) if (chunk.generation <= generation) dropped.add(chunk.generation);
    this.#queue = this.#queue.filter((chunk) => chunk.generation > generation);
    this.#queued = this.#queue.reduce((sum, chunk) => sum + chunk.samples.length - chunk.offset, 0);
    this.#flushedThrough = Math.max(this.#flushedThrough, generation);
    if (this.#paused !== undefined && this.#paused <= generation) this.#paused = undefined;
    this.#stop();
    this.#drained = undefined;
    for (const each of [...dropped].sort((a, b) => a - b)) this.#report(each, 'flush');
  }

  /** Drops everything received so far, without waiting for the server's `flush`. */
  silence(): void {
    if (this.#newest >= 0) this.flush(this.#newest);
  }

  /** Repeats the count of the newest generation: reports may have been lost with the connection. */
  resume(): void {
    if (this.#newest >= 0) this.#report(this.#newest, 'resume');
  }

  /** Resets everything: the server counts generations from the start again. */
  reset(): void {
    this.#queue = [];
    this.#queued = 0;
    this.#stop();
    this.#paused = undefined;
    this.#ducked = undefined;
    this.#drained = undefined;
    this.#flushedThrough = -1;
    this.#newest = -1;
    this.#nextSeq = 0;
    this.#played.clear();
    this.#reports = [];
  }

  /** Fills `output` (−1..1) with what is to be heard next, then silence. Returns how much of it is audio. */
  render(output: Float32Array): number {
    let filled = 0;
    while (filled < output.length) {
      const chunk = this.#queue[0];
      if (!chunk || chunk.generation === this.#paused) break;
      if (!this.#flowing && !this.#gathered(output.length - filled)) break;
      const count = Math.min(output.length - filled, chunk.samples.length - chunk.offset);
      this.#copy(chunk, output.subarray(filled, filled + count));
      filled += count;
      this.#advance(chunk, count);
    }
    output.fill(0, filled);
    // Nothing sounds, so nothing jumps: the next sound begins at its own level.
    if (filled < output.length) this.#gain = this.#gainOf(this.#queue[0]);
    return filled;
  }

  #copy({ generation, samples, offset }: Chunk, output: Float32Array): void {
    const target = this.#gainOf({ generation });
    for (let i = 0; i < output.length; i++) {
      if (this.#gain < target) this.#gain = Math.min(target, this.#gain + this.#gainStep);
      else if (this.#gain > target) this.#gain = Math.max(target, this.#gain - this.#gainStep);
      output[i] = ((samples[offset + i] ?? 0) / 0x8000) * this.#gain;
    }
  }

  #gainOf(chunk: Pick<Chunk, 'generation'> | undefined): number {
    return chunk !== undefined && chunk.generation === this.#ducked ? DUCKED_GAIN : 1;
  }

  /** The reports since the last call, oldest first. */
  takeReports(): Played[] {
    const reports = this.#reports;
    this.#reports = [];
    return reports;
  }

  /** True once the target is reached, or once the first sample has waited as long as the target is. */
  #gathered(elapsing: number): boolean {
    if (this.#queued < this.#target && this.#waited < this.#target) {
      this.#waited += elapsing;
      return false;
    }
    this.#flowing = true;
    this.#waited = 0;
    return true;
  }

  #advance(chunk: Chunk, count: number): void {
    chunk.offset += count;
    this.#queued -= count;
    this.#unreported += count;
    this.#played.set(chunk.generation, (this.#played.get(chunk.generation) ?? 0) + count);
    if (this.#played.size > GENERATIONS_KEPT) this.#played.delete(Math.min(...this.#played.keys()));
    if (chunk.offset === chunk.samples.length) {
      this.#queue.shift();
      const next = this.#queue[0];
      if (!next) {
        this.#stop();
        this.#drained = chunk.generation;
      }
      if (next?.generation !== chunk.generation) {
        this.#report(chunk.generation, 'drained');
        return;
      }
    }
    if (this.#unreported >= this.#reportEvery) this.#report(chunk.generation, 'progress');
  }

  #report(generation: number, cause: PlayedCause): void {
    this.#unreported = 0;
    this.#reports.push({ generation, samples: this.#played.get(generation) ?? 0, cause });
  }

  #stop(): void {
    this.#flowing = this.#queue.length > 0 && this.#flowing;
    this.#waited = 0;
  }
}
