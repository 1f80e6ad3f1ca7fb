import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ParleyError } from '../../machines/errors.ts';
import type { ModelKind } from '../models/description.ts';
import { onnxMetadata } from './onnx-metadata.ts';

/** Files of a model for sherpa-onnx. */
export interface SherpaModel {
  readonly kind: ModelKind;
  /** Group of sherpa-onnx's configuration that takes the files, such as `transducer` or `kokoro`. */
  readonly type: string;
  /** Key of the configuration → absolute path, or paths joined with commas. */
  readonly files: Readonly<Record<string, string>>;
}

type Files = Readonly<Record<string, RegExp>>;

interface Form {
  readonly kind: SherpaModel['kind'];
  readonly type: string;
  /** Each must have a file. */
  readonly files: Files;
  /** Taken if they are there. */
  readonly also?: Files;
  /** Decides by the metadata of the first of `files`. */
  readonly if?: (metadata: ReadonlyMap<string, string>) => boolean;
}

const tokens = /(^|-)tokens\.txt$/u;
const encoder = /^(.*-)?encoder.*\.onnx$/u;
const decoder = /^(.*-)?decoder.*\.onnx$/u;
const joiner = /^joiner.*\.onnx$/u;
const model = /^model.*\.onnx$/u;
const hotWords: Files = { bpeVocab: /^bpe\.vocab$/u };
const rules: Files = { ruleFsts: /\.fst$/u, ruleFars: /\.far$/u };
const phonemes: Files = { dataDir: /^espeak-ng-data$/u, lexicon: /^lexicon.*\.txt$/u, ...rules };

const typeIs = (pattern: RegExp) => (metadata: ReadonlyMap<string, string>) =>
  pattern.test(metadata.get('model_type') ?? '');
/** Models that hear while the audio arrives say how much of it they take at a time. */
const streams = (metadata: ReadonlyMap<string, string>) =>
  ['decode_chunk_len', 'window_size', 'chunk_size'].some((name) => metadata.has(name));

/** The forms in which sherpa-onnx's models are published; the first that fits counts. */
const FORMS: readonly Form[] = [
  {
    kind: 'streaming-stt',
    type: 'transducer',
    files: { encoder, decoder, joiner, tokens },
    also: hotWords,
    if: streams,
  },
  { kind: 'stt', type: 'transducer', files: { encoder, decoder, joiner, tokens }, also: hotWords },
  { kind: 'stt', type: 'whisper', files: { encoder, decoder, tokens }, if: typeIs(/^whisper/u) },
  {
    kind: 'stt',
    type: 'moonshine',
    files: {
      preprocessor: /^preprocess\.onnx$/u,
      encoder: /^encode\..*onnx$/u,
      uncachedDecoder: /^uncached_decode\..*onnx$/u,
      cachedDecoder: /^cached_decode\..*onnx$/u,
      tokens,
    },
  },
  {
    kind: 'streaming-stt',
    type: 'paraformer',
    files: { encoder, decoder, tokens },
    if: typeIs(/paraformer/u),
  },
  { kind: 'stt', type: 'fireRedAsr', files: { encoder, decoder, tokens } },
  {
    kind: 'streaming-stt',
    type: 'zipformer2Ctc',
    files: { model, tokens },
    if: both(typeIs(/zipformer2/u), streams),
  },
  { kind: 'streaming-stt', type: 'nemoCtc', files: { model, tokens }, if: both(typeIs(/^EncDec/u), streams) },
  { kind: 'stt', type: 'senseVoice', files: { model, tokens }, if: typeIs(/sense_voice/u) },
  { kind: 'stt', type: 'nemoCtc', files: { model, tokens }, if: typeIs(/^EncDec/u) },
  { kind: 'stt', type: 'zipformerCtc', files: { model, tokens }, if: typeIs(/zipformer2/u) },
  { kind: 'stt', type: 'paraformer', files: { model, tokens }, if: typeIs(/paraformer/u) },
  { kind: 'denoiser', type: 'gtcrn', files: { model: /\.onnx$/u }, if: typeIs(/^gtcrn$/u) },
  { kind: 'denoiser', type: 'dpdfnet', files: { model: /\.onnx$/u }, if: typeIs(/^dpdfnet$/u) },
  { kind: 'tts', type: 'kokoro', files: { model, voices: /^voices\.bin$/u, tokens }, also: phonemes },
  {
    kind: 'tts',
    type: 'matcha',
    files: { acousticModel: /^model-steps.*\.onnx$/u, vocoder: /(vocos|hifigan).*\.onnx$/u, tokens },
    also: phonemes,
  },
  {
    kind: 'tts',
    type: 'supertonic',
    files: {
      durationPredictor: /^duration_predictor.*\.onnx$/u,
      textEncoder: /^text_encoder.*\.onnx$/u,
      vectorEstimator: /^vector_estimator.*\.onnx$/u,
      vocoder: /^vocoder.*\.onnx$/u,
      ttsJson: /^tts\.json$/u,
      unicodeIndexer: /^unicode_indexer\..*/u,
      voiceStyle: /^voice.*\.bin$/u,
    },
  },
  {
    kind: 'tts',
    type: 'vits',
    files: { model: /\.onnx$/u, tokens },
    also: phonemes,
    if: (metadata) => metadata.has('sample_rate'),
  },
];

function both(...tests: readonly NonNullable<Form['if']>[]): NonNullable<Form['if']> {
  return (metadata) => tests.every((test) => test(metadata));
}

/** Keys that take a list of files. */
const LISTS = ['lexicon', 'ruleFsts', 'ruleFars'];

/**
 * Recognises a model by the names of its files and the metadata in them. Of several files for one purpose the one with weights in
 * whole numbers (`int8`) is taken, or with `precise` the one without. Rejects with CONFIG_INVALID.
 */
export async function detectModel(folder: string, precise = false): Promise<SherpaModel> {
  let names: readonly string[];
  try {
    names = (await readdir(folder)).toSorted();
  } catch (cause) {
    throw new ParleyError('CONFIG_INVALID', `there is no model in ${folder}`, { cause });
  }
  for (const form of FORMS) {
    const files = filesOf(form, names, precise);
    const [first] = Object.keys(form.files);
    const main = first && files?.[first];
    if (!files || main === undefined) continue;
    if (form.if && !form.if(await metadataOf(join(folder, main)))) continue;
    const inFolder = (list: string) =>
      list
        .split(',')
        .map((name) => join(folder, name))
        .join(',');
    return {
      kind: form.kind,
      type: form.type,
      files: Object.fromEntries(Object.entries(files).map(([key, list]) => [key, inFolder(list)])),
    };
  }
  throw new ParleyError('CONFIG_INVALID', `${folder} has no model of a known form`);
}

async function metadataOf(path: string): Promise<ReadonlyMap<string, string>> {
  try {
    return await onnxMetadata(path);
  } catch (cause) {
    throw new ParleyError('CONFIG_INVALID', cause instanceof Error ? cause.message : path, { cause });
  }
}

/** The names of a form's files; undefined if one is missing. */
function filesOf(form: Form, names: readonly string[], precise: boolean): Record<string, string> | undefined {
  const found: Record<string, string> = {};
  for (const [key, pattern] of Object.entries({ ...form.files, ...form.also })) {
    const fitting = names.filter((name) => pattern.test(name));
    const [any] = fitting;
    if (any === undefined && key in form.files) return undefined;
    if (any === undefined) continue;
    found[key] = LISTS.includes(key)
      ? fitting.join(',')
      : (fitting.find((name) => name.includes('int8') !== precise) ?? any);
  }
  return found;
}
