import type { Clock } from '../../machines/clock.ts';

/** Number of running native calls: loading, running or freeing the model. */
const CALLS = 0;
/** Set when the process is about to exit: native code must not be entered any more. */
const CLOSED = 1;
/** Longer than any run or loading, in ms. */
const LONGEST_CALL_MS = 5_000;

/** Between two looks at whether it has ended, in ms: a run takes 2 to 10. */
const LOOK_MS = 5;

/** Size of a guard's memory. */
export const GUARD_BYTES = 2 * Int32Array.BYTES_PER_ELEMENT;

/** Synchronises the thread that calls the ONNX runtime with the thread that may end the process. Node terminates its threads when the process exits, and terminating one inside the runtime's binding (1.30) aborts the process
 * (`terminate called after throwing an instance of 'Napi::Error'`), as `Worker.terminate()` does.
 */
export class NativeGuard {
  readonly #flags: Int32Array;

  /** `memory`: `GUARD_BYTES`, initially zero, shared by both sides. */
  constructor(memory: SharedArrayBuffer) {
    this.#flags = new Int32Array(memory, 0, 2);
  }

  /** For the thread: calls `enter`. If the process is about to exit, does not call it and never resolves. */
  async within<T>(enter: () => Promise<T>): Promise<T> {
    Atomics.add(this.#flags, CALLS, 1);
    if (Atomics.load(this.#flags, CLOSED) === 1) {
      this.#leave();
      return new Promise(() => {});
    }
    try {
      return await enter();
    } finally {
      this.#leave();
    }
  }

  /** For the main thread: waits until the thread has left native code, and keeps it out. Blocks the calling thread. */
  shut(): void {
    Atomics.store(this.#flags, CLOSED, 1);
    for (let calls = this.#calls(); calls > 0; calls = this.#calls()) {
      if (Atomics.wait(this.#flags, CALLS, calls, LONGEST_CALL_MS) === 'timed-out') return;
    }
  }

  /** For the main thread: keeps the thread out of native code. Resolves with true when it has left it, with false if it does not. */
  async left(clock: Clock): Promise<boolean> {
    Atomics.store(this.#flags, CLOSED, 1);
    for (let waitedMs = 0; this.#calls() > 0; waitedMs += LOOK_MS) {
      if (waitedMs >= LONGEST_CALL_MS) return false;
      await new Promise<void>((resolve) => {
        clock.setTimer(LOOK_MS, resolve);
      });
    }
    return true;
  }

  #leave(): void {
    Atomics.sub(this.#flags, CALLS, 1);
    Atomics.notify(this.#flags, CALLS);
  }

  #calls(): number {
    return Atomics.load(this.#flags, CALLS);
  }
}
