import { useEffect, useRef, useState } from 'preact/hooks';
import { runInSlices } from '../model/slices.ts';

export interface Job<Result> {
  /** What is done of `of` while it runs. */
  readonly done: number;
  readonly running: boolean;
  readonly result: Result | undefined;
  readonly error: string | undefined;
  run(make: () => Generator<number, Result, undefined>): void;
  clear(): void;
}

/** Something long that the page does beside its drawing. A new run ends the previous one; so does leaving. */
export function useJob<Result>(): Job<Result> {
  const [state, setState] = useState<Omit<Job<Result>, 'run' | 'clear'>>(idle);
  const abort = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => abort.current?.abort(), []);
  return {
    ...state,
    clear() {
      abort.current?.abort();
      setState(idle);
    },
    run(make) {
      abort.current?.abort();
      const mine = new AbortController();
      abort.current = mine;
      setState({ ...idle, running: true });
      const progress = (done: number) => setState((before) => ({ ...before, done }));
      const started = Promise.resolve().then(() =>
        runInSlices(make(), { signal: mine.signal, onProgress: progress }),
      );
      started.then(
        (result) => {
          if (abort.current === mine) setState({ ...idle, result });
        },
        (thrown: unknown) => {
          if (mine.signal.aborted) return;
          setState({ ...idle, error: thrown instanceof Error ? thrown.message : String(thrown) });
        },
      );
    },
  };
}

const idle = { done: 0, running: false, result: undefined, error: undefined };
