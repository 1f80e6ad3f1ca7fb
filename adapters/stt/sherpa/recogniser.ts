import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { joinedSamples, msOfSamples, PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import type { OfflineRecognizer, OnlineRecognizer, Sherpa } from '../../sherpa/library.ts';
import { onnxMetadata } from '../../sherpa/onnx-metadata.ts';
import { waveOf } from '../../sherpa/wave.ts';
import { guarded } from '../guard/invented.ts';
import { Sound } from '../guard/sound.ts';
import { isSilent, SILENCE, withoutSilence } from '../silence.ts';
import type { Final } from '../utterance-pool.ts';
import { cutAtPauses } from './cuts.ts';
import type { WorkerData } from './protocol.ts';
import { wordTimes } from './word-times.ts';

/** One utterance at a time for each. */
export interface Hearing {
  /** Returns the text so far, and whether the turn has ended with it, if that has changed. */
  push(samples: Int16Array): { readonly text: string; readonly end?: 'reached' } | undefined;
  finish(): Promise<Final>;
}

/** Loads the model. If it is not what sherpa-onnx expects, that ends the process. */
export async function loadRecogniser(sherpa: Sherpa, data: WorkerData): Promise<() => Hearing> {
  const { kind, type, files } = data.model;
  const { ruleFsts, ruleFars, tokens = '', bpeVocab, ...own } = files;
  const main = own.encoder ?? own.model;
  const metadata = main?.endsWith('.onnx') ? await onnxMetadata(main) : new Map<string, string>();
  const isNemo = /^EncDec/u.test(metadata.get('model_type') ?? '');
  const modelConfig = {
    ...{ [type]: own, tokens, numThreads: data.threads, provider: data.provider, debug: 0 },
    ...(kind === 'stt' && type === 'transducer' && isNemo && { modelType: 'nemo_transducer' }),
    ...(bpeVocab !== undefined && { bpeVocab, modelingUnit: 'bpe' }),
  };
  const config = {
    featConfig: { sampleRate: PIPELINE_RATE, featureDim: Number(metadata.get('feat_dim') ?? 80) },
    modelConfig,
    ...(ruleFsts !== undefined && { ruleFsts }),
    ...(ruleFars !== undefined && { ruleFars }),
    ...(await hotWords(data, tokens)),
  };
  const { language } = data;
  if (kind === 'stt') {
    const recogniser = new sherpa.OfflineRecognizer(config);
    const whisper = type === 'whisper';
    return () => new WholeUtterance(recogniser, language, whisper);
  }
  const tail = tailSamples(metadata);
  const recogniser = new sherpa.OnlineRecognizer({ ...config, ...endpointRules(data.endpointMs) });
  const ends = data.endpointMs > 0;
  return () => new StreamedUtterance(recogniser, { tail, language, ends });
}

/** No utterance is as long, s. */
const NEVER_S = 86_400;

/**
 * Of sherpa-onnx's rules only the second, silence behind a word: Parley's own ear ends what has no words (the first), and
 * its own limit what is too long (the third).
 */
function endpointRules(endpointMs: number): object {
  if (endpointMs === 0) return {};
  return {
    ...{ enableEndpoint: 1, rule1MinTrailingSilence: NEVER_S, rule3MinUtteranceLength: NEVER_S },
    rule2MinTrailingSilence: endpointMs / 1_000,
  };
}

/** Only transducers can favour words, and only if the words can be spelled in the model's pieces. */
async function hotWords({ model, hotWords, hotWordsScore }: WorkerData, tokens: string): Promise<object> {
  if (model.type !== 'transducer' || model.files.bpeVocab === undefined || hotWords.length === 0) return {};
  const onlyCapitals = !/\p{Ll}/u.test((await readFile(tokens, 'utf8')).replace(/<[^>]*>/gu, ''));
  const words = onlyCapitals ? hotWords.map((word) => word.toUpperCase()) : hotWords;
  const hotwordsBuf = words.join('\n');
  return {
    ...{ decodingMethod: 'modified_beam_search', maxActivePaths: 4, hotwordsScore: hotWordsScore },
    ...{ hotwordsBuf, hotwordsBufSize: Buffer.byteLength(hotwordsBuf) },
  };
}

/** What decoding one more piece of sound needs after the end of speech, in frames of 10 ms, if the model does not say it. */
const USUAL_CHUNK_FRAMES = 56;
/** A model that takes longer pieces is not one for conversations. */
const MAX_CHUNK_FRAMES = 200;

/** Silence that a streaming model must hear before its last words come out, in samples. */
function tailSamples(metadata: ReadonlyMap<string, string>): number {
  const frames = Number(metadata.get('T') ?? metadata.get('window_size') ?? USUAL_CHUNK_FRAMES);
  const known = Number.isFinite(frames) ? Math.min(frames, MAX_CHUNK_FRAMES) : USUAL_CHUNK_FRAMES;
  return samplesInMs(10 * known + 100, PIPELINE_RATE);
}

const resultSchema = z.object({
  text: z.string(),
  /** SenseVoice: a tag such as `<|en|>`. */
  lang: z.string().optional(),
  /** The model's pieces of words, and when each was heard, in seconds. Some models know how long, too. */
  tokens: z.array(z.string()).optional(),
  timestamps: z.array(z.number()).optional(),
  durations: z.array(z.number()).optional(),
  /** Natural logarithms, one a token, if the model's decoder reports them. */
  ys_probs: z.array(z.number()).optional(),
  ys_log_probs: z.array(z.number()).optional(),
});

interface StreamOptions {
  readonly tail: number;
  readonly language: string | undefined;
  readonly ends: boolean;
}

class StreamedUtterance implements Hearing {
  readonly #recogniser: OnlineRecognizer;
  readonly #tail: number;
  readonly #language: string | undefined;
  readonly #stream;
  readonly #ends: boolean;
  #text = '';
  #ended = false;

  /** `ends`: the model reports the end of a turn. */
  constructor(recogniser: OnlineRecognizer, { tail, language, ends }: StreamOptions) {
    this.#recogniser = recogniser;
    this.#tail = tail;
    this.#language = language;
    this.#ends = ends;
    this.#stream = recogniser.createStream();
  }

  push(samples: Int16Array) {
    this.#stream.acceptWaveform(waveOf(samples));
    if (!this.#decode()) return undefined;
    const text = readable(resultSchema.parse(this.#recogniser.getResult(this.#stream)).text);
    const ended = this.#ends && text !== '' && this.#recogniser.isEndpoint(this.#stream);
    if (text === this.#text && ended === this.#ended) return undefined;
    this.#text = text;
    this.#ended = ended;
    return { text, ...(ended && { end: 'reached' as const }) };
  }

  async finish(): Promise<Final> {
    this.#stream.acceptWaveform(waveOf(new Int16Array(this.#tail)));
    this.#stream.inputFinished();
    this.#decode();
    return finalOf(this.#recogniser.getResult(this.#stream), this.#language, 0);
  }

  /** True if there was enough sound for a step. */
  #decode(): boolean {
    let decoded = false;
    for (; this.#recogniser.isReady(this.#stream); decoded = true) this.#recogniser.decode(this.#stream);
    return decoded;
  }
}

class WholeUtterance implements Hearing {
  readonly #recogniser: OfflineRecognizer;
  readonly #language: string | undefined;
  readonly #whisper: boolean;
  readonly #heard: Int16Array[] = [];

  /** `whisper`: the model hears 30 s at most, and writes words for silence. */
  constructor(recogniser: OfflineRecognizer, language: string | undefined, whisper: boolean) {
    this.#recogniser = recogniser;
    this.#language = language;
    this.#whisper = whisper;
  }

  push(samples: Int16Array): undefined {
    this.#heard.push(samples);
  }

  async finish(): Promise<Final> {
    const { samples, fromSample } = withoutSilence(joinedSamples(this.#heard));
    if (samples.length < SHORTEST) return { type: 'final', text: '' };
    if (isSilent(samples)) return SILENCE;
    if (!this.#whisper) return this.#decode(samples, fromSample);
    const finals: Final[] = [];
    for (const part of cutAtPauses(samples, LONGEST_OF_WHISPER)) finals.push(await this.#decode(part));
    const text = finals.map((final) => final.text).join(' ');
    const [first] = finals;
    const final: Final = { type: 'final', ...first, text };
    return guarded(final, { language: first?.language ?? '', sound: Sound.of(samples) });
  }

  async #decode(samples: Int16Array, fromSample?: number): Promise<Final> {
    const stream = this.#recogniser.createStream();
    stream.acceptWaveform(waveOf(samples));
    const result = await this.#recogniser.decodeAsync(stream);
    const fromMs = fromSample === undefined ? undefined : msOfSamples(fromSample, PIPELINE_RATE);
    return finalOf(result, this.#language, fromMs);
  }
}

/** Models fail on less than some frames of sound; no word is as short. 100 ms. */
const SHORTEST = samplesInMs(100, PIPELINE_RATE);
/** Below the 30 s of the model, which takes some silence at the end. */
const LONGEST_OF_WHISPER = samplesInMs(29_000, PIPELINE_RATE);

/** `fromMs`: where the decoded audio begins in the utterance; undefined if the times of words are of no use. */
function finalOf(result: unknown, ofModel: string | undefined, fromMs: number | undefined): Final {
  const { text: written, lang, ys_probs, ys_log_probs, ...times } = resultSchema.parse(result);
  const { tokens = [], timestamps = [], durations } = times;
  const text = readable(written);
  const words = fromMs === undefined ? [] : wordTimes(text, { tokens, timestamps, durations }, fromMs);
  const logs = ys_probs?.length ? ys_probs : ys_log_probs;
  const confidence = logs?.length
    ? Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length)
    : undefined;
  const language = ofModel ?? /[a-z]{2,}/u.exec(lang ?? '')?.[0];
  return {
    type: 'final',
    text,
    ...(words.length > 0 && { words }),
    ...(confidence !== undefined && { confidence: Math.min(1, confidence) }),
    ...(language !== undefined && { language }),
  };
}

/** Some models know capitals only. */
function readable(text: string): string {
  const trimmed = text.trim();
  return /\p{Ll}/u.test(trimmed) ? trimmed : trimmed.toLowerCase();
}
