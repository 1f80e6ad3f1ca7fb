import { type OutputRate, samplesInMs } from '../../machines/audio.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import type { ChildInputs } from '../../machines/session/commands.ts';
import { type ChildLogic, type ChildScope, childLogic } from '../child.ts';
import type { ResamplerFactory } from '../ports/resampler.ts';
import type { TtsEngine } from '../ports/tts.ts';
import { Bell } from '../reply/bell.ts';
import { FillerVoice } from '../reply/filler-voice.ts';
import { SegmentVoice, type SegmentVoiceOptions } from '../reply/segment-voice.ts';
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
 *
 * A filler goes to the front of the track if it is whole before the first segment has any audio; else it is dropped.
 * Neither waits for the other.
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
  /** Segments that were not begun yet. */
  readonly #asked: { readonly segment: number; readonly text: string }[] = [];
  #allAsked = false;
  /** Begun and not yet wholly in the track, in order. */
  readonly #voices: SegmentVoice[] = [];
  #allBegun = false;
  /** Until it is said or dropped. */
  #filler: FillerVoice | undefined;

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
      const said = Promise.all([this.#begin(), this.#deliver()]);
      // A filler may be asked for after the last segment: it listens as long as it lives.
      await Promise.race([said, this.#listen().then(() => said)]);
      return null;
    } finally {
      this.#end();
    }
  }

  /** An engine that does not heed the signal must not keep playback waiting for more. */
  #end(): void {
    this.#stop.abort(this.#scope.signal.reason);
    this.#filler?.stop();
    this.#options.track.end();
    this.#bell.ring();
  }

  async #listen(): Promise<void> {
    for await (const message of this.#scope.mailbox) {
      if (this.#stop.signal.aborted) return;
      if (message.type === 'segment') this.#asked.push(message);
      else if (message.type === 'filler') this.#fill(message.text);
      else if (message.type === 'end') this.#allAsked = true;
      this.#bell.ring();
    }
  }

  get #voiceOptions(): SegmentVoiceOptions {
    const { engine, resamplers, track } = this.#options;
    const { language, voice } = this.#input;
    return { engine, resamplers, rate: track.rate, language, voice };
  }

  async #begin(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const next = this.#asked[0];
      if (next && this.#mayBegin()) {
        this.#asked.shift();
        this.#voices.push(new SegmentVoice(this.#voiceOptions, next, signal, this.#bell));
        this.#bell.ring();
      } else if (!next && this.#allAsked) break;
      else await this.#bell.next();
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
      else if (this.#filler?.over) await this.#sayFiller();
      else await this.#bell.next();
    }
  }

  #fill(text: string): void {
    if (this.#options.track.written > 0) this.#scope.tell({ type: 'filler.audio', samples: 0 });
    else this.#filler ??= new FillerVoice(this.#voiceOptions, text, this.#bell);
  }

  /** `meanwhile`: the segment that it keeps waiting. */
  async #sayFiller(meanwhile?: SegmentReport): Promise<void> {
    const { track } = this.#options;
    const spoken = this.#filler?.spoken;
    this.#filler = undefined;
    track.lead = spoken?.samples.length ?? 0;
    // Before any of it can sound: whoever learns that something does knows that it is this.
    this.#scope.tell({ type: 'filler.audio', samples: track.lead });
    if (!spoken) return;
    for (const cue of spoken.cues) track.cue(cue);
    await this.#play(spoken.samples, { tellIfDue: () => {}, assure: () => meanwhile?.assure() });
  }

  #dropFiller(): void {
    if (!this.#filler) return;
    this.#filler.stop();
    this.#filler = undefined;
    this.#scope.tell({ type: 'filler.audio', samples: 0 });
  }

  async #deliverSegment(voice: SegmentVoice): Promise<void> {
    const { track } = this.#options;
    const { signal } = this.#stop;
    let start: number | undefined;
    const report = new SegmentReport(voice, this.#scope.tell, samplesInMs(TELL_MS, track.rate));
    while (!signal.aborted) {
      if (this.#filler?.over) await this.#sayFiller(report);
      const piece = voice.take();
      if (piece) this.#dropFiller();
      if (piece || voice.over) {
        start ??= track.written;
        for (const cue of voice.takeCues()) track.cue({ ...cue, sample: start + cue.sample });
      }
      if (piece) await this.#play(piece, report);
      else if (voice.ready) {
        report.tellIfDue();
        return;
      } else await this.#bell.next();
    }
  }

  /** Into the track, as it has room. */
  async #play(samples: Int16Array, report: Pick<SegmentReport, 'tellIfDue' | 'assure'>): Promise<void> {
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
