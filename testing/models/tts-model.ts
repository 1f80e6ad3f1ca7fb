import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OnnxModel, onnxModel } from './onnx.ts';

/** Sample rate of the test voice, in Hz. */
export const TONE_VOICE_RATE = 16_000;
/** Length of a character at normal speed, in samples. */
export const TONE_VOICE_CHAR = 800;
/** Factor of the pitch of each speaker. */
export const TONE_VOICE_SPEAKERS = [1, 1.5] as const;

const CHARACTERS = ' abcdefghijklmnopqrstuvwxyz.,!?';
const SLOW_SIZE = 1_024;

/**
 * Writes a voice in VITS's form to `folder`, which says each character of English as a tone of 50 ms (a space and a stop as
 * silence), and returns the folder. `work`: products of 1,024 x 1,024 matrices a sentence takes besides, about 50 ms of a
 * processor each, for a voice that is slow.
 */
export function writeTtsModel(folder: string, work = 0): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.onnx'), onnxModel(vits(work)));
  writeFileSync(join(folder, 'tokens.txt'), [...CHARACTERS].map((char, id) => `${char} ${id}\n`).join(''));
  return folder;
}

function vits(work: number): OnnxModel {
  const hz = [...CHARACTERS].map((char, at) => (/[a-z]/u.test(char) ? 300 + 40 * at : 0));
  const one = (name: string, value: number) => ({ name, type: 'float', dims: [], data: [value] }) as const;
  return {
    inputs: [
      { name: 'x', type: 'int64', dims: [1, 'L'] },
      { name: 'x_length', type: 'int64', dims: [1] },
      { name: 'noise_scale', type: 'float', dims: [1] },
      { name: 'length_scale', type: 'float', dims: [1] },
      { name: 'noise_scale_w', type: 'float', dims: [1] },
      { name: 'sid', type: 'int64', dims: [1] },
    ],
    outputs: [{ name: 'y', type: 'float', dims: [1, 1, 'S'] }],
    constants: [
      {
        name: 'radians',
        type: 'float',
        dims: [hz.length],
        data: hz.map((value) => (2 * Math.PI * value) / TONE_VOICE_RATE),
      },
      { name: 'pitches', type: 'float', dims: [TONE_VOICE_SPEAKERS.length], data: TONE_VOICE_SPEAKERS },
      ...[one('charSamples', TONE_VOICE_CHAR), one('zero', 0), one('step', 1), one('loudness', 0.3)],
      { name: 'none', type: 'int64', dims: [0], data: [] },
      { name: 'column', type: 'int64', dims: [3], data: [1, -1, 1] },
      { name: 'whole', type: 'int64', dims: [3], data: [1, 1, -1] },
      { name: 'square', type: 'int64', dims: [2], data: [SLOW_SIZE, SLOW_SIZE] },
    ],
    nodes: [
      { op: 'Mul', inputs: ['length_scale', 'charSamples'], outputs: ['lengths'] },
      { op: 'Reshape', inputs: ['lengths', 'none'], outputs: ['length'] },
      { op: 'Range', inputs: ['zero', 'length', 'step'], outputs: ['time'] },
      { op: 'Gather', inputs: ['radians', 'x'], outputs: ['rows'], attributes: { axis: 0 } },
      { op: 'Gather', inputs: ['pitches', 'sid'], outputs: ['pitch'], attributes: { axis: 0 } },
      { op: 'Mul', inputs: ['rows', 'pitch'], outputs: ['pitched'] },
      { op: 'Reshape', inputs: ['pitched', 'column'], outputs: ['chars'] },
      { op: 'Mul', inputs: ['chars', 'time'], outputs: ['phase'] },
      { op: 'Sin', inputs: ['phase'], outputs: ['waves'] },
      { op: 'Mul', inputs: ['waves', 'loudness'], outputs: ['loud'] },
      { op: 'Reshape', inputs: ['loud', 'whole'], outputs: ['spoken'] },
      // Work whose result is nothing, from an input, so that it is not done ahead.
      { op: 'Expand', inputs: ['noise_scale', 'square'], outputs: ['work0'] },
      ...Array.from({ length: work }, (_, at) => ({
        op: 'MatMul',
        inputs: [`work${at}`, 'work0'],
        outputs: [`work${at + 1}`],
      })),
      { op: 'ReduceMin', inputs: [`work${work}`], outputs: ['worked'], attributes: { keepdims: 0 } },
      { op: 'Min', inputs: ['worked', 'zero'], outputs: ['nothing'] },
      { op: 'Add', inputs: ['spoken', 'nothing'], outputs: ['y'] },
    ],
    metadata: {
      model_type: 'vits',
      comment: 'parley-test',
      language: 'English',
      frontend: 'characters',
      sample_rate: TONE_VOICE_RATE,
      n_speakers: TONE_VOICE_SPEAKERS.length,
      add_blank: 0,
      use_eos_bos: 0,
    },
  };
}
