/** How many calls of native code are under way: loading the model, running it, freeing it. */
const CALLS = 0;
/** The process is about to exit: native code is not to be entered any more. */
const CLOSED = 1;
/** No run and no loading takes so long, in ms. */
const LONGEST_CALL_MS = 5_000;

/** The memory that a guard needs. */
export const GUARD_BYTES = 2 * Int32Array.BYTES_PER_ELEMENT;

/**
 * Between the thread that calls the ONNX runtime and the thread that may end the process. Node ends its threads with
 * the process, and a thread that is ended within a call of the runtime's binding (1.30) aborts all of it
 * (`terminate called after throwing an instance of 'Napi::Error'`), as `Worker.terminate()` does.
 */
export class NativeGuard {
  readonly #flags: Int32Array;

  /** `memory`: `GUARD_BYTES`, zeroes at first, the same on both sides. */
  constructor(memory: SharedArrayBuffer) {
    this.#flags = new Int32Array(memory, 0, 2);
  }

  /** For the thread: calls `enter`, unless the process is about to exit. Then it never resolves. */
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

  /** For the other: waits until the thread is out of native code, and keeps it out. Holds the calling thread. */
  shut(): void {
    Atomics.store(this.#flags, CLOSED, 1);
    for (let calls = this.#calls(); calls > 0; calls = this.#calls()) {
      if (Atomics.wait(this.#flags, CALLS, calls, LONGEST_CALL_MS) === 'timed-out') return;
    }
  }

  #leave(): void {
    Atomics.sub(this.#flags, CALLS, 1);
    Atomics.notify(this.#flags, CALLS);
  }

  #calls(): number {
    return Atomics.load(this.#flags, CALLS);
  }
}
