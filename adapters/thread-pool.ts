import type { Clock, TimerHandle } from '../machines/clock.ts';
import { ParleyError } from '../machines/errors.ts';

/** The interface of a worker thread used by the pool. */
export interface PoolThread {
  on(event: 'message' | 'error', listener: (what: unknown) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  postMessage(message: unknown): void;
  /** Terminates it, if that is allowed; `exit` follows. */
  terminate(): Promise<unknown>;
  ref(): void;
  unref(): void;
}

export interface ThreadPoolOptions<Incoming> {
  /** Owner of the threads, for messages. */
  readonly engine: string;
  readonly threads: number;
  readonly jobsPerThread: number;
  /** A thread with a pending answer that sends nothing for this long is terminated, in ms. */
  readonly stallMs: number;
  readonly clock: Clock;
  /** Starts the thread for slot `place`, from 0. */
  readonly startThread: (place: number) => PoolThread;
  /** Throws on a malformed message, which ends the thread. */
  readonly parse: (message: unknown) => Incoming;
  readonly onMessage: (message: Incoming, place: number) => void;
  /** Receives the crash of every thread that ended by itself. */
  readonly onCrash?: ((error: ParleyError) => void) | undefined;
}

export interface PoolJob {
  /** The job got a thread, which `send` reaches. Called again if that thread dies and the job may restart. */
  begin(id: number): void;
  /** True if the job can restart, because no part of its result was passed on. */
  canBeginAnew(): boolean;
  /**
   * The job failed: ENGINE_CRASHED, ENGINE_MISSING or CANCELLED. Called at most once, and not after `finish` or
   * `cancel`.
   */
  fail(error: ParleyError): void;
}

/** Wait before a thread is restarted: none after the first two crashes, so that a job can be retried, then doubling. */
const REST_MS = 250;
const LONGEST_REST_MS = 30_000;

interface Entry {
  readonly id: number;
  readonly job: PoolJob;
  beganAnew: boolean;
}

/** A slot for one thread at a time, which outlives its threads. */
interface Slot {
  readonly place: number;
  state: 'empty' | 'starting' | 'ready' | 'resting';
  worker: PoolThread | undefined;
  /** Jobs that occupy the thread; undefined if cancelled. */
  readonly running: Map<number, Entry | undefined>;
  /** Jobs for which the thread must answer or send a sign of life. */
  readonly owed: Map<number, TimerHandle>;
  /** Crashes since the last completed job. */
  crashes: number;
  rest: TimerHandle | undefined;
}

/** Runs jobs on worker threads, in order of arrival. Threads are started when needed. A dead thread is restarted; its jobs restart on another thread, once, if no part of their result was passed on, and otherwise fail with ENGINE_CRASHED. Jobs fail at once while no thread is running or starting.
 */
export class ThreadPool<Outgoing, Incoming> {
  readonly #options: ThreadPoolOptions<Incoming>;
  readonly #slots: Slot[];
  readonly #waiting: Entry[] = [];
  #warming: { resolve: () => void; reject: (error: ParleyError) => void }[] = [];
  #nextId = 1;
  #closed = false;
  #unusable: ParleyError | undefined;
  #lastCrash: ParleyError | undefined;

  constructor(options: ThreadPoolOptions<Incoming>) {
    this.#options = options;
    this.#slots = Array.from({ length: options.threads }, (_, place) => ({
      place,
      state: 'empty',
      worker: undefined,
      running: new Map(),
      owed: new Map(),
      crashes: 0,
      rest: undefined,
    }));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Jobs waiting for a thread. */
  get waiting(): number {
    return this.#waiting.length;
  }

  get hasRoom(): boolean {
    return this.#slots.some((slot) => this.#roomOf(slot));
  }

  /** Queues a job; returns its id, which fits in 31 bits. */
  submit(job: PoolJob): number {
    const id = this.#nextId;
    this.#nextId = (this.#nextId % 0x7fff_ffff) + 1;
    this.#waiting.push({ id, job, beganAnew: false });
    this.#advance();
    return id;
  }

  /** Sends to the job's thread; does nothing while it has none. */
  send(id: number, message: Outgoing): void {
    this.#slotOf(id)?.worker?.postMessage(message);
  }

  /** The slot of the job's thread, if it has one. */
  placeOf(id: number): number | undefined {
    return this.#slotOf(id)?.place;
  }

  /** From now on the job's thread must send something every `stallMs`, until the job is finished or `expectNothing`. */
  expectAnswer(id: number): void {
    const slot = this.#slotOf(id);
    if (slot) this.#watch(slot, id);
  }

  /** The job's thread has answered everything: it may be silent until the next `expectAnswer`. */
  expectNothing(id: number): void {
    const owed = this.#slotOf(id)?.owed;
    owed?.get(id)?.cancel();
    owed?.delete(id);
  }

  /** Cancels the job. Returns true if it has a thread: ask that to stop it; its room is freed when the job is finished.
   */
  cancel(id: number): boolean {
    const index = this.#waiting.findIndex((entry) => entry.id === id);
    if (index >= 0) {
      this.#waiting.splice(index, 1);
      this.#holdProcess();
    }
    const slot = this.#slotOf(id);
    if (!slot || slot.running.get(id) === undefined) return false;
    slot.running.set(id, undefined);
    this.#watch(slot, id);
    return true;
  }

  /**
   * The thread has ended the job, so there is room for another. `well`: the job succeeded, which resets the crash
   * count.
   */
  finish(id: number, well = true): void {
    const slot = this.#slotOf(id);
    if (!slot) return;
    slot.running.delete(id);
    slot.owed.get(id)?.cancel();
    slot.owed.delete(id);
    if (well) slot.crashes = 0;
    this.#advance();
  }

  /** The thread of `place` is ready. */
  ready(place: number): void {
    const slot = this.#slots[place];
    if (slot) slot.state = 'ready';
    this.#advance();
  }

  /** No thread can ever start: fails all jobs. */
  giveUp(error: ParleyError): void {
    this.#unusable = error;
    this.#advance();
  }

  /** Starts every thread. Resolves when they are ready, rejects if none can start. */
  warm(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#warming.push({ resolve, reject });
      for (const slot of this.#slots) if (slot.state === 'empty') this.#start(slot);
      this.#advance();
    });
  }

  /** Ends every job with CANCELLED, and every thread. Resolves when they have ended. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    const threads: Promise<unknown>[] = [];
    const left = this.#waiting.splice(0);
    for (const slot of this.#slots) {
      left.push(...this.#clear(slot));
      slot.rest?.cancel();
      if (slot.worker) threads.push(slot.worker.terminate());
    }
    for (const { job } of left) job.fail(closedError());
    this.#settleWarming();
    await Promise.all(threads);
  }

  #slotOf(id: number): Slot | undefined {
    return this.#slots.find(({ running }) => running.has(id));
  }

  #roomOf(slot: Slot): boolean {
    return slot.state === 'ready' && slot.running.size < this.#options.jobsPerThread;
  }

  #start(slot: Slot): void {
    slot.rest = undefined;
    if (this.#closed || this.#unusable) {
      slot.state = 'empty';
      return;
    }
    slot.state = 'starting';
    let failure: unknown;
    try {
      const worker = this.#options.startThread(slot.place);
      slot.worker = worker;
      worker.on('message', (message: unknown) => {
        let parsed: Incoming;
        try {
          parsed = this.#options.parse(message);
        } catch (cause) {
          failure = cause;
          worker.terminate().catch(() => {});
          return;
        }
        this.#receive(slot, parsed);
      });
      worker.on('error', (error) => {
        failure = error;
      });
      worker.on('exit', (code) => {
        slot.worker = undefined;
        this.#onGone(slot, failure ?? new Error(`the thread ended with code ${code}`));
      });
    } catch (cause) {
      queueMicrotask(() => this.#onGone(slot, cause));
    }
  }

  #receive(slot: Slot, message: Incoming): void {
    if (this.#closed) return;
    for (const id of slot.owed.keys()) this.#watch(slot, id);
    this.#options.onMessage(message, slot.place);
  }

  #onGone(slot: Slot, cause: unknown): void {
    if (this.#closed) return;
    const hurt = this.#clear(slot);
    if (this.#unusable) {
      slot.state = 'empty';
    } else {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const crash = new ParleyError('ENGINE_CRASHED', `${this.#options.engine}: ${reason}`, { cause });
      this.#lastCrash = crash;
      this.#options.onCrash?.(crash);
      this.#restart(slot);
      this.#beginAnew(hurt, crash);
    }
    this.#advance();
  }

  #restart(slot: Slot): void {
    slot.crashes++;
    if (slot.crashes <= 2) {
      this.#start(slot);
      return;
    }
    slot.state = 'resting';
    const restMs = Math.min(LONGEST_REST_MS, REST_MS * 2 ** (slot.crashes - 3));
    slot.rest = this.#options.clock.setTimer(restMs, () => {
      this.#start(slot);
      this.#advance();
    });
  }

  /** Puts jobs that can restart at the front of the queue; the others fail. */
  #beginAnew(hurt: readonly Entry[], crash: ParleyError): void {
    const again = hurt.filter(({ job, beganAnew }) => !beganAnew && job.canBeginAnew());
    this.#waiting.unshift(...again);
    for (const entry of again) entry.beganAnew = true;
    for (const entry of hurt) if (!again.includes(entry)) entry.job.fail(crash);
  }

  /** Removes the slot's jobs and returns those that were not cancelled. */
  #clear(slot: Slot): readonly Entry[] {
    const wanted = [...slot.running.values()].filter((entry) => entry !== undefined);
    slot.running.clear();
    for (const timer of slot.owed.values()) timer.cancel();
    slot.owed.clear();
    return wanted;
  }

  /** Assigns waiting jobs to threads with room, or fails them if no thread is running or starting. */
  #advance(): void {
    if (!this.#closed) this.#assign();
    const hopeless = this.#hopeless();
    if (hopeless) for (const { job } of this.#waiting.splice(0)) job.fail(hopeless);
    this.#settleWarming();
    this.#holdProcess();
  }

  #assign(): void {
    while (this.#waiting.length > 0) {
      const slot = this.#leastBusy();
      if (!slot) break;
      const entry = this.#waiting.shift();
      if (!entry) break;
      slot.running.set(entry.id, entry);
      entry.job.begin(entry.id);
    }
    const onTheirWay = this.#slots.filter(({ state }) => state === 'starting').length;
    if (this.#waiting.length <= onTheirWay * this.#options.jobsPerThread) return;
    const empty = this.#slots.find(({ state }) => state === 'empty');
    if (empty) this.#start(empty);
  }

  #leastBusy(): Slot | undefined {
    return this.#slots
      .filter((slot) => this.#roomOf(slot))
      .reduce<Slot | undefined>(
        (best, slot) => (best && best.running.size <= slot.running.size ? best : slot),
        undefined,
      );
  }

  #hopeless(): ParleyError | undefined {
    if (this.#closed) return closedError();
    if (this.#unusable) return this.#unusable;
    return this.#slots.every(({ state }) => state === 'resting') ? this.#lastCrash : undefined;
  }

  #settleWarming(): void {
    if (this.#warming.length === 0) return;
    const error = this.#hopeless();
    if (!error && this.#slots.some(({ state }) => state === 'starting')) return;
    for (const { resolve, reject } of this.#warming.splice(0)) error ? reject(error) : resolve();
  }

  #watch(slot: Slot, id: number): void {
    slot.owed.get(id)?.cancel();
    const timer = this.#options.clock.setTimer(this.#options.stallMs, () => {
      slot.worker?.terminate().catch(() => {});
    });
    slot.owed.set(id, timer);
  }

  /** A thread keeps the process alive only while a job or start waits for it. */
  #holdProcess(): void {
    const awaited = this.#waiting.length > 0 || this.#warming.length > 0;
    for (const { state, worker, running } of this.#slots) {
      if (running.size > 0 || (state === 'starting' && awaited)) worker?.ref();
      else worker?.unref();
    }
  }
}

function closedError(): ParleyError {
  return new ParleyError('CANCELLED', 'the engine is closed');
}
