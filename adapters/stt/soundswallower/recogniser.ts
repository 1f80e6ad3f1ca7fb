import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import createModule, { type Decoder, type SoundSwallowerModule } from 'soundswallower';
import { z } from 'zod';
import type { Rejection } from '../../../machines/wire.ts';
import { PHONES, phoneLoopGrammar, phoneWord } from './jsgf.ts';
import { LevelledAudio } from './level.ts';
import type { ThreadData } from './protocol.ts';
import { type Evidence, judge } from './verdict.ts';
import { pronounce } from './words.ts';

/** Audio before the first decoding, in samples (700 ms): enough to measure the speaker's level. */
const HEAR_FIRST = 11_200;
/** Audio between two partial results, in samples (100 ms). */
const STEP = 1_600;
/** Options of both decoders. All senones are scored in each frame, so that the scores of different hypotheses, and of the two decoders, are relative to the same best. Two Gaussians per codebook instead of four cost no accuracy and save a quarter of the time. LevelledAudio sets the level and noise of the audio, not the front end.
 */
const CONFIG = {
  samprate: 16_000,
  loglevel: 'FATAL',
  bestpath: false,
  remove_noise: false,
  compallsen: true,
  topn: 2,
  // The dictionary is read here, and only the words of the grammar are passed on.
  dict: 'none',
} as const;

/** Wide beams: narrower ones lose the correct sentence before its end (measured over 240 phrases in four voices: 90 % correct at 1e-80 and 1e-30, 96 % with these values, for a fifth more time).
 */
const SENTENCES = { beam: 1e-120, pbeam: 1e-120, wbeam: 1e-80 } as const;
/** Context-independent phones, every second frame scored: half the time, and accurate enough for a reference. */
const ANYTHING = { cionly: true, ds: 2, beam: 1e-15, pbeam: 1e-12, wbeam: 1e-8 } as const;

/** Reduction of the required log odds for a partial text, because an incomplete sentence has less evidence. */
const HALF_SAID = 3;

/** An undeclared part of the package: the C function behind `get_text`, which also returns the score. */
const scoreAccess = z.object({
  _malloc: z.custom<(bytes: number) => number>((value) => typeof value === 'function'),
  _decoder_hyp: z.custom<(decoder: number, score: number) => number>((value) => typeof value === 'function'),
});
const decoderHandle = z.object({ cdecoder: z.number().int().positive() });

const alignment = z.object({
  w: z.array(z.object({ t: z.string(), d: z.number(), p: z.number() })).default([]),
});

/** The decoder reports the acoustic score of a segment as a power of its log base (1.0001), with three decimals. */
const LOG_UNIT = 1e-4;
const SMALLEST_P = 0.0005;

interface Segment {
  /** Noise counts as silence. */
  readonly kind: 'word' | 'silence';
  readonly text: string;
  /** 10 ms each. */
  readonly frames: number;
  readonly cost: number;
}

/** The recognised sentence, or why there is none. */
export type Recognition =
  | { readonly text: string; readonly confidence: number }
  | { readonly text: ''; readonly rejected: Rejection };

/** Loads the model once and creates `data.decoders` recognisers with it. */
export async function loadRecognisers(data: ThreadData): Promise<readonly Recogniser[]> {
  const models = new URL('./model/', import.meta.resolve('soundswallower'));
  const options: Partial<SoundSwallowerModule> & { modelBase: string } = { modelBase: fileURLToPath(models) };
  const module = await createModule(options);
  const dictionary = await readFile(new URL('en-us/dict.txt', models), 'utf8');
  const words = pronounce(data.words, data.pronunciations, dictionary);
  const entries = spelled(words);
  const phones = PHONES.map((phone): [string, string] => [phoneWord(phone), phone]);
  const recognisers: Recogniser[] = [];
  for (let made = 0; made < data.decoders; made++) {
    const sentences = await decoderFor(module, SENTENCES, entries, data.grammar);
    const anything = await decoderFor(module, ANYTHING, phones, phoneLoopGrammar());
    recognisers.push(new Recogniser(module, sentences, anything, new Map(entries), data.strictness));
  }
  return recognisers;
}

async function decoderFor(
  module: SoundSwallowerModule,
  config: Readonly<Record<string, boolean | number>>,
  words: readonly (readonly [string, string])[],
  grammar: string,
): Promise<Decoder> {
  const decoder = new module.Decoder({ ...CONFIG, ...config });
  await decoder.initialize();
  decoder.add_words(...words.map(([word, phones]): [string, string] => [word, phones]));
  decoder.set_grammar(grammar);
  return decoder;
}

/** The decoder's notation for a second pronunciation: `read(2)`. */
function spelled(words: readonly { word: string; phones: string }[]): readonly (readonly [string, string])[] {
  const seen = new Map<string, number>();
  return words.map(({ word, phones }) => {
    const count = (seen.get(word) ?? 0) + 1;
    seen.set(word, count);
    return [count === 1 ? word : `${word}(${count})`, phones] as const;
  });
}

/** Recognises one utterance at a time with two decoders on the same audio: one for the dialog's sentences, the other for any sequence of phones. A sentence of the dialog scores about the same in both; other speech scores worse in the first.
 */
export class Recogniser {
  readonly #sentences: Scored;
  readonly #anything: Scored;
  readonly #phonesOf: ReadonlyMap<string, string>;
  readonly #strictness: number;
  #audio = new LevelledAudio();
  #decoded = 0;
  #running = false;
  #said = '';

  constructor(
    module: SoundSwallowerModule,
    sentences: Decoder,
    anything: Decoder,
    phonesOf: ReadonlyMap<string, string>,
    strictness: number,
  ) {
    this.#sentences = new Scored(module, sentences);
    this.#anything = new Scored(module, anything);
    this.#phonesOf = phonesOf;
    this.#strictness = strictness;
  }

  begin(): void {
    this.#audio = new LevelledAudio();
    this.#said = '';
    this.#decoded = 0;
  }

  /** Adds audio; returns the text so far, if it changed. */
  async push(samples: Int16Array): Promise<string | undefined> {
    this.#audio.push(samples);
    const ready = this.#audio.length;
    if (ready < HEAR_FIRST || ready - this.#decoded < STEP) return undefined;
    await this.#decode();
    if (!this.#audio.mayBeSpeech()) return undefined;
    const { text, evidence } = this.#found();
    if (text === this.#said || !judge(evidence, this.#strictness - HALF_SAID).accepted) return undefined;
    this.#said = text;
    return text;
  }

  async finish(): Promise<Recognition> {
    if (!this.#audio.mayBeSpeech()) {
      this.abort();
      return { text: '', rejected: { nearest: '', confidence: 0, reason: 'silence' } };
    }
    const { text, evidence } = await this.hear();
    const { accepted, confidence } = judge(evidence, this.#strictness);
    if (accepted) return { text, confidence };
    const reason = text === '' ? 'no-phrase' : 'unlike';
    return { text: '', rejected: { nearest: text, confidence, reason } };
  }

  /** Ends the utterance; returns the best sentence and its evidence. */
  async hear(): Promise<{ readonly text: string; readonly evidence: Evidence }> {
    await this.#decode();
    this.#stop();
    return this.#found();
  }

  abort(): void {
    this.#stop();
    this.#audio = new LevelledAudio();
  }

  #found(): { readonly text: string; readonly evidence: Evidence } {
    const segments = this.#sentences.segments();
    const words = segments.filter(({ kind }) => kind === 'word');
    const total = (of: readonly Segment[], what: 'frames' | 'cost') =>
      of.reduce((sum, one) => sum + one[what], 0);
    return {
      text: plain(this.#sentences.text()),
      evidence: {
        sentence: -this.#sentences.score(),
        anything: -this.#anything.score(),
        words: total(words, 'cost'),
        silence: total(segments, 'cost') - total(words, 'cost'),
        phones: words.flatMap(({ text }) => (this.#phonesOf.get(text) ?? '').split(' ')).length,
        frames: total(words, 'frames'),
        silentFrames: total(segments, 'frames') - total(words, 'frames'),
      },
    };
  }

  /** Decodes new audio, or everything again if the speaker turned out to be louder than estimated. */
  async #decode(): Promise<void> {
    if (!this.#running || this.#audio.gainIsOff()) {
      this.#stop();
      this.#audio.fixGain();
      this.#decoded = 0;
      await this.#sentences.start();
      await this.#anything.start();
      this.#running = true;
    }
    const piece = this.#audio.from(this.#decoded);
    this.#decoded = this.#audio.length;
    if (piece.length === 0) return;
    this.#sentences.decoder.process_audio(piece);
    this.#anything.decoder.process_audio(piece);
  }

  #stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#sentences.decoder.stop();
    this.#anything.decoder.stop();
  }
}

/** A decoder that also returns the score of its best path, in the decoder's log units (about 0.1 nat). */
class Scored {
  readonly decoder: Decoder;
  readonly #module: SoundSwallowerModule;
  readonly #hypothesis: (decoder: number, score: number) => number;
  readonly #handle: number;
  readonly #scoreAt: number;

  constructor(module: SoundSwallowerModule, decoder: Decoder) {
    const access = scoreAccess.parse({
      _malloc: module._malloc,
      _decoder_hyp: Reflect.get(module, '_decoder_hyp'),
    });
    this.#module = module;
    this.decoder = decoder;
    this.#hypothesis = access._decoder_hyp;
    this.#handle = decoderHandle.parse({ cdecoder: Reflect.get(decoder, 'cdecoder') }).cdecoder;
    this.#scoreAt = access._malloc(4);
  }

  /** Begins an utterance with the normalisation of a new decoder, independent of previous speakers. */
  async start(): Promise<void> {
    await this.decoder.reinitialize_audio();
    this.decoder.start();
  }

  text(): string {
    return this.decoder.get_text();
  }

  score(): number {
    this.#hypothesis(this.#handle, this.#scoreAt);
    return new DataView(this.#module.HEAPU8.buffer).getInt32(this.#scoreAt, true);
  }

  /** The segments of the best path. */
  segments(): readonly Segment[] {
    if (this.text() === '') return [];
    return alignment.parse(this.decoder.get_alignment()).w.flatMap(({ t, d, p }) =>
      t === '(NULL)'
        ? []
        : {
            kind: /^[<[]/.test(t) ? 'silence' : 'word',
            text: t,
            frames: Math.round(d * 100),
            cost: Math.round(-Math.log(Math.max(p, SMALLEST_P)) / LOG_UNIT),
          },
    );
  }
}

/** Removes the marks of second pronunciations. */
function plain(text: string): string {
  return text.replace(/\(\d+\)/g, '').trim();
}
