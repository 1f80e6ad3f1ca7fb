import { useEffect, useReducer } from 'preact/hooks';

/** Observable value for views: its listeners are called at most once per animation frame. */
export class Observable {
  readonly #listeners = new Set<() => void>();
  #due = false;

  /** Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  changed(): void {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}

/** Draws the component again whenever one of these changes. */
export function useObserved(...observed: readonly (Observable | undefined)[]): void {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const stops = observed.map((one) => one?.subscribe(() => redraw(undefined)));
    return () => {
      for (const stop of stops) stop?.();
    };
  }, observed);
}
