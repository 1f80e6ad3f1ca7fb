import type { Worker } from 'node:worker_threads';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { type FromThread, fromThreadSchema, type ToThread } from './soundswallower-protocol.ts';

/** Who hears of one utterance. `onEnd` comes exactly once unless the utterance is aborted. */
export interface Listener {
  onPartial(text: string): void;
  onEnd(result: { readonly text: string; readonly confidence: number } | ParleyError): void;
}

export interface PoolOptions {
  readonly threads: number;
  readonly decodersPerThread: number;
  readonly maxWaiting: number;
  /** A thread that owes a result and gives no sign of life for this long is ended by force, in ms. */
  readonly stallMs: number;
  readonly clock: Clock;
  readonly startThread: () => Worker;
}

/** The wait before a thread is started again: none after the first crash, then doubling, in ms. */
const REST_MS = 250;
const LONGEST_REST_MS = 30_000;

/** One utterance: its audio goes to its thread as it comes, or waits here for a decoder. */
export class Utterance {
  readonly listener: Listener;
  readonly id: number;
  held: Int16Array[] = [];
  ended = false;
  seat: Seat | undefined;

  constructor(id: number, listener: Listener) {
    this.id = id;
    this.listener = listener;
  }
}

/** One place for a thread, which outlives the threads that fill it. */
interface Seat {
  state: 'empty' | 'starting' | 'ready' | 'resting';
  worker: Worker | undefined;
  /** Utterances that hold a decoder; undefined where nobody waits for the result any more. */
  readonly running: Map<number, Utterance | undefined>;
  readonly stalls: Map<number, TimerHandle>;
  /** Crashes since the last result. */
  crashes: number;
  rest: TimerHandle | undefined;
}

/** Threads with decoders, and the utterances that wait for a decoder in order of arrival. */
export class SoundswallowerPool {
  readonly #options: PoolOptions;
  readonly #seats: Seat[];
  readonly #waiting: Utterance[] = [];
  #warming: { resolve: () => void; reject: (error: ParleyError) => void }[] = [];
  #nextId = 1;
  #closed = false;
  #lastCrash: ParleyError | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#seats = Array.from({ length: options.threads }, () => ({
      state: 'empty',
      worker: undefined,
      running: new Map(),
      stalls: new Map(),
      crashes: 0,
      rest: undefined,
    }));
  }

  /** Throws CANCELLED after close, ENGINE_OVERLOADED if too many wait already. */
  open(listener: Listener): Utterance {
    if (this.#closed) throw closedError();
    const room = this.#seats.some((seat) => this.#hasRoom(seat));
    if (!room && this.#waiting.length >= this.#options.maxWaiting) {
      throw new ParleyError('ENGINE_OVERLOADED', `${this.#waiting.length} utterances wait for a decoder`);
    }
    const utterance = new Utterance(this.#nextId++, listener);
    this.#waiting.push(utterance);
    this.#startSeats(room ? 0 : 1);
    this.#advance();
    return utterance;
  }

  push(utterance: Utterance, samples: Int16Array): void {
    if (utterance.seat) this.#send(utterance.seat, { type: 'audio', id: utterance.id, samples });
    else utterance.held.push(samples);
  }

  end(utterance: Utterance): void {
    if (utterance.ended) return;
    utterance.ended = true;
    if (utterance.seat) this.#sendLast(utterance.seat, { type: 'end', id: utterance.id });
  }

  /** No callback comes after it. */
  abort(utterance: Utterance): void {
    const index = this.#waiting.indexOf(utterance);
    if (index >= 0) this.#waiting.splice(index, 1);
    utterance.held = [];
    const { seat } = utterance;
    if (!seat?.running.has(utterance.id) || seat.running.get(utterance.id) === undefined) return;
    seat.running.set(utterance.id, undefined);
    this.#sendLast(seat, { type: 'abort', id: utterance.id });
  }

  /** Starts every thread. Resolves when one can work; rejects with ENGINE_CRASHED if none will. */
  warm(): Promise<void> {
    if (this.#closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      this.#warming.push({ resolve, reject });
      this.#startSeats(this.#seats.length);
      this.#advance();
    });
  }

  /** Ends every utterance with CANCELLED and every thread. Resolves when they are gone. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    const left = this.#waiting.splice(0);
    const threads: Promise<unknown>[] = [];
    for (const seat of this.#seats) {
      left.push(...this.#clear(seat));
      seat.rest?.cancel();
      if (seat.worker) threads.push(seat.worker.terminate());
    }
    for (const { listener } of left) listener.onEnd(closedError());
    for (const { reject } of this.#warming.splice(0)) reject(closedError());
    await Promise.all(threads);
  }

  #hasRoom(seat: Seat): boolean {
    return seat.state === 'ready' && seat.running.size < this.#options.decodersPerThread;
  }

  #startSeats(count: number): void {
    for (const seat of this.#seats.filter(({ state }) => state === 'empty').slice(0, count))
      this.#start(seat);
  }

  #start(seat: Seat): void {
    seat.rest = undefined;
    if (this.#closed) return;
    seat.state = 'starting';
    let failure: unknown;
    try {
      const worker = this.#options.startThread();
      seat.worker = worker;
      worker.on('message', (message: unknown) => {
        const parsed = fromThreadSchema.safeParse(message);
        if (parsed.success) return this.#onMessage(seat, parsed.data);
        failure = parsed.error;
        worker.terminate().catch(() => {});
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
    for (const id of seat.stalls.keys()) this.#watch(seat, id);
    if (message.type === 'alive') return;
    if (message.type === 'ready') {
      seat.state = 'ready';
      this.#advance();
      return;
    }
    const utterance = seat.running.get(message.id);
    if (message.type === 'partial') {
      utterance?.listener.onPartial(message.text);
      return;
    }
    seat.running.delete(message.id);
    seat.stalls.get(message.id)?.cancel();
    seat.stalls.delete(message.id);
    if (message.type !== 'aborted') {
      seat.crashes = 0;
      utterance?.listener.onEnd(
        message.type === 'final'
          ? message
          : new ParleyError('STT_FAILED', `SoundSwallower: ${message.message}`),
      );
    }
    this.#advance();
  }

  #onGone(seat: Seat, cause: unknown): void {
    if (this.#closed) return;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const crash = new ParleyError('ENGINE_CRASHED', `SoundSwallower: ${reason}`, { cause });
    this.#lastCrash = crash;
    const hurt = this.#clear(seat);
    seat.crashes += 1;
    if (seat.crashes === 1) this.#start(seat);
    else {
      seat.state = 'resting';
      const restMs = Math.min(LONGEST_REST_MS, REST_MS * 2 ** (seat.crashes - 2));
      seat.rest = this.#options.clock.setTimer(restMs, () => this.#start(seat));
    }
    for (const { listener } of hurt) listener.onEnd(crash);
    this.#advance();
  }

  /** The seat forgets its utterances; those whose result is still wanted are returned. */
  #clear(seat: Seat): readonly Utterance[] {
    const wanted = [...seat.running.values()].filter((one) => one !== undefined);
    seat.running.clear();
    for (const timer of seat.stalls.values()) timer.cancel();
    seat.stalls.clear();
    return wanted;
  }

  /** Gives decoders to those who wait, or ends the wait where there is no hope. */
  #advance(): void {
    if (this.#seats.some(({ state }) => state === 'ready')) {
      for (const { resolve } of this.#warming.splice(0)) resolve();
    }
    for (let utterance = this.#waiting[0]; utterance; utterance = this.#waiting[0]) {
      const seat = this.#leastBusy();
      if (!seat) break;
      this.#waiting.shift();
      this.#seat(utterance, seat);
    }
    if (this.#lastCrash && this.#seats.every(({ state }) => state === 'resting' || state === 'empty')) {
      const crash = this.#lastCrash;
      for (const { listener } of this.#waiting.splice(0)) listener.onEnd(crash);
      for (const { reject } of this.#warming.splice(0)) reject(crash);
    }
  }

  #leastBusy(): Seat | undefined {
    return this.#seats
      .filter((seat) => this.#hasRoom(seat))
      .reduce<Seat | undefined>(
        (best, seat) => (best && best.running.size <= seat.running.size ? best : seat),
        undefined,
      );
  }

  #seat(utterance: Utterance, seat: Seat): void {
    utterance.seat = seat;
    seat.running.set(utterance.id, utterance);
    this.#send(seat, { type: 'begin', id: utterance.id });
    for (const samples of utterance.held) this.#send(seat, { type: 'audio', id: utterance.id, samples });
    utterance.held = [];
    if (utterance.ended) this.#sendLast(seat, { type: 'end', id: utterance.id });
  }

  #send(seat: Seat, message: ToThread): void {
    if (seat.running.has(message.id)) seat.worker?.postMessage(message);
  }

  /** After it the thread owes an answer. */
  #sendLast(seat: Seat, message: ToThread): void {
    if (!seat.running.has(message.id)) return;
    this.#send(seat, message);
    this.#watch(seat, message.id);
  }

  /** Gives the thread `stallMs` from now for the next sign of life. */
  #watch(seat: Seat, id: number): void {
    seat.stalls.get(id)?.cancel();
    const timer = this.#options.clock.setTimer(this.#options.stallMs, () => {
      seat.worker?.terminate().catch(() => {});
    });
    seat.stalls.set(id, timer);
  }
}

function closedError(): ParleyError {
  return new ParleyError('CANCELLED', 'the engine is closed');
}
