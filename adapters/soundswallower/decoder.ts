import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import createModule, { type Decoder, type FeatureBuffer, type SoundSwallowerModule } from 'soundswallower';
import { z } from 'zod';
import { listenForAny } from './loop.ts';
import { shareModel } from './shared-model.ts';

/** The library with its English model, and the text of its CMU dictionary. */
export interface Loaded {
  readonly module: SoundSwallowerModule;
  readonly dictionary: string;
}

export async function loadSoundswallower(): Promise<Loaded> {
  const models = new URL('./model/', import.meta.resolve('soundswallower'));
  const options: Partial<SoundSwallowerModule> & { modelBase: string } = { modelBase: fileURLToPath(models) };
  const [module, dictionary] = await Promise.all([
    createModule(options),
    readFile(new URL('en-us/dict.txt', models), 'utf8'),
  ]);
  await shareModel(module, new URL('en-us/', models));
  return { module, dictionary };
}

/** Options of every decoder. All senones are scored in each frame, so scores of different hypotheses are relative to the same best. The dictionary is read by us, and only the words of the grammar are passed on. */
const CONFIG = {
  samprate: 16_000,
  loglevel: 'FATAL',
  bestpath: false,
  remove_noise: false,
  compallsen: true,
  dict: 'none',
} as const;

/** A stretch of the best path. */
export interface Stretch {
  /** 10 ms each, from the start of the decoded audio. */
  readonly fromFrame: number;
  readonly frames: number;
  /** In the decoder's log units, 0 at best. */
  readonly cost: number;
}

/** Part of the best path: a word, or silence and noise. */
export interface Segment extends Stretch {
  readonly kind: 'word' | 'silence';
  /** With the mark of a second pronunciation: `read(2)`. */
  readonly name: string;
  /** Without the mark of a second pronunciation. */
  readonly text: string;
}

/** A phone of the best path, or silence and noise (`SIL`, `+SPN+`). */
export interface Phone extends Stretch {
  readonly name: string;
}

/** Set after the model is read, because its own parameters come first. */
export type FrontEnd = Readonly<Record<string, number | string>>;

/** An undeclared part of the package: the C function behind `get_text`, which also returns the score. */
const scoreAccess = z.object({
  _malloc: z.custom<(bytes: number) => number>((value) => typeof value === 'function'),
  _decoder_hyp: z.custom<(decoder: number, score: number) => number>((value) => typeof value === 'function'),
});
const decoderHandle = z.object({ cdecoder: z.number().int().positive() });
const aligned = z.object({ t: z.string(), b: z.number(), d: z.number(), p: z.number() });
const alignment = z.object({ w: z.array(aligned).default([]) });
const phoneAlignment = z.object({
  w: z.array(z.object({ w: z.array(aligned).default([]) })).default([]),
});
/** Level of `get_alignment` at which each word has its phones. */
const PHONES = 1;

/** The decoder reports the acoustic score of a segment as a power of its log base (1.0001), with three decimals. */
const LOG_UNIT = 1e-4;
const SMALLEST_P = 0.0005;

/** JSGF, or any of these words in any order, equally likely. */
export type Grammar = string | { readonly anyOf: readonly string[] };

/** A decoder that also returns the score of its best path, in the decoder's log units (about 0.1 nat). */
export class ScoredDecoder {
  readonly #decoder: Decoder;
  readonly #module: SoundSwallowerModule;
  readonly #hypothesis: (decoder: number, score: number) => number;
  readonly #handle: number;
  readonly #scoreAt: number;
  #running = false;

  private constructor(module: SoundSwallowerModule, decoder: Decoder) {
    const access = scoreAccess.parse({
      _malloc: module._malloc,
      _decoder_hyp: Reflect.get(module, '_decoder_hyp'),
    });
    this.#module = module;
    this.#decoder = decoder;
    this.#hypothesis = access._decoder_hyp;
    this.#handle = decoderHandle.parse({ cdecoder: Reflect.get(decoder, 'cdecoder') }).cdecoder;
    this.#scoreAt = access._malloc(4);
  }

  /** `words`: a word and its phones; a second pronunciation is written `read(2)`. Without `frontEnd`, that of the model. */
  static async make(
    module: SoundSwallowerModule,
    config: Readonly<Record<string, boolean | number | string>>,
    words: readonly (readonly [string, string])[],
    grammar: Grammar,
    frontEnd: FrontEnd = {},
  ): Promise<ScoredDecoder> {
    const decoder = new module.Decoder({ ...CONFIG, ...config });
    await decoder.initialize();
    if (Object.keys(frontEnd).length > 0) {
      setAll(decoder, frontEnd);
      await decoder.reinitialize_audio();
    }
    decoder.add_words(...words.map(([word, phones]): [string, string] => [word, phones]));
    const made = new ScoredDecoder(module, decoder);
    made.listenFor(grammar);
    return made;
  }

  /** Changes the grammar, between utterances. Its words must be among those that the decoder was made with. */
  listenFor(grammar: Grammar): void {
    this.stop();
    if (typeof grammar === 'string') this.#decoder.set_grammar(grammar);
    else listenForAny(this.#module, this.#decoder, grammar.anyOf);
  }

  /** Begins an utterance with the normalisation of a new decoder, independent of previous speakers. */
  async start(frontEnd: FrontEnd = {}): Promise<void> {
    this.stop();
    setAll(this.#decoder, frontEnd);
    await this.#decoder.reinitialize_audio();
    this.#decoder.start();
    this.#running = true;
  }

  /** Samples −1..1. */
  process(samples: Float32Array): void {
    if (samples.length > 0) this.#decoder.process_audio(samples);
  }

  /** The logarithmic mel spectrum of an utterance. */
  spectrum(samples: Float32Array): FeatureBuffer {
    return this.#decoder.spectrogram(samples);
  }

  /** Ends the utterance, so that only paths to the end of the grammar count. Idempotent. */
  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#decoder.stop();
  }

  /** The best path so far, with marks of second pronunciations. */
  text(): string {
    return this.#decoder.get_text();
  }

  score(): number {
    this.#hypothesis(this.#handle, this.#scoreAt);
    return new DataView(this.#module.HEAPU8.buffer).getInt32(this.#scoreAt, true);
  }

  segments(): readonly Segment[] {
    if (this.text() === '') return [];
    return alignment.parse(this.#decoder.get_alignment()).w.flatMap(({ t, b, d, p }) =>
      t === '(NULL)'
        ? []
        : {
            kind: /^[<[]/.test(t) ? 'silence' : 'word',
            name: t,
            text: t.replace(/\(\d+\)$/, ''),
            ...stretchOf({ b, d, p }),
          },
    );
  }

  /** The phones of the best path, once the utterance has ended. */
  phones(): readonly Phone[] {
    if (this.text() === '') return [];
    const { w } = phoneAlignment.parse(this.#decoder.get_alignment({ align_level: PHONES }));
    return w.flatMap((word) => word.w.map(({ t, ...one }) => ({ name: t, ...stretchOf(one) })));
  }
}

function stretchOf({ b, d, p }: Pick<z.infer<typeof aligned>, 'b' | 'd' | 'p'>): Stretch {
  return {
    fromFrame: Math.round(b * 100),
    frames: Math.round(d * 100),
    cost: Math.round(-Math.log(Math.max(p, SMALLEST_P)) / LOG_UNIT),
  };
}

function setAll(decoder: Decoder, frontEnd: FrontEnd): void {
  for (const [name, value] of Object.entries(frontEnd)) decoder.set_config(name, value);
}
