import { msOfSamples } from '../../machines/audio.ts';
import { isUnspaced } from '../../machines/policies/text.ts';
import type { Resampler, ResamplerFactory } from '../ports/resampler.ts';
import type { TtsEvent } from '../ports/tts.ts';

type Mark = Exclude<TtsEvent, { type: 'audio' }>;

/** Shortest assumed duration of a character, ms: 15 Latin letters a second, 5 Chinese characters. */
const MS_PER_CHAR = 65;
const MS_PER_UNSPACED_CHAR = 200;

/**
 * A segment that several engines speak one after the other. Turns the events of the current engine into events of the
 * whole segment. It holds words and phonemes back until their audio is sent, so that none refers to audio that never
 * arrived.
 */
export class Segment {
  readonly #text: string;
  readonly #resamplers: ResamplerFactory;
  #rate: number | undefined;
  #sent = 0;
  #words: { readonly sample: number; readonly offset: number }[] = [];
  /** Offset in the text at which the current engine began. */
  #startSample = 0;
  #startOffset = 0;
  /** Whether this engine has reported words. */
  #marked = false;
  #resampler: Resampler | undefined;
  #held: Mark[] = [];
  /** Emitted only if the segment has other words. */
  #guessed: Extract<Mark, { type: 'word' }>[] = [];

  constructor(text: string, resamplers: ResamplerFactory) {
    this.#text = text;
    this.#resamplers = resamplers;
  }

  get sentAudio(): boolean {
    return this.#sent > 0;
  }

  /** The text that is still to be spoken. */
  get rest(): string {
    return this.#text.slice(this.#startOffset);
  }

  /** ms of audio from the current engine. */
  get spokenMs(): number {
    return this.#rate === undefined ? 0 : msOfSamples(this.#sent - this.#startSample, this.#rate);
  }

  *take(event: TtsEvent): Generator<TtsEvent> {
    if (event.type !== 'audio') {
      this.#hold(event);
      return;
    }
    const { pcm } = event;
    this.#rate ??= pcm.rate;
    if (pcm.rate !== this.#rate) this.#resampler ??= this.#resamplers.create(pcm.rate, this.#rate);
    yield* this.#send(this.#resampler ? this.#resampler.push(pcm).samples : pcm.samples);
  }

  /** The current engine has spoken all of its text. */
  *finish(): Generator<TtsEvent> {
    if (this.#resampler) yield* this.#send(this.#resampler.flush().samples);
    yield* this.#release(Number.POSITIVE_INFINITY);
    if (this.#words.length === 0 || this.#marked) return;
    this.#guessWords(this.#startOffset, this.#text.length);
    yield* this.#guessed.splice(0);
  }

  /**
   * The current engine failed: another one continues at the word that was sounding. Without reported words the position
   * is estimated from the engine's pace, if it is slower than normal. It errs towards saying a word twice.
   */
  resume(msPerChar: number): void {
    const last = this.#words.findLast(({ sample }) => sample <= this.#sent);
    if (this.#marked && last) {
      this.#startOffset = last.offset;
    } else if (this.#rate !== undefined && this.#sent > this.#startSample) {
      const from = this.#startOffset;
      const guess = wordStart(this.#text, from + charsIn(this.rest, this.spokenMs, msPerChar), from);
      this.#guessWords(from, guess);
      this.#startOffset = guess;
    }
    this.#held = [];
    this.#marked = false;
    this.#startSample = this.#sent;
    this.close();
  }

  close(): void {
    this.#resampler?.close();
    this.#resampler = undefined;
  }

  /** Estimates word positions for an engine that reports none. */
  #guessWords(from: number, to: number): void {
    const samples = this.#sent - this.#startSample;
    for (const { 0: word, index } of this.#text.slice(from, to).matchAll(/\S+/gu)) {
      const sample = this.#startSample + Math.floor((samples * index) / Math.max(1, to - from));
      this.#guessed.push({ type: 'word', sample, offset: from + index, length: word.length });
    }
  }

  #hold(mark: Mark): void {
    const { sample } = mark;
    if (mark.type === 'phoneme') {
      this.#held.push({ ...mark, sample });
      return;
    }
    this.#marked = true;
    this.#held.push({ ...mark, sample, offset: this.#startOffset + mark.offset });
  }

  *#send(samples: Int16Array): Generator<TtsEvent> {
    if (samples.length === 0 || this.#rate === undefined) return;
    yield* this.#release(this.#sent + samples.length);
    this.#sent += samples.length;
    yield { type: 'audio', pcm: { rate: this.#rate, samples } };
  }

  *#release(before: number): Generator<TtsEvent> {
    let kept = 0;
    for (const mark of this.#held) {
      const sample = this.#startSample + this.#scaled(mark.sample);
      if (sample >= before) {
        this.#held[kept++] = mark;
        continue;
      }
      if (mark.type === 'word') {
        yield* this.#guessed.splice(0);
        this.#words.push({ sample, offset: mark.offset });
      }
      yield { ...mark, sample };
    }
    this.#held.length = kept;
  }

  #scaled(sample: number): number {
    const from = this.#resampler?.from;
    return from === undefined || this.#rate === undefined ? sample : Math.round((sample * this.#rate) / from);
  }
}

/** Number of characters spoken in `ms`, at normal speed or slower: an engine may speak any text slower than its last. */
function charsIn(text: string, ms: number, msPerChar: number): number {
  let left = ms;
  for (let at = 0; at < text.length; at++) {
    left -= Math.max(msPerChar, isUnspaced(text.charAt(at)) ? MS_PER_UNSPACED_CHAR : MS_PER_CHAR);
    if (left < 0) return at;
  }
  return text.length;
}

/** The beginning of the word before the one at `at`, at least `from`: the estimate may be one word too far. */
function wordStart(text: string, at: number, from: number): number {
  const starts = [
    ...text.slice(from, at + 1).matchAll(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|\S+/gu),
  ];
  const start = starts.at(-2) ?? starts.at(0);
  return from + (start?.index ?? 0);
}
