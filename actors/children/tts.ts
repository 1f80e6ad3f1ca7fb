import { type OutputRate, samplesInMs } from '../../machines/audio.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import type { ChildInputs } from '../../machines/session/commands.ts';
import { type ChildLogic, type ChildScope, childLogic } from '../child.ts';
import type { ResamplerFactory } from '../ports/resampler.ts';
import type { TtsEngine } from '../ports/tts.ts';
import { Bell } from '../reply/bell.ts';
import { SegmentVoice } from '../reply/segment-voice.ts';
import type { ReplyTrack } from '../reply-track.ts';

export interface TtsChildOptions {
  readonly engine: TtsEngine;
  readonly resamplers: ResamplerFactory;
  readonly track: ReplyTrack<OutputRate>;
  readonly clock: Clock;
  /** So many segments are synthesised at once, at least 1. */
  readonly parallelSegments: number;
}

/** No further segment is begun while this much waits to be played: the next is ready in time, and little is made in vain. */
const AHEAD_MS = 10_000;
/** The machine is told of new audio at most this often. */
const TELL_MS = 100;
/** While a full track holds the speech up, the machine is told this often that the engine is not to blame. */
const HELD_UP_MS = 250;

/**
 * Speaks the segments into the reply's track, and ends the track when it ends, well or ill. Several are synthesised at
 * once, but they are heard and told of strictly in order: the machine learns of a segment when the one before is ready,
 * so that its deadline is that of the segment whose turn it is. A failure too is told when its turn comes.
 */
export function ttsChild(options: TtsChildOptions, input: ChildInputs['tts']): ChildLogic {
  return childLogic((scope) => new Speech(options, scope, input).run());
}

class Speech {
  readonly #options: TtsChildOptions;
  readonly #scope: ChildScope;
  readonly #input: ChildInputs['tts'];
  /** Stops the engines: when the child is stopped, and when one of them fails. */
  readonly #stop = new AbortController();
  readonly #bell = new Bell();
  /** Begun and not yet wholly in the track, in order. */
  readonly #voices: SegmentVoice[] = [];
  #allBegun = false;

  constructor(options: TtsChildOptions, scope: ChildScope, input: ChildInputs['tts']) {
    this.#options = options;
    this.#scope = scope;
    this.#input = input;
  }

  async run(): Promise<null> {
    const { track } = this.#options;
    this.#scope.signal.addEventListener('abort', () => this.#end(), { once: true });
    track.onRead(() => this.#bell.ring());
    try {
      await Promise.all([this.#begin(), this.#deliver()]);
      return null;
    } finally {
      this.#end();
    }
  }

  /** An engine that does not heed the signal must not keep playback waiting for more. */
  #end(): void {
    this.#stop.abort(this.#scope.signal.reason);
    this.#options.track.end();
    this.#bell.ring();
  }

  async #begin(): Promise<void> {
    const { engine, resamplers, track } = this.#options;
    const { language, voice } = this.#input;
    const { signal } = this.#stop;
    for await (const message of this.#scope.mailbox) {
      if (message.type === 'end') break;
      if (message.type !== 'segment') continue;
      while (!this.#mayBegin() && !signal.aborted) await this.#bell.next();
      if (signal.aborted) return;
      const options = { engine, resamplers, rate: track.rate, language, voice };
      this.#voices.push(new SegmentVoice(options, message, signal, this.#bell));
      this.#bell.ring();
    }
    this.#allBegun = true;
    this.#bell.ring();
  }

  #mayBegin(): boolean {
    const { track, parallelSegments } = this.#options;
    const running = this.#voices.filter(({ over }) => !over).length;
    const waiting = this.#voices.reduce((sum, { held }) => sum + held, track.buffered);
    return running < parallelSegments && waiting < samplesInMs(AHEAD_MS, track.rate);
  }

  async #deliver(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const voice = this.#voices[0];
      if (voice) {
        await this.#deliverSegment(voice);
        this.#voices.shift();
        this.#bell.ring();
      } else if (this.#allBegun) return;
      else await this.#bell.next();
    }
  }

  async #deliverSegment(voice: SegmentVoice): Promise<void> {
    const { track } = this.#options;
    const { signal } = this.#stop;
    const start = track.written;
    const report = new SegmentReport(voice, this.#scope.tell, samplesInMs(TELL_MS, track.rate));
    while (!signal.aborted) {
      const piece = voice.take();
      for (const cue of voice.takeCues()) track.cue({ ...cue, sample: start + cue.sample });
      if (piece) await this.#play(piece, report);
      else if (voice.ready) {
        report.tellIfDue();
        return;
      } else await this.#bell.next();
    }
  }

  /** Into the track, as it has room. */
  async #play(samples: Int16Array, report: SegmentReport): Promise<void> {
    const { track, clock } = this.#options;
    const { signal } = this.#stop;
    const piece = { rate: track.rate, samples };
    const room = Math.min(track.capacity, samplesInMs(TELL_MS, track.rate));
    for (let taken = track.write(piece); !signal.aborted; taken += track.write(piece, taken)) {
      report.tellIfDue();
      if (taken === samples.length) return;
      const timer = repeat(clock, HELD_UP_MS, () => report.assure());
      while (track.capacity - track.buffered < room && !signal.aborted) await this.#bell.next();
      timer.cancel();
    }
  }
}

/** What the machine is told of one segment. */
class SegmentReport {
  readonly #voice: SegmentVoice;
  readonly #tell: ChildScope['tell'];
  readonly #every: number;
  #told = 0;
  #ready = false;

  constructor(voice: SegmentVoice, tell: ChildScope['tell'], everySamples: number) {
    this.#voice = voice;
    this.#tell = tell;
    this.#every = everySamples;
    tell({ type: 'segment.started', segment: voice.segment });
  }

  tellIfDue(): void {
    const { ready, made } = this.#voice;
    const due = ready || (this.#told === 0 ? made > 0 : made - this.#told >= this.#every);
    if (due && !this.#ready) this.#now();
  }

  /** That the segment lives, though nothing new is made. */
  assure(): void {
    if (!this.#ready) this.#now();
  }

  #now(): void {
    const { segment, made, words, ready } = this.#voice;
    this.#told = made;
    this.#ready = ready;
    this.#tell({ type: 'segment.audio', segment, samples: made, words: [...words], ready });
  }
}

function repeat(clock: Clock, everyMs: number, call: () => void): TimerHandle {
  let timer = clock.setTimer(everyMs, again);
  function again(): void {
    timer = clock.setTimer(everyMs, again);
    call();
  }
  return { cancel: () => timer.cancel() };
}
