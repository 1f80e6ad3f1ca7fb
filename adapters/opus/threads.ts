import type { Worker } from 'node:worker_threads';
import type { OpusCodec, OpusDecoderOptions, OpusEncoderOptions } from '../../actors/ports/opus.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { realClock } from '../real-clock.ts';
import { type PoolJob, ThreadPool } from '../thread-pool.ts';
import { startWorkerThread } from '../worker-thread.ts';
import { type FromThread, fromThreadSchema, type ToThread } from './protocol.ts';

export interface OpusThreadsOptions {
  /** Default 1. */
  readonly threads?: number;
  /** A thread that owes an answer for longer than this is ended, ms. Default 5,000; a frame takes about 1. */
  readonly stallMs?: number;
  /** Default: real time. */
  readonly clock?: Clock;
  /** Receives the crash of every thread that ended by itself. */
  readonly onCrash?: ((error: ParleyError) => void) | undefined;
  /** Starts a thread; for tests. */
  readonly startThread?: () => Worker;
}

/** Streams of one thread; more wait. A session has two. */
const STREAMS_PER_THREAD = 1_024;

type WithoutId<M> = M extends unknown ? Omit<M, 'id'> : never;
type Open = WithoutId<Extract<ToThread, { type: 'decoder' | 'encoder' }>>;

/**
 * The codec in threads, which start with the first stream. If a thread dies, its streams continue in another one, with the packets and frames that it
 * had not answered, so nothing is lost; only the codec's state begins anew.
 */
export function opusThreads(options: OpusThreadsOptions = {}): OpusCodec {
  const { threads = 1, stallMs = 5_000, clock = realClock, onCrash } = options;
  const startThread = options.startThread ?? (() => startWorkerThread(import.meta.url, 'worker'));
  const streams = new Map<number, ThreadStream>();
  const pool = new ThreadPool<ToThread, FromThread>({
    ...{ engine: 'Opus', threads, jobsPerThread: STREAMS_PER_THREAD, stallMs, clock, onCrash },
    startThread,
    parse: (message) => fromThreadSchema.parse(message),
    onMessage(message, place) {
      if (message.type === 'ready') pool.ready(place);
      else if (message.type === 'unusable') pool.giveUp(new ParleyError('ENGINE_MISSING', message.message));
      else if (message.type === 'done') streams.get(message.id)?.answered(message.data, message.damaged);
      else streams.get(message.id)?.failed(message.message);
    },
  });
  const shared = { pool, streams };
  return {
    decoder({ rate, onAudio, onError }: OpusDecoderOptions) {
      const onData = (data: Uint8Array<ArrayBuffer>, damaged: boolean) =>
        onAudio(new Int16Array(data.buffer), damaged);
      return new ThreadStream(shared, { type: 'decoder', rate }, onData, onError);
    },
    encoder({ rate, frameSamples, bitrate, onPacket, onError }: OpusEncoderOptions) {
      return new ThreadStream(shared, { type: 'encoder', rate, frameSamples, bitrate }, onPacket, onError);
    },
    close: () => pool.close(),
  };
}

interface Shared {
  readonly pool: ThreadPool<ToThread, FromThread>;
  readonly streams: Map<number, ThreadStream>;
}

/** One stream: a job that keeps its place in a thread until it is closed. */
class ThreadStream implements PoolJob {
  readonly #shared: Shared;
  readonly #open: Open;
  readonly #onData: (data: Uint8Array<ArrayBuffer>, damaged: boolean) => void;
  readonly #onError: (error: ParleyError) => void;
  /** What the thread has not answered, oldest first. */
  readonly #owed: { readonly data: Uint8Array<ArrayBuffer>; readonly samples: number }[] = [];
  #id: number;
  #begun = false;
  /** Answered since it began in its thread: then the thread's death is not the fault of its first piece. */
  #progressed = false;
  #closed = false;

  constructor(
    shared: Shared,
    open: Open,
    onData: (data: Uint8Array<ArrayBuffer>, damaged: boolean) => void,
    onError: (error: ParleyError) => void,
  ) {
    this.#shared = shared;
    this.#open = open;
    this.#onData = onData;
    this.#onError = onError;
    this.#id = this.#submit();
  }

  push(data: Uint8Array | Int16Array, samples = data.length): void {
    if (this.#closed) return;
    // A copy of exactly these bytes: what is sent to a thread takes its whole buffer along.
    const piece = {
      data: new Uint8Array(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
      samples,
    };
    this.#owed.push(piece);
    if (this.#begun) this.#send(piece);
  }

  close(): void {
    if (this.#closed) return;
    const { pool } = this.#shared;
    this.#leave();
    if (this.#begun) {
      pool.send(this.#id, { type: 'close', id: this.#id });
      pool.finish(this.#id);
    } else pool.cancel(this.#id);
  }

  begin(id: number): void {
    const { pool, streams } = this.#shared;
    this.#id = id;
    this.#begun = true;
    streams.set(id, this);
    pool.send(id, { id, ...this.#open });
    for (const piece of this.#owed) this.#send(piece);
  }

  canBeginAnew(): boolean {
    this.#begun = false;
    return true;
  }

  fail(error: ParleyError): void {
    this.#begun = false;
    if (this.#closed) return;
    this.#shared.streams.delete(this.#id);
    if (error.code === 'ENGINE_CRASHED' && this.#progressed) {
      this.#progressed = false;
      this.#id = this.#submit();
      return;
    }
    this.#leave();
    // The codec was closed by its owner.
    if (error.code !== 'CANCELLED') this.#onError(error);
  }

  answered(data: Uint8Array<ArrayBuffer>, damaged: boolean): void {
    this.#owed.shift();
    this.#progressed = true;
    if (this.#owed.length === 0) this.#shared.pool.expectNothing(this.#id);
    this.#onData(data, damaged);
  }

  /** The codec failed in the thread, which lives. */
  failed(message: string): void {
    const { pool } = this.#shared;
    this.#leave();
    pool.finish(this.#id);
    this.#onError(new ParleyError('INTERNAL', message));
  }

  #leave(): void {
    this.#closed = true;
    this.#shared.streams.delete(this.#id);
    this.#owed.length = 0;
  }

  #submit(): number {
    return this.#shared.pool.submit(this);
  }

  #send({ data, samples }: { readonly data: Uint8Array<ArrayBuffer>; readonly samples: number }): void {
    const { pool } = this.#shared;
    pool.send(this.#id, { type: 'run', id: this.#id, data, samples });
    pool.expectAnswer(this.#id);
  }
}
