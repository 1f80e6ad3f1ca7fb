import { samplesInMs } from '../../machines/audio.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import type { ChildScope } from '../child.ts';
import type { ReplyTrack } from '../reply-track.ts';
import type { SegmentVoice } from './segment-voice.ts';

export interface SegmentReportOptions {
  readonly voice: Pick<SegmentVoice, 'segment' | 'made' | 'words' | 'ready'>;
  /** Where the segment goes. */
  readonly track: Pick<ReplyTrack, 'rate' | 'taken'>;
  readonly clock: Clock;
  readonly tell: ChildScope['tell'];
  /** What is new is told after so long at the latest, in ms. */
  readonly aliveMs: number;
}

/** The machine knows of what playback will have taken so long from now. */
const MARGIN_MS = 100;
/** A segment without marks is told of in steps of this much audio: what was heard of it is an estimate in any case. */
const STEP_MS = 100;

/**
 * What the machine is told of one segment. It reckons what was heard from what it was told, so it must know of each word
 * before playback takes it; sooner would say nothing more, and engines are several times faster than speech. So it is
 * told at the first audio, then when playback comes near the end of what it knows, and when the segment is whole; and
 * from time to time that the segment lives.
 */
export class SegmentReport {
  readonly #options: SegmentReportOptions;
  readonly #margin: number;
  readonly #step: number;
  /** The segment's place in the track. */
  #start: number | undefined;
  #told = 0;
  #toldWords = 0;
  #toldAtMs: number;
  #over = false;
  #heldUp = false;
  #timer: TimerHandle | undefined;

  constructor(options: SegmentReportOptions) {
    this.#options = options;
    this.#margin = samplesInMs(MARGIN_MS, options.track.rate);
    this.#step = samplesInMs(STEP_MS, options.track.rate);
    this.#toldAtMs = options.clock.nowMs();
    options.tell({ type: 'segment.started', segment: options.voice.segment });
  }

  /** The segment's first sample is the track's sample `start`, unless it was said before. Gives where it is. */
  startsAt(start: number): number {
    this.#start ??= start;
    return this.#start;
  }

  /** True if the machine must be told now. */
  get due(): boolean {
    if (this.#over) return false;
    const { ready, made, words } = this.#options.voice;
    if (ready) return true;
    if (this.#told === 0) return made > 0;
    const word = words[this.#toldWords];
    // Where words are marked nothing else counts; the first mark says that they are.
    if (this.#toldWords > 0) return word !== undefined && this.#near(word.sample);
    return word !== undefined || (made >= this.#told + this.#step && this.#near(this.#told));
  }

  tellIfDue(): void {
    if (this.due) this.#now();
    else this.#arm();
  }

  /** While `on`, nothing new can be made, and that is not the engine's fault: the machine is told that the segment lives. */
  holdUp(on: boolean): void {
    this.#heldUp = on;
    this.#arm();
  }

  /** Nothing is told any more. */
  close(): void {
    this.#over = true;
    this.#timer?.cancel();
  }

  /** Whether playback will soon have taken the segment up to `sample`. */
  #near(sample: number): boolean {
    const taken = this.#options.track.taken - (this.#start ?? 0);
    return sample < taken + this.#margin;
  }

  #arm(): void {
    const { voice, clock, aliveMs } = this.#options;
    if (this.#timer || this.#over || !(this.#heldUp || voice.made > this.#told)) return;
    const delayMs = Math.max(0, this.#toldAtMs + aliveMs - clock.nowMs());
    this.#timer = clock.setTimer(delayMs, () => this.#now());
  }

  #now(): void {
    const { voice, clock, tell } = this.#options;
    const { segment, made, words, ready } = voice;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#told = made;
    this.#toldWords = words.length;
    this.#toldAtMs = clock.nowMs();
    if (ready) this.close();
    tell({ type: 'segment.audio', segment, samples: made, words: [...words], ready });
    if (this.#heldUp) this.#arm();
  }
}
