import { throwIfAborted } from '../../actors/cancellation.ts';
import { ParleyError } from '../../machines/errors.ts';

/** One call of an engine, until `end`. Its signal or the engine's close cancels it. */
export interface Call {
  /** Aborts when the call is cancelled, or ends incomplete, so that no listener outlives the call. */
  readonly signal: AbortSignal;
  /** True once the call is cancelled. */
  cancelled(): boolean;
  /** Settles like `work`, or rejects with CANCELLED as soon as the call is cancelled. */
  race<T>(work: Promise<T>): Promise<T>;
  /** Marks the response as completely read, so that `end` need not abort; an abort is expensive. */
  complete(): void;
  end(): void;
}

/** The running calls of an engine. */
export class Calls {
  readonly #open = new Set<() => void>();
  #closed = false;

  /** Throws CANCELLED if `signal` has aborted already or the engine is closed. */
  begin(signal: AbortSignal): Call {
    if (this.#closed) throw new ParleyError('CANCELLED', 'the engine is closed');
    throwIfAborted(signal);
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

  /** Cancels all running calls and all later ones. */
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
