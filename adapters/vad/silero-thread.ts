import type { Worker, WorkerOptions } from 'node:worker_threads';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { GentleThread } from '../onnx/gentle-thread.ts';
import { GUARD_BYTES, NativeGuard } from '../onnx/native-guard.ts';
import { disableTelemetry } from '../onnx/onnx-runtime.ts';
import { realClock } from '../real-clock.ts';
import { type PoolThread, ThreadPool } from '../thread-pool.ts';
import { startWorkerThread } from '../worker-thread.ts';
import {
  type Exchange,
  exchangeOf,
  type FromThread,
  fromThreadSchema,
  newExchangeMemory,
  type ThreadData,
  type ToThread,
} from './silero-protocol.ts';
import type { LoadModel, Row, SpeechModel } from './speech-model.ts';

export interface SileroThreadOptions {
  /** A thread whose run takes longer than this is ended, in ms. Default 5 000; a run takes at most 10. */
  readonly stallMs?: number;
  /** Time limit for loading the model, in ms. Default 30 000. */
  readonly loadMs?: number;
  /** Default: real time. */
  readonly clock?: Clock;
  /** Receives the crash of every thread that ended by itself. */
  readonly onCrash?: ((error: ParleyError) => void) | undefined;
  /** Starts the thread; for tests. */
  readonly startThread?: (options: WorkerOptions) => Worker;
}

/** The model in its own thread. If that dies or hangs, the current run rejects with ENGINE_CRASHED, and another thread is started: at once after the first two crashes, later after a pause, during which runs reject. The thread keeps the state of the lanes; lanes of a dead thread start again.
 */
export function sileroThread(options: SileroThreadOptions = {}): LoadModel {
  return async (path, maxRows, signal) => {
    const model = new ThreadModel(path, maxRows, options);
    const clock = options.clock ?? realClock;
    const giveUp = (reason: string) => model.giveUp(new ParleyError('VAD_FAILED', reason));
    const onAbort = () => giveUp('the engine is closed');
    const loadMs = options.loadMs ?? 30_000;
    const timer = clock.setTimer(loadMs, () => giveUp(`the model was not loaded within ${loadMs} ms`));
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    try {
      await model.warm();
      return model;
    } catch (error) {
      await model.close();
      throw error;
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
    }
  };
}

/** Time limit for a thread to end, in ms: a run takes 10 ms, loading the model about 100. */
const GRACE_MS = 3_000;

interface Run {
  readonly id: number;
  readonly resolve: (probabilities: Float32Array) => void;
  readonly reject: (error: Error) => void;
  readonly rows: number;
}

class ThreadModel implements SpeechModel {
  readonly #pool: ThreadPool<ToThread, FromThread>;
  readonly #modelPath: string;
  readonly #maxRows: number;
  readonly #clock: Clock;
  readonly #startWorker: (options: WorkerOptions) => Worker;
  #exchange: Exchange | undefined;
  /** Ended lanes that the thread does not know yet. */
  #ended: number[] = [];
  #loaded = false;
  /** The run sent to the thread. */
  #run: Run | undefined;

  constructor(modelPath: string, maxRows: number, options: SileroThreadOptions) {
    const { clock = realClock, stallMs = 5_000, onCrash } = options;
    disableTelemetry();
    this.#modelPath = modelPath;
    this.#maxRows = maxRows;
    this.#clock = clock;
    this.#startWorker =
      options.startThread ?? ((thread) => startWorkerThread(import.meta.url, 'silero-worker', thread));
    this.#pool = new ThreadPool({
      engine: 'Silero',
      threads: 1,
      jobsPerThread: 1,
      stallMs,
      clock,
      startThread: () => this.#start(),
      parse: (message) => fromThreadSchema.parse(message),
      onMessage: (message) => this.#onMessage(message),
      onCrash,
    });
  }

  run(rows: readonly Row[]): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      this.#pool.submit({
        begin: (id) => {
          this.#run = { id, resolve, reject, rows: rows.length };
          this.#ask(id, rows);
        },
        // The state of the lanes was lost with the thread.
        canBeginAnew: () => false,
        fail: (error) => {
          this.#run = undefined;
          reject(error);
        },
      });
    });
  }

  end(lane: number): void {
    this.#ended.push(lane);
  }

  warm(): Promise<void> {
    return this.#pool.warm();
  }

  giveUp(error: ParleyError): void {
    this.#pool.giveUp(error);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Each thread has its own memory, because an abandoned thread may still write to it. */
  #start(): PoolThread {
    const memory = newExchangeMemory(this.#maxRows);
    const guardMemory = new SharedArrayBuffer(GUARD_BYTES);
    const data: ThreadData = {
      modelPath: this.#modelPath,
      maxRows: this.#maxRows,
      memory,
      guard: guardMemory,
    };
    const worker = this.#startWorker({ workerData: data });
    this.#exchange = exchangeOf(memory, this.#maxRows);
    const guard = new NativeGuard(guardMemory);
    const onExit = () => guard.shut();
    process.on('exit', onExit);
    const farewell: ToThread = { type: 'close' };
    return new GentleThread(worker, {
      clock: this.#clock,
      farewell,
      graceMs: GRACE_MS,
      onGone: () => process.off('exit', onExit),
    });
  }

  #ask(id: number, rows: readonly Row[]): void {
    for (const [at, { lane, samples }] of rows.entries()) {
      if (this.#exchange) {
        this.#exchange.lanes[at] = lane;
        this.#exchange.lengths[at] = samples.length;
      }
      this.#exchange?.windows[at]?.set(samples);
    }
    this.#pool.send(id, { type: 'judge', id, rows: rows.length, ended: this.#ended });
    this.#ended = [];
    this.#pool.expectAnswer(id);
  }

  #onMessage(message: FromThread): void {
    if (message.type === 'ready') {
      this.#loaded = true;
      this.#pool.ready(0);
      return;
    }
    if (message.type === 'unusable') {
      // After it was loaded once, a retry may work: the end of the thread counts as a crash.
      if (!this.#loaded) this.#pool.giveUp(new ParleyError('VAD_FAILED', message.message));
      return;
    }
    const run = this.#run;
    // An unrequested answer: keep waiting for the right one.
    if (run?.id !== message.id) return;
    this.#run = undefined;
    this.#pool.finish(run.id);
    if (message.type === 'failed') run.reject(new Error(message.message));
    else run.resolve(this.#exchange?.verdicts.slice(0, run.rows) ?? new Float32Array());
  }
}
