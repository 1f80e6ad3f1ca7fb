import type { FeatureBuffer } from 'soundswallower';
import type { Rejection } from '../../../machines/wire.ts';
import { type Grammar, loadSoundswallower, ScoredDecoder } from '../../soundswallower/decoder.ts';
import { worstPhone } from '../../soundswallower/worst-phone.ts';
import type { GrammarNow } from '../utterance-protocol.ts';
import { PHONES, phoneWord } from './jsgf.ts';
import { LevelledAudio, PAD } from './level.ts';
import type { ThreadData } from './protocol.ts';
import {
  type Evidence,
  type Hypothesis,
  isBrief,
  isInDoubt,
  isLong,
  judge,
  mayBeLong,
  maySoFar,
  type Pass,
} from './verdict.ts';
import { pronounce } from './words.ts';

/** Audio before the first decoding, in samples (700 ms): enough to measure the speaker's level. */
const HEAR_FIRST = 11_200;
/** Audio between two partial results, in samples (100 ms). */
const STEP = 1_600;
/** The mean cepstrum of people's speech at the level of LevelledAudio: of every second recording that lab/hearing/people.ts hears. */
const USUAL_MEAN = [37.4, -6, 1.5, -1.5, -2.9, -4.8, -2.1, -0.5, -0.4, -1.3, 0.4, -0.4, 0.2];
/** Frames of 10 ms that the usual mean counts for in an utterance's own: a short word is too little to measure a voice by. */
const USUAL_FRAMES = 200;
/** Of the model's cepstra. */
const LIFTER = 22;
/** High voices, such as those of women and children, are nearer to the model's if they are played slower by this factor. */
const SLOWER = 1.12;
/** Samples in 10 ms. */
const FRAME = 160;
/** LevelledAudio sets the level and noise of the audio, not the front end. */
const FRONT_END = { remove_noise: 0, cmninit: USUAL_MEAN.join(',') } as const;

/** Wide beams: narrower ones lose the correct sentence before its end (measured over 240 phrases in four voices: 90 % correct at 1e-30, 96 % from 1e-80 on). */
const SENTENCES = { topn: 4, beam: 1e-80, pbeam: 1e-80, wbeam: 1e-60 } as const;
/** Context-independent phones, every second frame scored: half the time, and accurate enough for partial texts. */
const ANYTHING = { topn: 2, cionly: true, ds: 2, beam: 1e-15, pbeam: 1e-12, wbeam: 1e-8 } as const;
/** Every frame is scored: with `ds: 2` the loop of words is no longer a reference. */
const OTHER_WORDS = { topn: 4, cionly: true, beam: 1e-40, wbeam: 1e-20 } as const;

/**
 * Reduction of the required log odds for a partial text, because an incomplete sentence has less evidence: for a listener's sound. A brief one
 * needs all of them unless the result before was a listener's sound too: the beginning of "turn left" is taken for "hmm"…
 */
const LISTENING = 3;
/** …and for a sentence, which interrupts a reply, unless it contradicts the text before. */
const HALF_SAID = 1;

/** The recognised sentence, or why there is none. */
export type Recognition =
  | { readonly text: string; readonly confidence: number }
  | { readonly text: ''; readonly rejected: Rejection };

/** Loads the model once and creates `data.decoders` recognisers with it. */
export async function loadRecognisers(data: ThreadData): Promise<readonly Recogniser[]> {
  const { module, dictionary } = await loadSoundswallower();
  const words = pronounce(data.words, data.pronunciations, dictionary);
  const entries = spelled(words);
  const phones = PHONES.map((phone): [string, string] => [phoneWord(phone), phone]);
  const others = spelled(
    pronounce([...new Set([...data.otherWords, ...data.words])], data.pronunciations, dictionary),
  );
  const recognisers: Recogniser[] = [];
  for (let made = 0; made < data.decoders; made++) {
    const decoderFor = (
      config: Readonly<Record<string, boolean | number>>,
      of: typeof others,
      grammar: Grammar,
    ) => ScoredDecoder.make(module, config, of, grammar, FRONT_END);
    const decoders = {
      sentences: await decoderFor(SENTENCES, entries, data.grammar),
      anything: await decoderFor(ANYTHING, phones, { anyOf: PHONES.map(phoneWord) }),
      otherWords: await decoderFor(OTHER_WORDS, others, { anyOf: data.otherWords }),
    };
    recognisers.push(new Recogniser(decoders, new Map(entries), data));
  }
  return recognisers;
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

interface Decoders {
  readonly sentences: ScoredDecoder;
  readonly anything: ScoredDecoder;
  readonly otherWords: ScoredDecoder;
}

/** Recognises one utterance at a time, in two or three passes. While it is said, with the mean cepstrum of other people, which serves short words; this gives the partial texts. At its end, with its own mean cepstrum, which serves longer sentences and unusual microphones. Both are compared with what other speech fits: any phones in the first pass, common words that are not in the dialog in the second. What this rejects with some doubt is heard once more, slower.
 */
export class Recogniser {
  readonly #sentences: ScoredDecoder;
  readonly #anything: ScoredDecoder;
  readonly #otherWords: ScoredDecoder;
  readonly #phonesOf: ReadonlyMap<string, string>;
  readonly #all: GrammarNow;
  #now: GrammarNow;
  readonly #backchannels: ReadonlySet<string>;
  readonly #stops: ReadonlySet<string>;
  #audio = new LevelledAudio();
  #heard = 0;
  #running = false;
  #said = '';
  /** The result before was a listener's sound. */
  #listens = false;

  constructor(
    { sentences, anything, otherWords }: Decoders,
    phonesOf: ReadonlyMap<string, string>,
    data: ThreadData,
  ) {
    const { backchannels, stops } = data;
    this.#all = data;
    this.#now = data;
    this.#sentences = sentences;
    this.#anything = anything;
    this.#otherWords = otherWords;
    this.#phonesOf = phonesOf;
    this.#backchannels = new Set(backchannels);
    this.#stops = new Set(stops);
  }

  /** Whether an utterance with this grammar begins without delay. */
  has(grammar = this.#all.grammar): boolean {
    return grammar === this.#now.grammar;
  }

  /** `now`: what can be said in this utterance, a part of what the recogniser was made for. Default: all of that. */
  begin(now: GrammarNow = this.#all): void {
    if (now.grammar !== this.#now.grammar) this.#sentences.listenFor(now.grammar);
    if (now.otherWords.join() !== this.#now.otherWords.join())
      this.#otherWords.listenFor({ anyOf: now.otherWords });
    this.#now = now;
    this.#audio = new LevelledAudio();
    this.#said = '';
    this.#listens = false;
    this.#heard = 0;
  }

  /** Adds audio; returns the text so far, if it changed. */
  async push(samples: Int16Array): Promise<string | undefined> {
    this.#audio.push(samples);
    const ready = this.#audio.length;
    if (ready < HEAR_FIRST || ready - this.#heard < STEP) return undefined;
    await this.#listen();
    if (!this.#audio.mayBeSpeech()) return undefined;
    const said = this.#found();
    const anything = -this.#anything.score();
    const easier = this.#easier(said);
    this.#listens = this.#backchannels.has(said.text);
    if (said.text === this.#said || !maySoFar(said, anything, this.#now.strictness - easier))
      return undefined;
    this.#said = said.text;
    return said.text;
  }

  async finish(): Promise<Recognition> {
    const evidence = await this.hear();
    if (!evidence) return { text: '', rejected: { nearest: '', confidence: 0, reason: 'silence' } };
    const { text, confidence, accepted } = judge(evidence, this.#now.strictness);
    if (accepted) return { text, confidence };
    const reason = text === '' ? 'no-phrase' : 'unlike';
    return { text: '', rejected: { nearest: text, confidence, reason } };
  }

  /** Ends the utterance; returns what the passes make of it, and nothing if it is silence or steady noise. */
  async hear(): Promise<Evidence | undefined> {
    if (!this.#audio.mayBeSpeech()) {
      this.abort();
      return undefined;
    }
    await this.#listen();
    this.#stop();
    const usual = this.#found();
    const anything = -this.#anything.score();
    const audio = this.#audio.whole();
    const contrast = this.#audio.contrast();
    const pass = await this.#compare(audio, await this.#sentence(audio));
    const worst = this.#stops.has(pass.own.text)
      ? worstPhone(this.#sentences.phones(), this.#otherWords.phones())
      : undefined;
    const evidence = { usual, anything, contrast, ...pass, worstPhone: worst };
    if (!isInDoubt(judge(evidence, this.#now.strictness)) || !mayBeLong((audio.length - 2 * PAD) / FRAME))
      return evidence;
    const slow = stretched(audio, SLOWER);
    const found = await this.#sentence(slow);
    return isLong(found.own) ? { ...evidence, slower: await this.#compare(slow, found) } : evidence;
  }

  /** The first half of a pass: the sentence. */
  async #sentence(audio: Float32Array): Promise<Found> {
    const mean = meanCepstrum(this.#sentences.spectrum(audio));
    const cmninit = blended(mean).join(',');
    const unusual = Math.hypot(...mean.cepstrum.slice(1).map((value, i) => value - (USUAL_MEAN[i + 1] ?? 0)));
    await decode(this.#sentences, audio, cmninit);
    return { own: this.#found(), unusual, cmninit };
  }

  /** The second half: what other words cost, which takes more time than the sentence. */
  async #compare(audio: Float32Array, { own, unusual, cmninit }: Found): Promise<Pass> {
    await decode(this.#otherWords, audio, cmninit);
    return { own, otherWords: -this.#otherWords.score(), unusual };
  }

  abort(): void {
    this.#stop();
    this.#audio = new LevelledAudio();
  }

  /** Reduction of the log odds that a partial text needs. */
  #easier(said: Hypothesis): number {
    if (this.#backchannels.has(said.text)) return isBrief(said) && !this.#listens ? 0 : LISTENING;
    return said.text.startsWith(this.#said) ? HALF_SAID : 0;
  }

  #found(): Hypothesis {
    const segments = this.#sentences.segments();
    const words = segments.flatMap(({ name, frames, cost }) => {
      const phones = this.#phonesOf.get(name)?.split(' ').length;
      return phones === undefined ? [] : { cost, frames, phones };
    });
    const silence = segments
      .filter(({ kind }) => kind === 'silence')
      .reduce((sum, one) => ({ cost: sum.cost + one.cost, frames: sum.frames + one.frames }), {
        cost: 0,
        frames: 0,
      });
    return { text: plain(this.#sentences.text()), cost: -this.#sentences.score(), words, silence };
  }

  /** Decodes new audio, or everything again if the level or the start of the speech was estimated wrongly. */
  async #listen(): Promise<void> {
    this.#heard = this.#audio.length;
    if (!this.#running || this.#audio.isOff()) {
      this.#stop();
      this.#audio.fix();
      await this.#sentences.start(FRONT_END);
      await this.#anything.start(FRONT_END);
      this.#running = true;
    }
    const piece = this.#audio.next();
    if (piece.length === 0) return;
    this.#sentences.process(piece);
    this.#anything.process(piece);
  }

  #stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#sentences.stop();
    this.#anything.stop();
  }
}

/** Half a pass, with the mean cepstrum for the other half. */
interface Found extends Pick<Pass, 'own' | 'unusual'> {
  readonly cmninit: string;
}

async function decode(decoder: ScoredDecoder, audio: Float32Array, cmninit: string): Promise<void> {
  await decoder.start({ cmninit });
  decoder.process(audio);
  decoder.stop();
}

interface Mean {
  readonly cepstrum: readonly number[];
  readonly frames: number;
}

/** Given a logarithmic mel spectrum. */
function meanCepstrum({ data, nfr, nfeat }: FeatureBuffer): Mean {
  const sums = new Float64Array(nfeat);
  data.forEach((value, i) => {
    sums[i % nfeat] = (sums[i % nfeat] ?? 0) + value;
  });
  const cepstrum = USUAL_MEAN.map((_, i) => {
    const cosine = sums.reduce(
      (sum, value, band) => sum + value * Math.cos((Math.PI * i * (band + 0.5)) / nfeat),
      0,
    );
    const scale =
      Math.sqrt((i === 0 ? 1 : 2) / nfeat) * (1 + (LIFTER / 2) * Math.sin((Math.PI * i) / LIFTER));
    return (cosine * scale) / Math.max(1, nfr);
  });
  return { cepstrum, frames: nfr };
}

/** Together with `USUAL_FRAMES` of the usual one. */
function blended({ cepstrum, frames }: Mean): readonly number[] {
  return cepstrum.map((own, i) => {
    const usual = USUAL_MEAN[i] ?? 0;
    return (own * frames + usual * USUAL_FRAMES) / (frames + USUAL_FRAMES);
  });
}

/** Linear interpolation. */
function stretched(audio: Float32Array, factor: number): Float32Array {
  return Float32Array.from({ length: Math.floor(audio.length * factor) }, (_, i) => {
    const at = i / factor;
    const from = Math.floor(at);
    const share = at - from;
    return (audio[from] ?? 0) * (1 - share) + (audio[from + 1] ?? 0) * share;
  });
}

/** Removes the marks of second pronunciations. */
function plain(text: string): string {
  return text.replace(/\(\d+\)/g, '').trim();
}
