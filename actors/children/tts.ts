import { type OutputRate, samplesInMs } from '../../machines/audio.ts';
import type { ReadingParameters } from '../../machines/policies/reading/mod.ts';
import type { ChildInputs } from '../../machines/session/commands.ts';
import { type ChildLogic, type ChildScope, childLogic } from '../child.ts';
import type { ResamplerFactory } from '../ports/resampler.ts';
import type { TtsEngine } from '../ports/tts.ts';
import { Bell } from '../reply/bell.ts';
import { FillerVoice } from '../reply/filler-voice.ts';
import type { Listener } from '../reply/listener.ts';
import { SegmentVoice, type SegmentVoiceOptions } from '../reply/segment-voice.ts';
import type { ReplyTrack } from '../reply-track.ts';

export interface TtsChildOptions {
  readonly engine: TtsEngine;
  readonly resamplers: ResamplerFactory;
  readonly track: ReplyTrack<OutputRate>;
  /** Receives the progress of the synthesis. */
  readonly listener: Listener;
  readonly reading: ReadingParameters;
  /** Segments synthesised concurrently, at least 1. */
  readonly parallelSegments: number;
  /** Called when the child has ended for any reason; possibly twice. */
  readonly onEnd?: () => void;
}

/**
 * No further segment begins while this much audio waits to be played. The next one is still ready in time, and little
 * is wasted if the reply is stopped.
 */
const AHEAD_MS = 10_000;
/** A full track is written to when it has room for this much, not after each frame that was read. */
const ROOM_MS = 100;
/**
 * Speaks the segments into the reply's track and ends the track when it ends. Several segments are synthesised
 * concurrently, but their audio, events and failures come strictly in order. The machine learns of a segment when the
 * one before is ready, so a deadline always applies to the current segment.
 *
 * A filler goes to the front of the track if it is complete before the first segment has any audio; otherwise it is
 * dropped. Neither waits for the other.
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
  /** Segments that have not begun. */
  readonly #asked: { readonly segment: number; readonly text: string }[] = [];
  #allAsked = false;
  /** Begun and not yet completely in the track, in order. */
  readonly #voices: SegmentVoice[] = [];
  #allBegun = false;
  /** Set until it is spoken or dropped. */
  #filler: FillerVoice | undefined;
  /** The current segment, until the machine knows that it is ready. */
  #current: SegmentVoice | undefined;
  /** Room in the track that the writer waits for, in samples; 0 if it does not wait. */
  #needsRoom = 0;

  constructor(options: TtsChildOptions, scope: ChildScope, input: ChildInputs['tts']) {
    this.#options = options;
    this.#scope = scope;
    this.#input = input;
  }

  async run(): Promise<null> {
    const { track } = this.#options;
    this.#scope.signal.addEventListener('abort', () => this.#end(), { once: true });
    track.onRead(() => this.#onRead());
    try {
      const said = Promise.all([this.#begin(), this.#deliver()]);
      // A filler may be requested after the last segment, so the child listens until it is stopped.
      await Promise.race([said, this.#listen().then(() => said)]);
      return null;
    } finally {
      this.#end();
    }
  }

  /** An engine that ignores the signal must not keep playback waiting for more audio. */
  #end(): void {
    this.#stop.abort(this.#scope.signal.reason);
    this.#filler?.stop();
    this.#options.onEnd?.();
    this.#options.track.end();
    this.#bell.ring();
  }

  /** Runs fifty times a second, so it wakes the writer only if there is work. */
  #onRead(): void {
    const { track } = this.#options;
    const roomy = this.#needsRoom > 0 && track.capacity - track.buffered >= this.#needsRoom;
    if (roomy || (this.#asked.length > 0 && this.#mayBegin())) this.#bell.ring();
  }

  async #listen(): Promise<void> {
    for await (const message of this.#scope.mailbox) {
      if (this.#stop.signal.aborted) return;
      if (message.type === 'segment') {
        this.#options.listener.asked(message.text);
        this.#asked.push(message);
      }
      if (message.type === 'filler') this.#fill(message.text);
      else if (message.type === 'end') this.#allAsked = true;
      this.#bell.ring();
    }
  }

  get #voiceOptions(): SegmentVoiceOptions {
    const { engine, resamplers, track, reading } = this.#options;
    const { language, voice } = this.#input;
    return { engine, resamplers, rate: track.rate, language, voice, reading };
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
    if (this.#options.track.written > 0) this.#scope.emit({ type: 'filler.audio', samples: 0 });
    else this.#filler ??= new FillerVoice(this.#voiceOptions, text, this.#bell);
  }

  async #sayFiller(): Promise<void> {
    const { track } = this.#options;
    const spoken = this.#filler?.spoken;
    this.#filler = undefined;
    track.lead = spoken?.samples.length ?? 0;
    // Emitted before any of it can sound, so that an observer who sees playback start knows that it is the filler.
    this.#scope.emit({ type: 'filler.audio', samples: track.lead });
    if (!spoken) return;
    for (const cue of spoken.cues) track.cue(cue);
    await this.#play(spoken.samples);
  }

  #dropFiller(): void {
    if (!this.#filler) return;
    this.#filler.stop();
    this.#filler = undefined;
    this.#scope.emit({ type: 'filler.audio', samples: 0 });
  }

  async #deliverSegment(voice: SegmentVoice): Promise<void> {
    const { track, listener } = this.#options;
    const { signal } = this.#stop;
    this.#current = voice;
    listener.begins(voice.segment, voice);
    this.#scope.emit({ type: 'segment.started', segment: voice.segment });
    let start: number | undefined;
    while (!signal.aborted) {
      if (this.#filler?.over) await this.#sayFiller();
      const piece = voice.take();
      if (piece) this.#dropFiller();
      if (piece || voice.over) {
        start ??= track.written;
        for (const cue of voice.takeCues()) track.cue({ ...cue, sample: start + cue.sample });
      }
      this.#recordMade();
      if (piece) {
        await this.#play(piece);
        continue;
      }
      if (voice.ready) return;
      await this.#bell.next();
    }
  }

  /** Reports the progress of the current segment, and once that it is complete. */
  #recordMade(): void {
    this.#options.listener.madeAudio();
    const voice = this.#current;
    if (!voice?.ready) return;
    this.#current = undefined;
    const { segment, made, words } = voice;
    this.#scope.emit({ type: 'segment.ready', segment, samples: made, words: [...words] });
  }

  /** Writes audio to the track as it has room. */
  async #play(samples: Int16Array): Promise<void> {
    const { track, listener } = this.#options;
    const { signal } = this.#stop;
    const piece = { rate: track.rate, samples };
    let taken = track.write(piece);
    if (taken === samples.length) return;
    listener.holdUp(true);
    this.#needsRoom = Math.min(track.capacity, samplesInMs(ROOM_MS, track.rate));
    while (taken < samples.length && !signal.aborted) {
      this.#recordMade();
      if (track.capacity - track.buffered < this.#needsRoom) await this.#bell.next();
      else taken += track.write(piece, taken);
    }
    this.#needsRoom = 0;
    listener.holdUp(false);
  }
}
