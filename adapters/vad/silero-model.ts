import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { loadOnnxRuntime } from '../onnx/onnx-runtime.ts';
import { type Row, type SpeechModel, WINDOW } from './speech-model.ts';

const onnx = loadOnnxRuntime();

/** Samples of the previous window that the model requires in front. */
const CONTEXT = 64;
const ROW = CONTEXT + WINDOW;
/** Size of the model's state: two layers of 128. */
const LAYERS = 2;
const UNITS = 128;

/** The model's state for one stream. */
interface Memory {
  readonly state: Float32Array;
  /** The newest samples that the state knows, −1..1. */
  readonly row: Float32Array;
}

/** Loads Silero VAD v5 into this thread and runs it once. Each step of a run blocks the event loop. */
export async function loadSilero(path: string, maxRows: number): Promise<SpeechModel> {
  const session = await onnx.InferenceSession.create(path, {
    executionProviders: ['cpu'],
    // The model is too small to benefit from threads.
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  });
  const model = new Silero(session, maxRows);
  // The first run is several times slower than later ones, and a wrong model file fails here.
  await model.run([{ lane: 0, samples: new Int16Array(WINDOW) }]);
  model.end(0);
  return model;
}

class Silero implements SpeechModel {
  readonly #session: InferenceSession;
  readonly #input: Float32Array;
  readonly #state: Float32Array;
  readonly #rate = new onnx.Tensor('int64', BigInt64Array.of(BigInt(PIPELINE_RATE)), []);
  readonly #memories = new Map<number, Memory>();
  #running: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(session: InferenceSession, maxRows: number) {
    this.#session = session;
    this.#input = new Float32Array(maxRows * ROW);
    this.#state = new Float32Array(LAYERS * maxRows * UNITS);
  }

  run(rows: readonly Row[]): Promise<Float32Array> {
    const run = this.#run(rows);
    this.#running = run.catch(() => {});
    return run;
  }

  end(lane: number): void {
    this.#memories.delete(lane);
  }

  close(): Promise<void> {
    this.#closing ??= this.#running.then(() => this.#session.release());
    return this.#closing;
  }

  async #run(rows: readonly Row[]): Promise<Float32Array> {
    const probabilities = new Float32Array(rows.length);
    // Looked up before the first step, because a lane may end meanwhile.
    const memories = rows.map(({ lane }) => this.#memoryOf(lane));
    for (const step of stepsOf(rows)) await this.#step(rows, memories, step, probabilities);
    return probabilities;
  }

  /** Runs the model on the rows with the indices in `step`, at most one of each lane. */
  async #step(
    rows: readonly Row[],
    memories: readonly Memory[],
    step: readonly number[],
    probabilities: Float32Array,
  ): Promise<void> {
    const count = step.length;
    const input = this.#input;
    for (const [at, index] of step.entries()) {
      const row = rows[index];
      const memory = memories[index];
      if (!row || !memory) continue;
      const { length } = row.samples;
      input.set(memory.row.subarray(length), at * ROW);
      const start = (at + 1) * ROW - length;
      for (let i = 0; i < length; i++) input[start + i] = (row.samples[i] ?? 0) / 32_768;
      for (let layer = 0; layer < LAYERS; layer++)
        this.#state.set(unitsOf(memory.state, layer), (layer * count + at) * UNITS);
    }
    const results = await this.#session.run({
      input: new onnx.Tensor('float32', input.subarray(0, count * ROW), [count, ROW]),
      state: new onnx.Tensor('float32', this.#state.subarray(0, LAYERS * count * UNITS), [
        LAYERS,
        count,
        UNITS,
      ]),
      sr: this.#rate,
    });
    const verdicts = floats(results.output, count);
    const next = floats(results.stateN, LAYERS * count * UNITS);
    for (const [at, index] of step.entries()) {
      probabilities[index] = verdicts[at] ?? Number.NaN;
      const memory = rows[index]?.samples.length === WINDOW ? memories[index] : undefined;
      memory?.row.set(input.subarray(at * ROW, (at + 1) * ROW));
      for (let layer = 0; memory && layer < LAYERS; layer++) {
        const from = (layer * count + at) * UNITS;
        unitsOf(memory.state, layer).set(next.subarray(from, from + UNITS));
      }
    }
  }

  #memoryOf(lane: number): Memory {
    let memory = this.#memories.get(lane);
    if (!memory) {
      memory = { state: new Float32Array(LAYERS * UNITS), row: new Float32Array(ROW) };
      this.#memories.set(lane, memory);
    }
    return memory;
  }
}

/** Groups the indices of `rows`: the n-th group contains the n-th row of every lane. */
function stepsOf(rows: readonly Row[]): readonly number[][] {
  const steps: number[][] = [];
  const seen = new Map<number, number>();
  for (const [index, { lane }] of rows.entries()) {
    const nth = seen.get(lane) ?? 0;
    seen.set(lane, nth + 1);
    const step = steps[nth];
    if (step) step.push(index);
    else steps.push([index]);
  }
  return steps;
}

function unitsOf(state: Float32Array, layer: number): Float32Array {
  return state.subarray(layer * UNITS, (layer + 1) * UNITS);
}

function floats(tensor: Tensor | undefined, length: number): Float32Array {
  if (!(tensor?.data instanceof Float32Array) || tensor.data.length !== length)
    throw new Error('the model is not Silero VAD v5: its outputs have other shapes');
  return tensor.data;
}
