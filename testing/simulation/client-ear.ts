import type { SessionClient } from '../../actors/session/handle.ts';
import type { Clock } from '../../machines/clock.ts';
import { readAloud } from '../../machines/policies/reading/mod.ts';
import { countWords, PacedPosition } from '../../machines/session/reply/heard-check.ts';
import type { Modality, PublicState, SessionMessage } from '../../machines/wire.ts';
import type { ReplyHeard } from './chain-audit.ts';
import { FIRST_WORD, type Vocabulary } from './engines.ts';
import { FILLER_SOUND } from './fillers.ts';
import { claim } from './user.ts';

export interface ClientEarOptions {
  readonly clock: Clock;
  readonly outputRate: number;
  readonly output: Modality;
  readonly spoken: Vocabulary;
  readonly onState: (state: PublicState) => void;
  readonly found: (what: string) => void;
  /**
   * Called at the end of each reply with its audible text. If set, engines may take over from each other, and words may
   * be repeated.
   */
  readonly onHeard?: (reply: ReplyHeard) => void;
}

/** The pacing knows the position to one frame, so this is as precise. */
const SLACK_MS = 20;

/**
 * The client of a session: plays what arrives and checks it independently. It reads the played words from the samples,
 * so it does not rely on the session's `heard`.
 */
export class ClientEar implements SessionClient {
  readonly #options: ClientEarOptions;
  #closed = false;
  #generation = 0;
  #flushed = 0;
  #ended = 0;
  /** The newest generation of a server that died. */
  #before = 0;
  #nextFrame = 0;
  /** True once a frame of the reply itself arrived, after any filler. */
  #begun = false;
  #stateSeq = -1;
  #frames: Int16Array[] = [];
  /** Text of the newest reply with any. */
  #text = { generation: 0, received: '' };
  #position: PacedPosition;
  /** True if this reply's `heard` is based on the client's reports. */
  #reported = false;

  constructor(options: ClientEarOptions) {
    this.#options = options;
    this.#position = new PacedPosition(options.outputRate);
  }

  get generation(): number {
    return this.#generation;
  }

  /** Samples of the reply that have arrived. */
  get received(): number {
    return this.#position.sent;
  }

  /** Returns the value to send as `played`. */
  playedReport(lie: number): number {
    this.#reported = true;
    return claim(this.#position.at(this.#options.clock.nowMs()), lie);
  }

  /** What another process needs to know: what was played. */
  played(): { readonly generation: number; readonly samples: number } {
    return { generation: this.#generation, samples: this.#position.at(this.#options.clock.nowMs()) };
  }

  /**
   * Another process continues the session: it may have lost the last moments, and never speaks of what is known. `last`: the
   * newest generation that it knows, of which the client may have missed something.
   */
  resumed(last = 0): void {
    this.#stateSeq = -1;
    this.#before = Math.max(last, this.#flushed, this.#generation, this.#ended, this.#text.generation);
    this.#flushed = this.#before;
    this.#ended = 0;
  }

  close(): void {
    this.#closed = true;
  }

  audio(generation: number, seq: number, pcm: Uint8Array): void {
    if (this.#closed) return;
    if (this.#options.output === 'text') this.#find(`a text-only client got frame ${seq}`);
    if (generation <= this.#flushed) this.#find(`a frame of generation ${generation} came after its flush`);
    if (generation < this.#generation)
      this.#find(`a frame of generation ${generation} came after ${this.#generation}`);
    if (generation <= this.#ended) this.#find(`a frame of generation ${generation} came after its end`);
    if (generation > this.#generation) this.#begin(generation);
    if (seq !== this.#nextFrame) this.#find(`frame ${seq} came where ${this.#nextFrame} was due`);
    this.#nextFrame = seq + 1;
    const samples = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.byteLength / 2);
    if (samples[0] !== FILLER_SOUND) this.#begun = true;
    else if (this.#begun) this.#find(`frame ${seq} is a filler's, in the middle of the reply`);
    this.#frames.push(samples);
    this.#position.frame(this.#options.clock.nowMs(), samples.length);
  }

  #begin(generation: number): void {
    this.#generation = generation;
    this.#nextFrame = 0;
    this.#begun = false;
    this.#frames = [];
    this.#position = new PacedPosition(this.#options.outputRate);
    this.#reported = false;
  }

  message(message: SessionMessage): void {
    if (this.#closed) return;
    switch (message.type) {
      case 'state':
        if (message.seq <= this.#stateSeq) this.#find(`state ${message.seq} came after ${this.#stateSeq}`);
        this.#stateSeq = message.seq;
        if (message.generation > this.#generation) this.#begin(message.generation);
        this.#options.onState(message.value);
        return;
      case 'reply': {
        const { generation, text } = message;
        if (generation > this.#text.generation) this.#text = { generation, received: text };
        else this.#text.received += text;
        return;
      }
      case 'playback':
        this.#position.setPaused(this.#options.clock.nowMs(), message.state === 'paused');
        return;
      case 'flush':
        this.#flushed = message.generation;
        return;
      case 'reply.end':
        if (message.generation <= this.#ended) this.#find(`generation ${message.generation} ended twice`);
        this.#ended = message.generation;
        if (this.#options.output === 'text') this.#checkRead(message.generation, message.heard);
        else if (message.generation === this.#generation)
          this.#checkHeard(message.heard, message.reason === 'interrupted');
        this.#options.onHeard?.({
          generation: message.generation,
          voices: message.generation === this.#generation ? this.#voices() : [],
        });
        return;
      default:
        return;
    }
  }

  /** A text counts as heard when it arrived. */
  #checkRead(generation: number, heard: string): void {
    const received = generation === this.#text.generation ? this.#text.received.trim() : '';
    // The journal may not have the last words of a server that died.
    const lost = generation <= this.#before && (received.startsWith(heard) || heard.startsWith(received));
    if (heard !== received && !lost) this.#find(`'${heard}' counts as heard, but '${received}' was received`);
  }

  #checkHeard(heard: string, interrupted: boolean): void {
    if (this.#reported || countWords(heard) === 0) return;
    const slack = (SLACK_MS * this.#options.outputRate) / 1_000;
    const position = this.#position.at(this.#options.clock.nowMs()) + slack;
    const played = this.#playedWords(interrupted ? position : Number.POSITIVE_INFINITY);
    const first = this.#options.onHeard ? firstMissing : firstOther;
    const readings = LANGUAGES.map((language) => wordsOf(readAloud(heard, language).text));
    if (readings.some((words) => first(words, played) < 0)) return;
    const [words = []] = readings;
    this.#find(
      `'${words[first(words, played)]}' counts as heard, but what was played is '${played.join(' ')}'`,
    );
  }

  /** The engines that spoke in this reply. */
  #voices(): string[] {
    const voices: string[] = [];
    let value = 0;
    for (const frame of this.#frames)
      for (let i = 0; i < frame.length; i += STRIDE) {
        const next = frame[i] ?? 0;
        if (next === value) continue;
        value = next;
        const voice = value >= FIRST_WORD ? this.#options.spoken.speakerOf(value) : '';
        if (voice !== '' && voice !== voices.at(-1)) voices.push(voice);
      }
    return voices;
  }

  /** The words whose audio lies completely before `limit`. */
  #playedWords(limit: number): string[] {
    const words: string[] = [];
    let at = 0;
    let value = 0;
    const end = () => {
      const word = value >= FIRST_WORD ? spoken(this.#options.spoken.wordsOf(value)) : '';
      if (word !== '') words.push(word);
    };
    for (const frame of this.#frames) {
      for (let i = 0; i < frame.length; i += STRIDE) {
        if (at + i > limit) return words;
        const next = frame[i] ?? 0;
        if (next === value) continue;
        end();
        value = next;
      }
      at += frame.length;
    }
    if (at <= limit) end();
    return words;
  }

  #find(what: string): void {
    this.#options.found(what);
  }
}

/** Those of the simulated sessions: "up.up" is "up dot up", or "up Punkt up". */
const LANGUAGES = ['en', 'de'] as const;

function wordsOf(text: string): readonly string[] {
  return text
    .split(/\s+/u)
    .map(spoken)
    .filter((word) => word !== '');
}

/** A word lasts at least 10 ms. */
const STRIDE = 24;

/**
 * Index of the first of `words` that differs from what was played, letter by letter: text for speech may have fewer
 * spaces. -1 if all match.
 */
function firstOther(words: readonly string[], played: readonly string[]): number {
  const letters = played.join('');
  let at = 0;
  return words.findIndex((word) => {
    const same = letters.startsWith(word, at);
    at += word.length;
    return !same;
  });
}

/** Index of the first of `words` that does not follow in `played`; -1 if all do. */
function firstMissing(words: readonly string[], played: readonly string[]): number {
  let next = 0;
  return words.findIndex((word) => {
    next = played.indexOf(word, next) + 1;
    return next === 0;
  });
}

/** The audible part of a word: text for speech is written differently from the history. */
function spoken(word: string): string {
  return word.replace(/[^\p{L}\p{N}]/gu, '');
}
