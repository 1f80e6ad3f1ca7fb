/** What a job may take of a frame: the rest of 16 ms is for drawing. */
const SLICE_MS = 8;

export interface Slicing {
  /** ms, from any moment on. */
  readonly now: () => number;
  /** Calls `then` when the page has drawn and had time for its user. */
  readonly later: (then: () => void) => void;
}

/** In the page: after what is waiting to be handled. A frame would do, but a hidden page has none. */
export const pageSlicing: Slicing = {
  now: () => performance.now(),
  later: (then) => {
    setTimeout(then);
  },
};

/**
 * Runs a generator in slices, so that the page stays alive, and resolves with what it returns. `onProgress` gets what
 * it yielded last, once a slice. Rejects with what it throws, or with the signal's reason.
 */
export function runInSlices<Yielded, Result>(
  job: Generator<Yielded, Result, undefined>,
  options: {
    readonly signal?: AbortSignal;
    readonly onProgress?: (done: Yielded) => void;
    readonly slicing?: Slicing;
  } = {},
): Promise<Result> {
  const { signal, onProgress, slicing = pageSlicing } = options;
  return new Promise((resolve, reject) => {
    const slice = () => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      try {
        const until = slicing.now() + SLICE_MS;
        let step = job.next();
        while (!step.done && slicing.now() < until) step = job.next();
        if (step.done) {
          resolve(step.value);
          return;
        }
        onProgress?.(step.value);
      } catch (error) {
        reject(error);
        return;
      }
      slicing.later(slice);
    };
    slice();
  });
}
