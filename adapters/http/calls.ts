import { ParleyError } from '../../machines/errors.ts';

/** One call of an engine: it lives until `end`, and is called off by its signal or the engine's close. */
export interface Call {
  /** Aborts when the call is called off, and when it ends without being complete: then nothing that listens to it outlives the call. */
  readonly signal: AbortSignal;
  /** True once nobody wants the result. */
  cancelled(): boolean;
  /** Settles like `work`, or rejects with CANCELLED as soon as the call is called off. */
  race<T>(work: Promise<T>): Promise<T>;
  /** All of the answer was read: nothing is left that an abort would have to stop. It costs more than it looks. */
  complete(): void;
  end(): void;
}

/** The calls that an engine has under way. */
export class Calls {
  readonly #open = new Set<() => void>();
  #closed = false;

  /** Throws CANCELLED if `signal` has aborted already or the engine is closed. */
  begin(signal: AbortSignal): Call {
    if (this.#closed) throw new ParleyError('CANCELLED', 'the engine is closed');
    if (signal.aborted) throw new ParleyError('CANCELLED', undefined, { cause: signal.reason });
    const own = new AbortController();
    let cancelled = false;
    let complete = false;
    const cancel = () => {
      cancelled = true;
      own.abort();
    };
    this.#open.add(cancel);
    signal.addEventListener('abort', cancel, { once: true });
    return {
      signal: own.signal,
      cancelled: () => cancelled,
      race: (work) => raceAbort(work, own.signal),
      complete: () => {
        complete = true;
      },
      end: () => {
        this.#open.delete(cancel);
        signal.removeEventListener('abort', cancel);
        if (!complete) own.abort();
      },
    };
  }

  /** Calls off everything under way, and whatever is asked later. */
  close(): void {
    this.#closed = true;
    for (const cancel of [...this.#open]) cancel();
  }
}

function raceAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = () => reject(new ParleyError('CANCELLED'));
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', cancel));
  });
}
