import type { Worker, WorkerOptions } from 'node:worker_threads';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import {
  type FromThread,
  fromThreadSchema,
  type Mark,
  type ThreadData,
  type ToThread,
} from './espeak-protocol.ts';

/** A piece of speech to make, and who hears of it. `onEnd` comes exactly once unless the job is cancelled. */
export interface Job {
  readonly speak: Omit<ToThread, 'type' | 'id'>;
  onChunk(marks: readonly Mark[], samples: Int16Array): void;
  onEnd(error?: ParleyError): void;
}

export interface PoolOptions {
  readonly threads: number;
  readonly packageName: string;
  readonly startThread: (options: WorkerOptions) => Worker;
  readonly clock: Clock;
}

/** How long a thread may take to stop a job before it is ended by force. It looks every 100 ms of audio, about 1 ms. */
const STOP_GRACE_MS = 2_000;
/** The wait before a thread is started again: none after the first crash, then doubling. */
const REST_MS = 250;
const LONGEST_REST_MS = 30_000;

interface Queued {
  readonly id: number;
  readonly job: Job;
}

/** One place for a thread, which outlives the threads that fill it. */
interface Seat {
  state: 'empty' | 'starting' | 'idle' | 'busy' | 'resting';
  readonly stop: Int32Array<SharedArrayBuffer>;
  worker: Worker | undefined;
  running: Queued | undefined;
  /** Crashes since the last job that was done. */
  crashes: number;
  timer: TimerHandle | undefined;
}

/**
 * eSpeak's threads, and the jobs that wait for one in order of arrival. A crash ends the job that ran, with
 * ENGINE_CRASHED, and the thread is started again; jobs fail at once while no thread is left or on its way.
 */
export class EspeakPool {
  readonly #options: PoolOptions;
  readonly #seats: Seat[];
  readonly #waiting: Queued[] = [];
  #warming: { resolve: () => void; reject: (error: ParleyError) => void }[] = [];
  #nextId = 1;
  #closed = false;
  #missing = false;
  #lastCrash: ParleyError | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#seats = Array.from({ length: options.threads }, () => ({
      state: 'empty',
      stop: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
      worker: undefined,
      running: undefined,
      crashes: 0,
      timer: undefined,
    }));
  }

  /** Queues `job`. The returned function cancels it: no callback comes after. */
  submit(job: Job): () => void {
    const queued: Queued = { id: this.#nextId, job };
    this.#nextId = (this.#nextId % 0x7fff_ffff) + 1;
    this.#waiting.push(queued);
    if (!this.#seats.some((seat) => seat.state === 'idle')) {
      const empty = this.#seats.find((seat) => seat.state === 'empty');
      if (empty) this.#start(empty);
    }
    this.#advance();
    return () => this.#cancel(queued);
  }

  /** Starts every thread. Resolves when they are ready, rejects with ENGINE_MISSING or ENGINE_CRASHED if none will be. */
  warm(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#warming.push({ resolve, reject });
      for (const seat of this.#seats) if (seat.state === 'empty') this.#start(seat);
      this.#advance();
    });
  }

  /** Ends every job with CANCELLED and every thread. Resolves when they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    const threads: Promise<unknown>[] = [];
    const jobs = this.#waiting.splice(0);
    for (const seat of this.#seats) {
      seat.timer?.cancel();
      if (seat.running) jobs.push(seat.running);
      seat.running = undefined;
      if (seat.worker) threads.push(seat.worker.terminate());
    }
    for (const { job } of jobs) job.onEnd(closedError());
    this.#settleWarming();
    await Promise.all(threads);
  }

  #cancel(queued: Queued): void {
    const index = this.#waiting.indexOf(queued);
    if (index >= 0) this.#waiting.splice(index, 1);
    const seat = this.#seats.find(({ running }) => running === queued);
    if (seat) {
      seat.running = undefined;
      Atomics.store(seat.stop, 0, queued.id);
      seat.timer = this.#options.clock.setTimer(STOP_GRACE_MS, () => {
        seat.worker?.terminate().catch(() => {});
      });
    }
    this.#advance();
  }

  #start(seat: Seat): void {
    seat.timer = undefined;
    if (this.#closed || this.#missing) {
      seat.state = 'empty';
      return;
    }
    seat.state = 'starting';
    const workerData: ThreadData = { packageName: this.#options.packageName, stop: seat.stop };
    let failure: unknown;
    try {
      const worker = this.#options.startThread({ workerData });
      seat.worker = worker;
      worker.on('message', (message: unknown) => {
        const parsed = fromThreadSchema.safeParse(message);
        if (parsed.success) this.#onMessage(seat, parsed.data);
        else {
          failure = parsed.error;
          worker.terminate().catch(() => {});
        }
      });
      worker.on('error', (error) => {
        failure = error;
      });
      worker.on('exit', (code) => {
        seat.worker = undefined;
        this.#onGone(seat, failure ?? new Error(`the thread ended with code ${code}`));
      });
    } catch (cause) {
      queueMicrotask(() => this.#onGone(seat, cause));
    }
  }

  #onMessage(seat: Seat, message: FromThread): void {
    if (this.#closed) return;
    switch (message.type) {
      case 'ready':
        seat.state = 'idle';
        break;
      case 'missing':
        this.#missing = true;
        break;
      case 'chunk':
        if (seat.running?.id === message.id) seat.running.job.onChunk(message.marks, message.samples);
        return;
      case 'refused':
        this.#free(seat)?.onEnd(new ParleyError('ENGINE_REQUEST', message.message));
        break;
      case 'done':
        this.#free(seat)?.onEnd();
        break;
    }
    this.#advance();
  }

  /** The job of `seat`, unless it was cancelled; the seat can take the next one. */
  #free(seat: Seat): Job | undefined {
    const job = seat.running?.job;
    seat.timer?.cancel();
    seat.timer = undefined;
    seat.running = undefined;
    seat.state = 'idle';
    seat.crashes = 0;
    return job;
  }

  #onGone(seat: Seat, cause: unknown): void {
    if (this.#closed) return;
    const job = seat.running?.job;
    seat.running = undefined;
    seat.timer?.cancel();
    seat.timer = undefined;
    if (this.#missing) {
      seat.state = 'empty';
    } else {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#lastCrash = new ParleyError('ENGINE_CRASHED', `eSpeak NG: ${reason}`, { cause });
      seat.crashes++;
      if (seat.crashes === 1) this.#start(seat);
      else {
        seat.state = 'resting';
        const restMs = Math.min(LONGEST_REST_MS, REST_MS * 2 ** (seat.crashes - 2));
        seat.timer = this.#options.clock.setTimer(restMs, () => {
          this.#start(seat);
          this.#advance();
        });
      }
      job?.onEnd(this.#lastCrash);
    }
    this.#advance();
  }

  /** Gives waiting jobs to idle threads, or ends them if there is no hope. */
  #advance(): void {
    if (this.#closed) {
      for (const { job } of this.#waiting.splice(0)) job.onEnd(closedError());
    }
    for (const seat of this.#seats) {
      if (seat.state !== 'idle' || !seat.worker) continue;
      const next = this.#waiting.shift();
      if (!next) break;
      seat.state = 'busy';
      seat.running = next;
      seat.worker.postMessage({ type: 'speak', id: next.id, ...next.job.speak } satisfies ToThread);
    }
    const hopeless = this.#hopeless();
    if (hopeless) for (const { job } of this.#waiting.splice(0)) job.onEnd(hopeless);
    this.#settleWarming();
    this.#holdProcess();
  }

  #hopeless(): ParleyError | undefined {
    if (this.#missing) return new ParleyError('ENGINE_MISSING', `npm install ${this.#options.packageName}`);
    if (this.#seats.some(({ state }) => state !== 'resting')) return undefined;
    return this.#lastCrash;
  }

  #settleWarming(): void {
    if (this.#warming.length === 0) return;
    const error = this.#closed ? closedError() : this.#hopeless();
    if (!error && this.#seats.some(({ state }) => state === 'starting')) return;
    for (const { resolve, reject } of this.#warming.splice(0)) error ? reject(error) : resolve();
  }

  /** A thread keeps the process alive only while somebody waits for it. */
  #holdProcess(): void {
    const awaited = this.#waiting.length > 0 || this.#warming.length > 0;
    for (const { state, worker } of this.#seats) {
      if (state === 'busy' || (state === 'starting' && awaited)) worker?.ref();
      else worker?.unref();
    }
  }
}

function closedError(): ParleyError {
  return new ParleyError('CANCELLED', 'the engine is closed');
}
