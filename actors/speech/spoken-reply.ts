import { msOfSamples, type Pcm, samplesInMs } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import { writtenWords } from '../../machines/policies/reading/mod.ts';
import { isUnspaced, wordPlaces } from '../../machines/policies/text.ts';
import { throwIfAborted } from '../cancellation.ts';
import type { TtsEvent } from '../ports/tts.ts';
import { Bell } from '../reply/bell.ts';

/**
 * What a character lasts in a voice that was not heard yet, ms. Normal speech has about 15 a second; this is 13, so that
 * no word counts as heard too early.
 */
export const CHAR_MS = 77;
/** In place of a segment's audio that was played with the segments before. */
const SILENCE_MS = 20;
/** More audio than any spoken reply has: ten minutes. */
const MAX_MS = 600_000;

const LETTER = /[\p{L}\p{N}]/gu;
const LETTERS = /[^\p{L}\p{N}]/gu;

/** Part of a reply's audio. */
interface Part {
  readonly item: string;
  readonly fromMs: number;
}

/** A segment in the reply's text. */
interface Place {
  readonly from: number;
  readonly to: number;
  readonly words: readonly Word[];
}

/** A word of a segment: its place in the requested text, and where it begins in the reply's. */
interface Word {
  readonly offset: number;
  readonly length: number;
  readonly at: number;
}

/** The heard part of an item. */
export interface HeardItem {
  readonly item: string;
  /** 0: nothing. */
  readonly heardMs: number;
}

/**
 * A reply that the model speaks: its words and its audio, which come without saying where each word begins. The words
 * are cut into segments by the machine; each segment gets its share of the audio, by its length.
 */
export class SpokenReply {
  /** What a character lasts in this reply, ms; estimated until the reply is complete. */
  charMs: number;
  #text = '';
  /** Characters of `#text` without audio. */
  #unspoken = 0;
  /** Up to where `#text` was requested. */
  #requested = 0;
  readonly #parts: Part[] = [];
  readonly #pieces: Int16Array[] = [];
  #first: string | undefined;
  #rate = 0;
  #waiting = 0;
  #madeMs = 0;
  #end: { readonly error?: ParleyError; readonly isWhole: boolean } | undefined;
  /** The segments speak one after another. */
  #turn: Promise<void> = Promise.resolve();
  readonly #bell = new Bell();

  constructor(charMs: number) {
    this.charMs = charMs;
  }

  get text(): string {
    return this.#text;
  }

  /** `gap`: white space in front of it that the model did not speak. */
  addText(text: string, gap = ''): void {
    this.#text += gap + text;
    this.#unspoken += gap.length;
    this.#bell.ring();
  }

  /** Throws ENGINE_PROTOCOL if there is no end of it. */
  addAudio(item: string, { rate, samples }: Pcm): void {
    if (samples.length === 0) return;
    if (this.#parts.at(-1)?.item !== item) this.#parts.push({ item, fromMs: this.#madeMs });
    this.#rate = rate;
    this.#pieces.push(samples);
    this.#waiting += samples.length;
    this.#madeMs += msOfSamples(samples.length, rate);
    if (this.#madeMs > MAX_MS) throw new ParleyError('ENGINE_PROTOCOL', 'a reply of more than ten minutes');
    this.#bell.ring();
  }

  /** The first of the reply's messages, if `item` is another one. */
  firstItem(item: string): string | undefined {
    this.#first ??= item;
    return this.#first === item ? undefined : this.#first;
  }

  /** Nothing follows. `isWhole`: all words have their audio; of a reply that broke off, the last ones may have none. */
  end(error?: ParleyError, isWhole = !error): void {
    if (this.#end) return;
    this.#end = { ...(error && { error }), isWhole };
    const weight = weightOf(this.#text) - this.#unspoken;
    if (isWhole && weight > 0 && this.#madeMs > 0) this.charMs = this.#madeMs / weight;
    this.#bell.ring();
  }

  /** What was heard of each item when the listener had heard this much of the reply. */
  heard(heardMs: number): readonly HeardItem[] {
    return this.#parts.flatMap(({ item, fromMs }, i) => {
      const toMs = this.#parts[i + 1]?.fromMs ?? this.#madeMs;
      if (heardMs >= toMs && this.#end) return [];
      return [{ item, heardMs: Math.max(0, Math.min(heardMs, toMs) - fromMs) }];
    });
  }

  /** Whether `text` (as it is spoken) comes next in the reply. */
  says(text: string): boolean {
    return this.#find(text) !== undefined;
  }

  /** The audio of the next segment. Ends without any if the model has spoken none of the reply. */
  speak(text: string, signal: AbortSignal): AsyncGenerator<TtsEvent, void, void> {
    const from = this.#requested;
    const place: Place = { from, ...(this.#find(text) ?? { to: this.#text.length, words: [] }) };
    this.#requested = place.to;
    const before = this.#turn;
    let done = () => {};
    this.#turn = new Promise((resolve) => {
      done = resolve;
    });
    return this.#speak(place, signal, before, done);
  }

  async *#speak(
    place: Place,
    signal: AbortSignal,
    before: Promise<void>,
    done: () => void,
  ): AsyncGenerator<TtsEvent, void, void> {
    const stop = () => this.#bell.ring();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await before;
      let marked = 0;
      for (let spoken = 0; ; ) {
        throwIfAborted(signal);
        const share = this.#share(place, spoken);
        const samples = this.#take(share - spoken);
        if (samples) {
          for (const { at, ...word } of place.words.slice(marked)) {
            const sample = Math.max(spoken, this.#startOf(at, place, share));
            if (sample >= spoken + samples.length) break;
            marked += 1;
            yield { type: 'word', sample, ...word };
          }
          spoken += samples.length;
          yield { type: 'audio', pcm: { rate: this.#rate, samples } };
        } else if (spoken > 0 && spoken >= share) return;
        else if (this.#end) {
          if (this.#end.error && spoken > 0) throw this.#end.error;
          if (spoken === 0 && this.#madeMs > 0 && !this.#end.error) {
            const silence = new Int16Array(samplesInMs(SILENCE_MS, this.#rate));
            yield { type: 'audio', pcm: { rate: this.#rate, samples: silence } };
          }
          return;
        } else await this.#bell.next();
      }
    } finally {
      signal.removeEventListener('abort', stop);
      done();
    }
  }

  /** Samples of a segment that has `spoken` of them; infinite for the last one so far. */
  #share({ from, to }: Place, spoken: number): number {
    const rest = this.#text.slice(to);
    if (writtenWords(rest).text === '') return Number.POSITIVE_INFINITY;
    const own = weightOf(this.#text.slice(from, to));
    if (this.#end?.isWhole) return Math.round(((spoken + this.#waiting) * own) / (own + weightOf(rest)));
    return Math.round((own * this.charMs * this.#rate) / 1_000);
  }

  /** The sample of the segment at which the reply's text has come to `at`. */
  #startOf(at: number, { from, to }: Place, share: number): number {
    const before = weightOf(this.#text.slice(from, at));
    if (!this.#end?.isWhole || !Number.isFinite(share))
      return Math.round((before * this.charMs * this.#rate) / 1_000);
    return Math.round((share * before) / weightOf(this.#text.slice(from, to)));
  }

  #take(most: number): Int16Array | undefined {
    const [piece] = this.#pieces;
    if (!piece || most <= 0) return undefined;
    const samples = piece.subarray(0, Math.min(piece.length, most));
    if (samples.length === piece.length) this.#pieces.shift();
    else this.#pieces[0] = piece.subarray(samples.length);
    this.#waiting -= samples.length;
    return samples;
  }

  /** The next segment's words, and where the text after it begins; undefined if `text` does not come next in the reply. */
  #find(text: string): Omit<Place, 'from'> | undefined {
    const wanted = text.replaceAll(LETTERS, '');
    // Of each UTF-16 unit of the letters that follow: its place in the reply.
    const places: number[] = [];
    let letters = '';
    for (const { 0: letter, index } of this.#text.slice(this.#requested).matchAll(LETTER)) {
      for (let unit = 0; unit < letter.length; unit++) places.push(this.#requested + index + unit);
      letters += letter;
    }
    const first = letters.indexOf(wanted);
    if (wanted === '' || first < 0) return undefined;
    const placeOf = (letter: number) => places[first + letter] ?? this.#text.length;
    const words = wordPlaces(text).map((word) => ({
      ...word,
      at: placeOf(text.slice(0, word.offset).replaceAll(LETTERS, '').length),
    }));
    return { to: placeOf(wanted.length), words };
  }
}

/** Characters; of a script that is written without spaces, each counts for three. */
function weightOf(text: string): number {
  let weight = 0;
  for (const character of text) weight += isUnspaced(character) ? 3 : 1;
  return weight;
}
