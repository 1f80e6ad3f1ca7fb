import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OnnxModel, type OnnxNode, onnxModel, type Port, type Tensor } from './onnx.ts';
import { melBin, TONE_WORDS } from './tones.ts';

/** Recognisers that hear tones as words (tones.ts), in the forms that sherpa-onnx loads; each is smaller than 200 kB. */
export type SttModelKind = 'zipformer2-ctc' | 'lstm-transducer' | 'sense-voice';

const BINS = 80;
const FRAMES = 8;
/** Frames of 10 ms that make one frame of output. */
const SUBSAMPLING = 4;
/** Log energy above which a bin is a tone: a tone has about 6, its neighbours 3, silence -16. */
const THRESHOLD = 3;
/** SenseVoice stacks 7 frames of features, and moves on by 6. */
const LFR = { window: 7, shift: 6 };
const LANGUAGES = ['zh', 'en', 'ja', 'ko', 'yue'];

/** Writes the files of a model to `folder`, and returns it. */
export function writeSttModel(kind: SttModelKind, folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(FILES[kind]())) writeFileSync(join(folder, name), content);
  return folder;
}

const FILES: Readonly<Record<SttModelKind, () => Record<string, Buffer | string>>> = {
  'zipformer2-ctc': () => ({ 'model.onnx': onnxModel(zipformer2Ctc()), 'tokens.txt': tokens(words()) }),
  'lstm-transducer': () => ({
    'encoder.onnx': onnxModel(lstmEncoder()),
    'decoder.onnx': onnxModel(decoder()),
    'joiner.onnx': onnxModel(joiner()),
    'tokens.txt': tokens(words()),
    'bpe.vocab': words()
      .map((word, id) => `${word}\t${-id}\n`)
      .join(''),
  }),
  'sense-voice': () => ({
    'model.onnx': onnxModel(senseVoice()),
    'tokens.txt': tokens([...words(), ...SENSE_VOICE_TAGS]),
  }),
};

/** Blank, then the words; `▁` begins a word, as in sentence pieces. */
function words(): readonly string[] {
  return ['<blk>', ...TONE_WORDS.map(({ word, language }) => (language === 'en' ? `▁${word}` : word))];
}

const EMOTION = '<|NEUTRAL|>';
const EVENT = '<|Speech|>';
const ITN = '<|woitn|>';
const SENSE_VOICE_TAGS = [...LANGUAGES.map((language) => `<|${language}|>`), EMOTION, EVENT, ITN];

function tokens(symbols: readonly string[]): string {
  return symbols.map((symbol, id) => `${symbol} ${id}\n`).join('');
}

/** Weights from `width` features, whose mel bins begin at `offset`, to one logit a word. */
function toneWeights(name: string, width: number, offset: number, highHz: number, outputs: number): Tensor {
  const data = new Float32Array(width * outputs);
  for (const [at, { hz }] of TONE_WORDS.entries()) data[(offset + melBin(hz, highHz)) * outputs + at + 1] = 1;
  return { name, type: 'float', dims: [width, outputs], data };
}

/**
 * The logits of `heard`, the log energy of each word's tone: that of the loudest word is positive if it is above the threshold,
 * and the others are negative, so that a word that is forbidden gives way to blank and not to its neighbour. Blank has 0.
 */
function loudestWord(heard: string, logits: string, outputs: number): Pick<OnnxModel, 'constants' | 'nodes'> {
  const isWord = Array.from({ length: outputs }, (_, id) => (id > 0 && id <= TONE_WORDS.length ? 1 : 0));
  const constant = (name: string, data: readonly number[]): Tensor => ({
    ...{ name, type: 'float', dims: [outputs], data },
  });
  return {
    constants: [
      constant(
        'energyWeight',
        isWord.map((is) => 9 * is),
      ),
      constant(
        'loudestWeight',
        isWord.map((is) => 6 * is),
      ),
      constant(
        'threshold',
        isWord.map((is, id) => (id === 0 ? 0 : is ? 3 * THRESHOLD : 100)),
      ),
    ],
    nodes: [
      { op: 'Relu', inputs: [heard], outputs: ['energy'] },
      {
        op: 'ReduceMax',
        inputs: ['energy'],
        outputs: ['loudestEnergy'],
        attributes: { axes: [-1], keepdims: 1 },
      },
      { op: 'Mul', inputs: ['energy', 'energyWeight'], outputs: ['own'] },
      { op: 'Mul', inputs: ['loudestEnergy', 'loudestWeight'], outputs: ['rival'] },
      { op: 'Sub', inputs: ['own', 'rival'], outputs: ['lead'] },
      { op: 'Sub', inputs: ['lead', 'threshold'], outputs: [logits] },
    ],
  };
}

/** `x` of [N, 8, 80] to the logits of its tones, [N, 2, words]. */
function toneLogits(outputs: number): Pick<OnnxModel, 'constants' | 'nodes'> {
  const loudest = loudestWord('heard', 'logits', outputs);
  return {
    constants: [
      {
        name: 'groups',
        type: 'int64',
        dims: [4],
        data: [-1, FRAMES / SUBSAMPLING, SUBSAMPLING, BINS],
      },
      toneWeights('weights', BINS, 0, 7_600, outputs),
      ...loudest.constants,
    ],
    nodes: [
      { op: 'Reshape', inputs: ['x', 'groups'], outputs: ['grouped'] },
      { op: 'ReduceMax', inputs: ['grouped'], outputs: ['loudest'], attributes: { axes: [2], keepdims: 0 } },
      { op: 'MatMul', inputs: ['loudest', 'weights'], outputs: ['heard'] },
      ...loudest.nodes,
    ],
  };
}

/** A state that the model returns as it got it. */
function kept(port: Port): { readonly input: Port; readonly output: Port; readonly node: OnnxNode } {
  const output = { ...port, name: `new_${port.name}` };
  return { input: port, output, node: { op: 'Identity', inputs: [port.name], outputs: [output.name] } };
}

function zipformer2Ctc(): OnnxModel {
  const { length } = words();
  const { constants, nodes } = toneLogits(length);
  const states = [
    kept({ name: 'cached_key_0', type: 'float', dims: [1, 'N', 1] }),
    kept({ name: 'cached_nonlin_attn_0', type: 'float', dims: [1, 'N', 1, 3] }),
    kept({ name: 'cached_val1_0', type: 'float', dims: [1, 'N', 1] }),
    kept({ name: 'cached_val2_0', type: 'float', dims: [1, 'N', 1] }),
    kept({ name: 'cached_conv1_0', type: 'float', dims: ['N', 4, 1] }),
    kept({ name: 'cached_conv2_0', type: 'float', dims: ['N', 4, 1] }),
    kept({ name: 'embed_states', type: 'float', dims: ['N', 128, 3, 19] }),
    kept({ name: 'processed_lens', type: 'int64', dims: ['N'] }),
  ];
  return {
    inputs: [{ name: 'x', type: 'float', dims: ['N', FRAMES, BINS] }, ...states.map(({ input }) => input)],
    outputs: [
      { name: 'log_probs', type: 'float', dims: ['N', FRAMES / SUBSAMPLING, length] },
      ...states.map(({ output }) => output),
    ],
    constants,
    nodes: [
      ...nodes,
      { op: 'LogSoftmax', inputs: ['logits'], outputs: ['log_probs'], attributes: { axis: -1 } },
      ...states.map(({ node }) => node),
    ],
    metadata: {
      model_type: 'zipformer2_ctc',
      encoder_dims: '4',
      query_head_dims: '1',
      value_head_dims: '1',
      num_heads: '1',
      num_encoder_layers: '1',
      cnn_module_kernels: '3',
      left_context_len: '1',
      T: FRAMES,
      decode_chunk_len: FRAMES,
    },
  };
}

function lstmEncoder(): OnnxModel {
  const { length } = words();
  const { constants, nodes } = toneLogits(length);
  const states = [
    kept({ name: 'h', type: 'float', dims: [1, 'N', 1] }),
    kept({ name: 'c', type: 'float', dims: [1, 'N', 1] }),
  ];
  return {
    inputs: [{ name: 'x', type: 'float', dims: ['N', FRAMES, BINS] }, ...states.map(({ input }) => input)],
    outputs: [
      { name: 'encoder_out', type: 'float', dims: ['N', FRAMES / SUBSAMPLING, length] },
      ...states.map(({ output }) => output),
    ],
    constants,
    nodes: [
      ...nodes,
      { op: 'Identity', inputs: ['logits'], outputs: ['encoder_out'] },
      ...states.map(({ node }) => node),
    ],
    metadata: {
      model_type: 'lstm',
      num_encoder_layers: 1,
      T: FRAMES,
      decode_chunk_len: FRAMES,
      rnn_hidden_size: 1,
      d_model: 1,
    },
  };
}

/** Forbids the word that was said last: a tone of several frames is one word. */
function decoder(): OnnxModel {
  const { length } = words();
  const forbidden = Array.from({ length: length * length }, (_, at) =>
    at % (length + 1) === 0 && at > 0 ? -1_000 : 0,
  );
  return {
    inputs: [{ name: 'y', type: 'int64', dims: ['N', 2] }],
    outputs: [{ name: 'decoder_out', type: 'float', dims: ['N', length] }],
    constants: [
      { name: 'forbidden', type: 'float', dims: [length, length], data: forbidden },
      { name: 'last', type: 'int64', dims: [], data: [1] },
    ],
    nodes: [
      { op: 'Gather', inputs: ['y', 'last'], outputs: ['word'], attributes: { axis: 1 } },
      { op: 'Gather', inputs: ['forbidden', 'word'], outputs: ['decoder_out'], attributes: { axis: 0 } },
    ],
    metadata: { vocab_size: length, context_size: 2 },
  };
}

function joiner(): OnnxModel {
  const { length } = words();
  return {
    inputs: [
      { name: 'encoder_out', type: 'float', dims: ['N', length] },
      { name: 'decoder_out', type: 'float', dims: ['N', length] },
    ],
    outputs: [{ name: 'logit', type: 'float', dims: ['N', length] }],
    constants: [],
    nodes: [{ op: 'Add', inputs: ['encoder_out', 'decoder_out'], outputs: ['logit'] }],
    metadata: { joiner_dim: length },
  };
}

/** Hears whole utterances; its first four tokens are tags, of which the language is that of the loudest word. */
function senseVoice(): OnnxModel {
  const width = LFR.window * BINS;
  const symbols = [...words(), ...SENSE_VOICE_TAGS];
  const { length } = symbols;
  const tag = (name: string) => symbols.indexOf(name);
  const languageOf = new Float32Array(length * length);
  for (const [at, { language }] of TONE_WORDS.entries())
    languageOf[(at + 1) * length + tag(`<|${language}|>`)] = 1;
  const tags = new Float32Array(3 * length);
  for (const [row, name] of [EMOTION, EVENT, ITN].entries()) tags[row * length + tag(name)] = 1;
  const loudest = loudestWord('heard', 'frames', length);
  const list = (value: number) => Array.from({ length: width }, () => value).join(',');
  return {
    inputs: [
      { name: 'x', type: 'float', dims: ['N', 'T', width] },
      { name: 'x_length', type: 'int32', dims: ['N'] },
      { name: 'language', type: 'int32', dims: ['N'] },
      { name: 'text_norm', type: 'int32', dims: ['N'] },
    ],
    outputs: [{ name: 'logits', type: 'float', dims: ['N', 'T4', length] }],
    constants: [
      // The middle one of the stacked frames.
      toneWeights('weights', width, Math.floor(LFR.window / 2) * BINS, 8_000, length),
      ...loudest.constants,
      { name: 'languageOf', type: 'float', dims: [length, length], data: languageOf },
      { name: 'tags', type: 'float', dims: [1, 3, length], data: tags },
    ],
    nodes: [
      { op: 'MatMul', inputs: ['x', 'weights'], outputs: ['heard'] },
      ...loudest.nodes,
      { op: 'ReduceMax', inputs: ['frames'], outputs: ['loudest'], attributes: { axes: [1], keepdims: 1 } },
      { op: 'Relu', inputs: ['loudest'], outputs: ['audible'] },
      { op: 'MatMul', inputs: ['audible', 'languageOf'], outputs: ['spoken'] },
      { op: 'Concat', inputs: ['spoken', 'tags', 'frames'], outputs: ['logits'], attributes: { axis: 1 } },
    ],
    metadata: {
      model_type: 'sense_voice_ctc',
      comment: 'parley-test',
      vocab_size: length,
      normalize_samples: 1,
      lfr_window_size: LFR.window,
      lfr_window_shift: LFR.shift,
      with_itn: 14,
      without_itn: 15,
      lang_auto: 0,
      lang_zh: 3,
      lang_en: 4,
      lang_yue: 7,
      lang_ja: 11,
      lang_ko: 12,
      neg_mean: list(0),
      inv_stddev: list(1),
    },
  };
}
