import { type OutputRate, samplesInMs } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { WordMark } from '../../machines/policies/heard.ts';
import {
  type ReadingParameters,
  readAloud,
  type SpeechText,
  writtenWords,
} from '../../machines/policies/reading/mod.ts';
import { wordPlaces } from '../../machines/policies/text.ts';
import { throwIfAborted } from '../cancellation.ts';
import type { Resampler, ResamplerFactory } from '../ports/resampler.ts';
import type { TtsEngine, TtsEvent, TtsRequest } from '../ports/tts.ts';
import type { VisemeCue } from '../reply-track.ts';
import type { Bell } from './bell.ts';

export interface SegmentVoiceOptions {
  readonly engine: TtsEngine;
  readonly resamplers: ResamplerFactory;
  readonly rate: OutputRate;
  readonly language: string;
  readonly voice: string | null;
  readonly reading: ReadingParameters;
  /** See `TtsRequest`. */
  readonly cachedOnly?: true;
}

/**
 * Backpressure limit: read no more from the engine while this much audio waits. One piece of the engine's may exceed
 * it.
 */
const HELD_MS = 5_000;

/**
 * Synthesis of one segment. It runs by itself and buffers its audio until the segment's turn. All samples are at the
 * output rate, counted from the segment's start.
 */
export class SegmentVoice {
  readonly segment: number;
  /** Marks known so far, with offsets in the segment's own text. */
  readonly words: WordMark[] = [];
  /** Samples made so far. */
  made = 0;
  /** True when the engine has ended or was not needed. */
  over = false;
  readonly #text: string;
  readonly #spoken: SpeechText;
  readonly #options: SegmentVoiceOptions;
  readonly #signal: AbortSignal;
  /** Rings when audio was made or taken, and at the end. */
  readonly #bell: Bell;
  readonly #pieces: Int16Array[] = [];
  readonly #cues: VisemeCue[] = [];
  #held = 0;
  #failure: { readonly thrown: unknown } | undefined;
  #resampler: Resampler<number, OutputRate> | undefined;

  constructor(
    options: SegmentVoiceOptions,
    { segment, text }: { readonly segment: number; readonly text: string },
    signal: AbortSignal,
    bell: Bell,
  ) {
    this.segment = segment;
    this.#options = options;
    this.#signal = signal;
    this.#bell = bell;
    this.#text = text;
    this.#spoken = options.engine.readsItself
      ? writtenWords(text)
      : readAloud(text, options.language, options.reading);
    void this.#run();
  }

  /** True when all of it is made: not if it was stopped before. */
  get ready(): boolean {
    return this.over && !this.#failure;
  }

  /** Samples that wait for the segment's turn. */
  get held(): number {
    return this.#held;
  }

  /**
   * Returns the next piece of audio, or undefined if none is available now. Throws the engine's error once all audio
   * before it was taken.
   */
  take(): Int16Array | undefined {
    const piece = this.#pieces.shift();
    if (piece) {
      this.#held -= piece.length;
      this.#bell.ring();
    } else if (this.#failure) throw this.#failure.thrown;
    return piece;
  }

  /** Returns the cues made so far, each once. */
  takeCues(): VisemeCue[] {
    return this.#cues.splice(0);
  }

  async #run(): Promise<void> {
    try {
      // Text that is not spoken (code, emoji) is not synthesised and lasts no time.
      if (this.#spoken.text !== '') await this.#speak(this.#spoken.text);
    } catch (thrown) {
      this.#failure = { thrown };
    } finally {
      this.#resampler?.close();
      this.over = true;
      this.#bell.ring();
    }
  }

  async #speak(text: string): Promise<void> {
    const { engine, rate, language, voice, cachedOnly } = this.#options;
    const request: TtsRequest = {
      text,
      language,
      ...(voice === null ? {} : { voice }),
      ...(cachedOnly && { cachedOnly }),
    };
    const most = samplesInMs(HELD_MS, rate);
    // Marks may arrive before the first audio, which carries the engine's rate.
    const early: Exclude<TtsEvent, { type: 'audio' }>[] = [];
    for await (const event of engine.synthesize(request, this.#signal)) {
      throwIfAborted(this.#signal);
      if (event.type === 'audio') {
        this.#resampler ??= this.#options.resamplers.create(event.pcm.rate, rate);
        for (const mark of early.splice(0)) this.#mark(mark, this.#resampler);
        this.#keep(this.#resampler.push(event.pcm).samples);
      } else if (this.#resampler) this.#mark(event, this.#resampler);
      else early.push(event);
      while (this.#held >= most && !this.#signal.aborted) await this.#bell.next();
    }
    throwIfAborted(this.#signal);
    if (this.#resampler) this.#keep(this.#resampler.flush().samples);
    if (this.made === 0) throw new ParleyError('TTS_FAILED', `${engine.name} gave no audio for a text`);
    if (this.words.length === 0) this.words.push(...evenMarks(this.#spoken, this.made));
  }

  #keep(samples: Int16Array): void {
    if (samples.length === 0) return;
    this.#pieces.push(samples);
    this.#held += samples.length;
    this.made += samples.length;
    this.#bell.ring();
  }

  #mark(event: Exclude<TtsEvent, { type: 'audio' }>, { from, to }: Resampler<number, OutputRate>): void {
    const sample = Math.round((event.sample * to) / from);
    if (event.type === 'word') this.words.push({ sample, offset: this.#spoken.originalOffset(event.offset) });
    else this.#cues.push({ sample, phoneme: event.phoneme, viseme: event.viseme });
  }
}

/**
 * Marks as if all letters that are spoken lasted equally long, for a voice that does not report when each word begins.
 * As with other marks, a word counts as heard once the next one begins.
 */
function evenMarks({ text, originalOffset }: SpeechText, samples: number): WordMark[] {
  return wordPlaces(text).map(({ offset }) => ({
    sample: Math.round((samples * offset) / text.length),
    offset: originalOffset(offset),
  }));
}
