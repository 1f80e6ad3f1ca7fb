import type { Worker } from 'node:worker_threads';
import type { Clock } from '../../machines/clock.ts';
import type { PoolThread } from '../thread-pool.ts';
import { GUARD_BYTES, NativeGuard } from './native-guard.ts';
import { disableTelemetry } from './onnx-runtime.ts';

/**
 * A worker thread that calls the runtime, besides other work, within the guard that it is started with. It is terminated only
 * outside of the runtime, when it is asked to and when the process exits. A call that never returns leaves the thread behind.
 */
export class GuardedThread implements PoolThread {
  readonly #worker: Worker;
  readonly #guard: NativeGuard;
  readonly #clock: Clock;

  /** `start` gives the memory to the thread's `NativeGuard`. */
  constructor(start: (guard: SharedArrayBuffer) => Worker, clock: Clock) {
    disableTelemetry();
    const memory = new SharedArrayBuffer(GUARD_BYTES);
    const guard = new NativeGuard(memory);
    this.#worker = start(memory);
    this.#guard = guard;
    this.#clock = clock;
    const onExit = () => guard.shut();
    process.on('exit', onExit);
    this.#worker.once('exit', () => process.off('exit', onExit));
  }

  on(event: 'message' | 'error', listener: (what: unknown) => void): this;
  on(event: 'exit', listener: (code: number) => void): this;
  on(event: string, listener: ((what: unknown) => void) | ((code: number) => void)): this {
    this.#worker.on(event, listener);
    return this;
  }

  postMessage(message: unknown): void {
    this.#worker.postMessage(message);
  }

  async terminate(): Promise<void> {
    if (await this.#guard.left(this.#clock)) await this.#worker.terminate();
    else this.#worker.unref();
  }

  ref(): void {
    this.#worker.ref();
  }

  unref(): void {
    this.#worker.unref();
  }
}
