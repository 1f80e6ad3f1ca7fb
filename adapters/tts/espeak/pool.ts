import type { WorkerOptions } from 'node:worker_threads';
import type { Clock } from '../../../machines/clock.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { type PoolJob, type PoolThread, ThreadPool } from '../../thread-pool.ts';
import { type FromThread, fromThreadSchema, type Mark, type ThreadData, type ToThread } from './protocol.ts';

/** A piece of speech to synthesise, with its callbacks. `onEnd` is called exactly once unless the job is cancelled. */
export interface Job {
  readonly speak: Omit<ToThread, 'type' | 'id'>;
  onChunk(marks: readonly Mark[], samples: Int16Array): void;
  onEnd(error?: ParleyError): void;
}

export interface PoolOptions {
  readonly threads: number;
  readonly packageName: string;
  readonly startThread: (options: WorkerOptions) => PoolThread;
  readonly clock: Clock;
  /** Receives the crash of every thread that ended by itself. */
  readonly onCrash?: ((error: ParleyError) => void) | undefined;
}

/** A thread that sends nothing of a job for this long, or does not stop one, is terminated, in ms. It needs about 1 ms for 100 ms of audio. */
const STALL_MS = 5_000;

/** eSpeak's threads, each with one job at a time. A job whose thread dies before its first chunk is retried once. */
export class EspeakPool {
  readonly #pool: ThreadPool<ToThread, FromThread>;
  /** By slot: the id of the job to stop. */
  readonly #stops: readonly Int32Array<SharedArrayBuffer>[];
  readonly #jobs = new Map<number, Job & { chunks: number }>();
  readonly #packageName: string;

  constructor({ threads, packageName, startThread, clock, onCrash }: PoolOptions) {
    this.#packageName = packageName;
    const stops = Array.from(
      { length: threads },
      () => new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
    );
    this.#stops = stops;
    this.#pool = new ThreadPool({
      engine: 'eSpeak NG',
      threads,
      jobsPerThread: 1,
      stallMs: STALL_MS,
      clock,
      startThread: (place) => {
        const stop = stops[place];
        if (!stop) throw new ParleyError('INTERNAL', `no slot ${place}`);
        return startThread({ workerData: { packageName, stop } satisfies ThreadData });
      },
      parse: (message) => fromThreadSchema.parse(message),
      onMessage: (message, place) => this.#onMessage(message, place),
      onCrash,
    });
  }

  /** Queues `job`. The returned function cancels it; no callback follows. */
  submit(job: Job): () => void {
    const running = { ...job, chunks: 0 };
    let begunAs: number | undefined;
    const pooled: PoolJob = {
      begin: (id) => {
        begunAs = id;
        this.#jobs.set(id, running);
        this.#pool.send(id, { type: 'speak', id, ...job.speak });
        this.#pool.expectAnswer(id);
      },
      canBeginAnew: () => running.chunks === 0,
      fail: (error) => {
        if (begunAs !== undefined) this.#jobs.delete(begunAs);
        job.onEnd(error);
      },
    };
    const id = this.#pool.submit(pooled);
    return () => {
      this.#jobs.delete(id);
      const place = this.#pool.placeOf(id);
      const stop = place === undefined ? undefined : this.#stops[place];
      if (this.#pool.cancel(id) && stop) Atomics.store(stop, 0, id);
    };
  }

  /**
   * Starts every thread. Resolves when they are ready, rejects with ENGINE_MISSING or ENGINE_CRASHED if none can start.
   */
  warm(): Promise<void> {
    return this.#pool.warm();
  }

  /** Ends every job with CANCELLED, and every thread. Resolves when they have ended. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  #onMessage(message: FromThread, place: number): void {
    switch (message.type) {
      case 'ready':
        this.#pool.ready(place);
        return;
      case 'missing':
        this.#pool.giveUp(new ParleyError('ENGINE_MISSING', `npm install ${this.#packageName}`));
        return;
      case 'chunk': {
        const job = this.#jobs.get(message.id);
        if (!job) return;
        job.chunks++;
        job.onChunk(message.marks, message.samples);
        return;
      }
      case 'refused':
        this.#end(message.id, new ParleyError('ENGINE_REQUEST', message.message));
        return;
      case 'done':
        this.#end(message.id);
    }
  }

  #end(id: number, error?: ParleyError): void {
    const job = this.#jobs.get(id);
    this.#jobs.delete(id);
    this.#pool.finish(id);
    job?.onEnd(error);
  }
}
