import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import type { PoolThread } from '../thread-pool.ts';

export interface GentleThreadOptions {
  readonly clock: Clock;
  /** The message that asks the thread to end itself. */
  readonly farewell: unknown;
  /** Time limit for ending itself, in ms. */
  readonly graceMs: number;
  /** Called when the thread has ended or was abandoned. */
  readonly onGone: () => void;
}

/** A worker thread that is never terminated, because terminating it inside native code would abort the whole process. It ends itself on request. A thread that does not is abandoned: it counts as ended and does not keep the process alive.
 */
export class GentleThread implements PoolThread {
  readonly #worker: Worker;
  readonly #options: GentleThreadOptions;
  readonly #events = new EventEmitter();
  #grace: TimerHandle | undefined;
  #gone = false;
  #ending: Promise<void> | undefined;

  constructor(worker: Worker, options: GentleThreadOptions) {
    this.#worker = worker;
    this.#options = options;
    for (const event of ['message', 'error'] as const)
      worker.on(event, (what: unknown) => {
        if (!this.#gone) this.#events.emit(event, what);
      });
    worker.on('exit', (code) => this.#onGone(code));
  }

  on(event: 'message' | 'error', listener: (what: unknown) => void): this;
  on(event: 'exit', listener: (code: number) => void): this;
  on(event: string, listener: ((what: unknown) => void) | ((code: number) => void)): this {
    this.#events.on(event, listener);
    return this;
  }

  postMessage(message: unknown): void {
    this.#worker.postMessage(message);
  }

  ref(): void {
    this.#worker.ref();
  }

  unref(): void {
    this.#worker.unref();
  }

  /** Resolves when it has ended or was abandoned. */
  terminate(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    if (this.#gone) return;
    const { clock, graceMs, farewell } = this.#options;
    await new Promise<void>((resolve) => {
      this.#events.once('exit', () => resolve());
      this.#grace = clock.setTimer(graceMs, () => this.#onGone(1));
      this.#worker.ref();
      this.#worker.postMessage(farewell);
    });
  }

  #onGone(code: number): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#grace?.cancel();
    this.#worker.unref();
    this.#options.onGone();
    this.#events.emit('exit', code);
  }
}
